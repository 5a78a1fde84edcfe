"""The label of every text: language, topics, mood, question or not; and what labelled it.

Belongs here: which texts are read, whose word counts (customer before agent before model), what the model learns from
and is judged on, and how two sets of labels differ. Stays out: rules, models and redaction, which stand beside.

Texts are redacted before anything reads them, so that no rule and no model knows a name. A rating the customer gave
beside the text is the mood, whatever a model says. Only texts in languages with rules are read by rules and models.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice import sentiment, topics
from pipelines.analytics.voice.languages import languages
from pipelines.analytics.voice.redact import Known, redact

POSITIVE, NEGATIVE, NEUTRAL, UNKNOWN = "positive", "negative", "neutral", "unknown"

LEARNED_SHARE = 0.8
"""Share of the rated texts, the earlier ones, a model learns from; the later ones judge it."""

QUESTION = (
    r"^(?:how|what|when|where|why|which|who|can|could|do|does|is|are|will|wie|was|wann|wo|warum|wieso|welche\w*|wer|kann|"
    r"können|gibt|ist|sind|cómo|qué|cuándo|cuánto|dónde|por qué|cuál\w*|quién|puedo|pueden|hay)\b"
)
"""How a subject begins that asks; in a text only the question mark counts."""


def texts_of(feedback: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Pieces of feedback that have words, with the redacted text, its language, and whether it asks.

    Adds ``row``, ``text``, ``language``, ``language_basis``, ``is_question`` to the columns of ``fct_feedback``. What a
    ticket rating has as its title is the rating.
    """
    title = pl.when(pl.col("feedback_kind") != "ticket_rating").then(pl.col("title")).str.strip_chars()
    written = (
        feedback.with_columns(pl.concat_str(title, "body", separator=". ", ignore_nulls=True).alias("text"))
        .filter(pl.col("text").str.contains(r"\p{L}"))
        .sort("feedback_date", "feedback_id")
        .with_row_index("row")
    )
    plain = redact(written, known)
    spoken = languages(plain.with_columns(written["vendor_language"].alias("said")))
    asks = pl.col("text").str.contains(r"[?¿]") | title.str.to_lowercase().str.contains(QUESTION).fill_null(value=False)
    return (
        written.drop("text")
        .join(plain, on="row", maintain_order="left")
        .join(spoken, on="row", maintain_order="left")
        .with_columns(asks.alias("is_question"))
    )


def with_ratings(texts: pl.DataFrame) -> pl.DataFrame:
    """Add ``rated``, the mood the customer's own rating says, and ``rated_by``: stars, single_item, rating, or null."""
    score, stars = pl.col("score_0_100"), pl.col("stars")
    said = pl.when(pl.col("feedback_kind") == "ticket_rating").then(pl.col("title"))
    third = 100 / 3
    return texts.with_columns(
        pl.when(stars.is_not_null())
        .then(_mood(stars >= 4, stars <= 2))
        .when(said.is_not_null())
        .then(_mood(said == "good", said == "bad"))
        .when(score.is_not_null())
        .then(_mood(score > 2 * third - 1e-6, score < third + 1e-6))
        .alias("rated"),
        pl.when(stars.is_not_null())
        .then(pl.lit("stars"))
        .when(said.is_not_null())
        .then(pl.lit("rating"))
        .when(score.is_not_null())
        .then(pl.col("score_basis"))
        .alias("rated_by"),
    )


def with_samples(texts: pl.DataFrame) -> pl.DataFrame:
    """Add ``sample``: learned, judged, or none. By day, so that what judges a model lies after all it learned from.

    Stars are learned from. Where they are too few of a mood, answers to the survey's satisfaction item are as well.
    """
    enough = int(sentiment.PER_CLASS / LEARNED_SHARE) + 1
    clear = texts.filter(pl.col("rated").is_in((POSITIVE, NEGATIVE)) & topics.is_spoken())
    stars = clear.filter(pl.col("rated_by") == "stars")
    is_enough = stars.filter(pl.col("rated") == NEGATIVE).height >= enough <= stars["rated"].eq(POSITIVE).sum()
    rated = stars if is_enough else clear.filter(pl.col("rated_by").is_in(("stars", "single_item")))
    newest = rated.sort("feedback_date", "feedback_id").tail(int(sentiment.LEARNED / LEARNED_SHARE))
    if newest.is_empty():
        return texts.with_columns(pl.lit("none").alias("sample"))
    first_judged = newest["feedback_date"][min(int(newest.height * LEARNED_SHARE), newest.height - 1)]
    is_later = pl.col("feedback_date") >= first_judged
    sample = pl.when(is_later).then(pl.lit("judged")).otherwise(pl.lit("learned")).alias("sample")
    return texts.join(newest.select("row", sample), on="row", how="left", maintain_order="left").with_columns(
        pl.col("sample").fill_null("none")
    )


def with_model(texts: pl.DataFrame) -> pl.DataFrame:
    """Add what the model says of texts without a rating and of those that judge it, and the model's fingerprint."""
    learned = texts.filter(pl.col("sample") == "learned")
    model = sentiment.learn(learned["text"].to_list(), (learned["rated"] == POSITIVE).to_numpy())
    asked = texts.filter(topics.is_spoken() & (pl.col("rated").is_null() | (pl.col("sample") == "judged")))
    said = pl.DataFrame(schema={"text": pl.String, "p_positive": pl.Float64, "model_polarity": pl.String})
    if model is not None:
        # Equal texts are read once.
        once = asked["text"].unique().sort()
        scores = model.scores(once.to_list())
        moods = np.where(scores >= model.boundary, POSITIVE, NEGATIVE)
        said = pl.DataFrame({"text": once, "p_positive": model.chances(scores), "model_polarity": moods.tolist()})
    spoken = asked.select("row", "text").join(said, on="text").drop("text")
    return texts.join(spoken, on="row", how="left", maintain_order="left").with_columns(
        pl.lit(model.digest if model else None, pl.String).alias("model_digest")
    )


def with_topics(texts: pl.DataFrame, tickets: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """A row per text and topic: the agent's where a ticket has one, else the rules', else the classifier's."""
    agents = tickets.select("ticket_id", "topic").drop_nulls()
    known = topics_known(rules)
    by_agent = texts.join(agents, on="ticket_id").filter(pl.col("topic").is_in(known)).select("row", "topic")
    unsaid = texts.join(by_agent, on="row", how="anti").filter(topics.is_spoken())
    by_rule = topics.by_rules(unsaid.select("row", "language", "text"), rules)
    unruled = unsaid.join(by_rule, on="row", how="anti").select("row", "text")
    # A ticket's opening says what it is about; a comment on the rating may not.
    openings = texts.filter((pl.col("feedback_kind") == "ticket") & topics.is_spoken()).join(by_agent, on="row")
    guessed = topics.by_classifier(unruled, openings.select("text", "topic"))
    found = pl.concat(
        part.select("row", "topic", pl.lit(basis).alias("topic_basis"))
        for basis, part in (("agent", by_agent), ("rules", by_rule), ("classifier", guessed))
    )
    return texts.join(found, on="row", how="left", maintain_order="left").with_columns(
        pl.col("topic").fill_null(topics.OTHER), pl.col("topic_basis").fill_null("none")
    )


def topics_known(rules: pl.DataFrame) -> list[str]:
    return rules["topic"].unique().sort().to_list()


def build_feedback_labels(
    *,
    feedback: pl.DataFrame,
    tickets: pl.DataFrame,
    known: Known,
    rules: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,  # noqa: ARG001 (rows of single texts count nothing)
) -> pl.DataFrame:
    """One row per text and topic; a text without any topic has the topic ``other``."""
    table = TABLES["feedback_labels"]
    texts = texts_of(feedback.filter(pl.col("feedback_date") <= as_of), known)
    read = with_model(with_samples(with_ratings(texts)))
    labelled = with_topics(read, tickets, rules).with_columns(
        pl.coalesce("rated", "model_polarity", pl.lit(UNKNOWN)).alias("polarity"),
        pl.when(pl.col("rated").is_not_null())
        .then("rated_by")
        .when(pl.col("model_polarity").is_not_null())
        .then(pl.lit("model"))
        .otherwise(pl.lit("none"))
        .alias("polarity_basis"),
        pl.lit(topics.rules_version(rules)).alias("rules_version"),
    )
    return table.conform(labelled, as_of=as_of, run_id=run_id)


def difference(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """How the labels of two versions differ: topic_before, topic_after, polarity_before, polarity_after, n (texts).

    Texts only one version has count too, with nulls on the other side; texts with equal labels are left out. A text's
    topics are compared together, in their alphabetical order.
    """
    sides = [
        labels.group_by("feedback_id").agg(
            pl.col("topic").sort().str.join(", ").alias(f"topic_{name}"),
            pl.col("polarity").first().alias(f"polarity_{name}"),
        )
        for name, labels in (("before", before), ("after", after))
    ]
    both = sides[0].join(sides[1], on="feedback_id", how="full", coalesce=True)
    what = ["topic_before", "topic_after", "polarity_before", "polarity_after"]
    is_same = pl.col("topic_before").eq_missing(pl.col("topic_after")) & pl.col("polarity_before").eq_missing(
        pl.col("polarity_after")
    )
    return (
        both.filter(~is_same).group_by(what).agg(pl.len().cast(pl.Int64).alias("n")).sort("n", *what, descending=True)
    )


def _mood(is_positive: pl.Expr, is_negative: pl.Expr) -> pl.Expr:
    return (
        pl.when(is_positive).then(pl.lit(POSITIVE)).when(is_negative).then(pl.lit(NEGATIVE)).otherwise(pl.lit(NEUTRAL))
    )
