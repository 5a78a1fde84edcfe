"""Laws of the tables of what customers say.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import FAMILY, NOTHING, Context, Law, breaches, hidden_law, registry_law
from pipelines.analytics.voice.languages import SPOKEN

RATED = ("stars", "single_item", "rating")
LINE_OF = {"core.dim_products": ("product_id", "product_line", "division")}
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


def subjects_fit(context: Context, *by: str) -> list[tuple[int, str]]:
    """A subject has no more rows than there are, a base is the same for all, and threads are as long as told."""
    shown = context.frame.filter(~pl.col("suppressed"))
    bases = shown.group_by(*by, "breakdown", "group_id", "period").agg(pl.col("n_base").n_unique().alias("_n"))
    thread = (pl.col("quarters_running") >= 3) != pl.col("is_recurring")
    return (
        breaches(shown.filter(pl.col("n") > pl.col("n_base")), "subjects of more rows than there are")
        + breaches(bases.filter(pl.col("_n") > 1), "groups with two bases")
        + breaches(shown.filter(thread | (pl.col("quarters_running") > 4)), "threads that are not as long as told")
    )


def changes_are_earned(context: Context) -> list[tuple[int, str]]:
    """More and less need the side of the change and a p that stays small; a hidden row says so."""
    verdict, change = pl.col("verdict"), pl.col("change")
    found = context.frame.filter(verdict.is_in(("more", "less")))
    is_wrong = pl.when(verdict == "more").then(change <= 0).otherwise(change >= 0)
    unearned = found.filter(is_wrong.fill_null(value=True) | (pl.col("p_adj").fill_null(1.0) > 0.05))
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return breaches(unearned, "verdicts without a test or against its side") + breaches(
        hidden, "verdicts that do not say suppressed, or wrongly do"
    )


def grades_are_counted(context: Context) -> list[tuple[int, str]]:
    """A grade counts the sources named, and a source named shows it in the company; nothing else is told."""
    asked_in = pl.col("asked_in")
    kinds = pl.when(asked_in.is_null()).then(0).otherwise(asked_in.str.count_matches(", ") + 1)
    grade = pl.when(kinds >= 2).then(pl.lit("triangulated")).when(kinds == 1).then(pl.lit("single"))
    wrong = context.frame.filter(pl.col("evidence_grade") != grade.otherwise(pl.lit("none")))
    whole = context.frame.filter((pl.col("breakdown") == "company") & (pl.col("period") == "all"))
    unnamed = whole.filter(
        (pl.col("subject") != "other") & (pl.col("lo") >= 0.01) & ~asked_in.fill_null("").str.contains(pl.col("source"))
    )
    return breaches(wrong, "grades that do not count their sources") + breaches(
        unnamed, "sources that ask and are not named"
    )


def lines_hold_their_products(context: Context) -> list[tuple[int, str]]:
    """Where all products of a line are shown, they have as many reviews as the line."""
    lines = context.others["core.dim_products"].select(
        pl.col("product_id").alias("group_id"), pl.col("product_line").alias("_line")
    )
    by = ("topic", "polarity", "period", "_line")
    products = (
        context.frame.filter(pl.col("breakdown") == "product")
        .join(lines, on="group_id", how="left")
        .with_columns(pl.coalesce("_line", pl.col("group_id").str.strip_suffix(": others")))
        .group_by(by)
        .agg(pl.col("n").sum(), pl.col("suppressed").any().alias("_hidden"))
    )
    whole = context.frame.filter((pl.col("breakdown") == "product_line") & ~pl.col("suppressed"))
    both = products.filter(~pl.col("_hidden")).join(
        whole.select(*by[:-1], pl.col("group_id").alias("_line"), pl.col("n").alias("_whole")), on=by
    )
    return breaches(both.filter(pl.col("n") != pl.col("_whole")), "lines that are not their products")


def themes_add_up(context: Context) -> list[tuple[int, str]]:
    """Every unlabelled text of a language is in one theme or stands alone; one-offs have no words."""
    sizes = context.frame.group_by("language").agg(
        pl.col("n").sum(), pl.col("n_base").max(), pl.col("suppressed").any().alias("_hidden")
    )
    lost = sizes.filter(~pl.col("_hidden") & (pl.col("n") != pl.col("n_base")))
    called = context.frame.filter((pl.col("theme") == "one-offs") & pl.col("words").is_not_null())
    return breaches(lost, "languages whose themes are not their texts") + breaches(called, "one-offs with words")


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
    "feedback_topics": (
        FAMILY,
        Law("topics_fit", "A topic is part of what is written.", subjects_fit, NOTHING),
        Law("verdicts", "A verdict is a test's, in its direction.", changes_are_earned, NOTHING),
        hidden_law(("topic", "polarity"), ("breakdown", "group_id", "period")),
    ),
    "product_feedback": (
        FAMILY,
        Law("topics_fit", "A topic is part of what is written.", subjects_fit, NOTHING),
        Law("verdicts", "A verdict is a test's, in its direction.", changes_are_earned, NOTHING),
        hidden_law(("topic", "polarity"), ("breakdown", "group_id", "period")),
        Law("lines_hold", "What is said of products is said of their line.", lines_hold_their_products, LINE_OF),
    ),
    "feedback_themes": (Law("themes_add_up", "Texts that stand alone are texts as well.", themes_add_up, NOTHING),),
    "share_of_voice": (
        FAMILY,
        Law("topics_fit", "Who names a brand names one of the list.", subjects_fit, NOTHING),
        Law("verdicts", "A verdict is a test's, in its direction.", changes_are_earned, NOTHING),
        hidden_law(("brand", "polarity"), ("breakdown", "group_id", "period")),
    ),
    "information_gaps": (
        FAMILY,
        Law(
            "subjects_fit",
            "What is asked is part of the source.",
            lambda context: subjects_fit(context, "source"),
            NOTHING,
        ),
        Law("verdicts", "A verdict is a test's, in its direction.", changes_are_earned, NOTHING),
        Law("grades_counted", "Two sources that ask are two sources.", grades_are_counted, NOTHING),
        hidden_law(("source", "subject"), ("breakdown", "group_id", "period")),
    ),
}
