"""Laws of the tables of what customers say.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import NOTHING, Context, Law, breaches, registry_law
from pipelines.analytics.voice.languages import SPOKEN

RATED = ("stars", "single_item", "rating")
RATINGS = {"feedback.fct_feedback": ("feedback_id", "stars")}


def ratings_win(context: Context) -> list[tuple[int, str]]:
    """A text with stars has the mood of its stars, whatever a model says."""
    stars = context.others["feedback.fct_feedback"].drop_nulls("stars")
    rated = context.frame.join(stars, on="feedback_id")
    mood = (
        pl.when(pl.col("stars") >= 4)
        .then(pl.lit("positive"))
        .when(pl.col("stars") <= 2)
        .then(pl.lit("negative"))
        .otherwise(pl.lit("neutral"))
    )
    return breaches(rated.filter(pl.col("polarity") != mood), "texts whose mood is not that of their stars")


def judged_later(context: Context) -> list[tuple[int, str]]:
    """No text that judges the model is as early as one it learned from, and a model never judges by its own word."""
    day, sample = pl.col("feedback_date"), pl.col("sample")
    last = context.frame.filter(sample == "learned").select(day.max().alias("_last"))
    early = context.frame.filter(sample == "judged").join(last, how="cross").filter(day <= pl.col("_last"))
    own = context.frame.filter((sample != "none") & ~pl.col("polarity_basis").is_in(RATED))
    return breaches(early, "judging texts not later than what was learned") + breaches(
        own, "texts learned or judged from without a rating"
    )


def gate_holds(context: Context) -> list[tuple[int, str]]:
    """Rules and models read only the languages they are made for."""
    read = pl.col("topic_basis").is_in(("rules", "classifier")) | pl.col("model_polarity").is_not_null()
    return breaches(context.frame.filter(read & ~pl.col("language").is_in(SPOKEN)), "texts read in a foreign language")


def one_label(context: Context) -> list[tuple[int, str]]:
    """A text has one language, one mood and one sample, however many topics; other stands alone."""
    once = ("language", "polarity", "polarity_basis", "is_question", "sample")
    mixed = context.frame.group_by("feedback_id").agg(pl.struct(once).n_unique().alias("_n")).filter(pl.col("_n") > 1)
    topics = context.frame.group_by("feedback_id").agg((pl.col("topic") == "other").any(), pl.len())
    return breaches(mixed, "texts labelled in two ways") + breaches(
        topics.filter(pl.col("topic") & (pl.col("len") > 1)), "texts about a topic and about none"
    )


def no_model_no_number(context: Context) -> list[tuple[int, str]]:
    """Without a model there is no measure and no fingerprint; with one there is."""
    has, shown = pl.col("status") == "learned", pl.col("model_digest").is_not_null()
    wrong = context.frame.filter((has != shown) | (~has & pl.col("value").is_not_null()))
    return breaches(wrong, "rows whose status does not fit what they show")


LAWS: dict[str, tuple[Law, ...]] = {
    "feedback_labels": (
        Law("ratings_win", "What a customer says of the own text beats what a model thinks.", ratings_win, RATINGS),
        Law("judged_later", "A model judged on what it knows is judged too well.", judged_later, NOTHING),
        Law("gate_holds", "A rule of one language finds nonsense in another.", gate_holds, NOTHING),
        Law("one_label", "A text of two topics is still one text.", one_label, NOTHING),
    ),
    "sentiment_model": (
        Law("model_told", "A measure of no model is made up.", no_model_no_number, NOTHING),
        registry_law("measure"),
    ),
}
