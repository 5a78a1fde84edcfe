"""Themes the taxonomy has no topic for yet: what unlabelled texts have in common, one-offs apart.

Belongs here: which texts are grouped, words and size of a theme, hiding. Stays out: the grouping (``discovery.py``).

Grouped are the redacted texts of the last four quarters that are over, in a language with rules, that no agent, rule
or classifier gave a topic. A theme is no topic: a person reads it, who gives its words to the taxonomy or lets it be.
Words are shown only where as many people used them in the theme as may be shown, for a word may be a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import CountVectorizer

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice import discovery
from pipelines.analytics.voice.labels import texts_of
from pipelines.analytics.voice.redact import Known
from pipelines.analytics.voice.shares import of_last_quarters
from pipelines.analytics.voice.topics import OTHER, is_spoken

ONE_OFFS = "one-offs"
MOST_TEXTS = 5_000
"""Newest unlabelled texts of a language that are grouped: what they share shows in fewer."""


def unlabelled(labels: pl.DataFrame, feedback: pl.DataFrame, known: Known, customers: pl.DataFrame) -> pl.DataFrame:
    """The redacted texts without a topic, by customers: language, writer, text; oldest first."""
    about_nothing = labels.filter((pl.col("topic") == OTHER) & is_spoken()).select(
        "feedback_id", pl.col("language").alias("spoken")
    )
    written = cells.without_staff(feedback.join(about_nothing, on="feedback_id"), customers)
    return texts_of(written, known).select(
        pl.col("spoken").alias("language"), pl.coalesce("customer_id", "feedback_id").alias("writer"), "text"
    )


def without_small(texts: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Themes of fewer writers than may be shown are one-offs; and the smallest themes, while one-offs are too few."""
    writers = pl.col("writer").n_unique().over("theme")
    kept = texts.with_columns(pl.when(writers >= min_cell).then("theme").otherwise(-1.0).cast(pl.Int64).alias("theme"))
    while 0 < kept.filter(pl.col("theme") < 0).height < min_cell and kept["theme"].max() != -1:
        sizes = kept.filter(pl.col("theme") >= 0).group_by("theme").len().sort("len", "theme")
        kept = kept.with_columns(pl.col("theme").replace(sizes["theme"][0], -1))
    return kept


def words_of(texts: pl.DataFrame, language: str, min_cell: int) -> dict[int, str]:
    """The words of each theme with the highest c-TF-IDF among those enough people used."""
    stop = discovery.stop_words(language)
    reader = CountVectorizer(ngram_range=(1, 2), stop_words=stop, token_pattern=discovery.WORD)
    found = sorted(theme for theme in texts["theme"].unique() if theme >= 0)
    if not found:
        return {}
    counts = reader.fit_transform(texts["text"].to_list())
    names = np.asarray(reader.get_feature_names_out())
    theme = texts["theme"].to_numpy()
    weights = discovery.class_tf_idf([np.asarray(counts[theme == one].sum(axis=0)).ravel() for one in (*found, -1)])
    called = {}
    for place, one in enumerate(found):
        at, word = counts[theme == one].nonzero()
        used = pl.DataFrame({"word": word, "writer": texts["writer"].to_numpy()[theme == one][at]}).unique()
        common = used.group_by("word").len().filter(pl.col("len") >= min_cell)["word"].sort().to_numpy()
        best = common[np.argsort(-weights[place][common], kind="stable")]
        called[int(one)] = ", ".join(_apart(names[best]))
    return called


def _apart(words: Sequence[str]) -> list[str]:
    """The first words, those left out that stand in a pair already taken, or are a pair of such."""
    taken: list[str] = []
    for word in words:
        parts = set(str(word).split())
        if len(taken) < discovery.WORDS and not any(parts <= set(other.split()) for other in taken):
            taken = [other for other in taken if not set(other.split()) <= parts] + [str(word)]
    return taken


def of_language(texts: pl.DataFrame, every: Sequence[str], language: str, min_cell: int) -> pl.DataFrame:
    """One row per theme of a language, the largest first, and one for its one-offs."""
    newest = texts.tail(MOST_TEXTS)
    grouped = discovery.themes(newest["text"].to_list(), every, language)
    kept = without_small(newest.with_columns(pl.Series("theme", grouped)), min_cell)
    called = words_of(kept, language, min_cell)
    sizes = kept.group_by("theme").agg(pl.len().cast(pl.Int64).alias("n")).sort(-pl.col("n"), "theme")
    number = (pl.col("theme") >= 0).cum_sum()
    base = kept.height
    share = stats.wilson(sizes["n"].to_numpy(), np.full(sizes.height, base))
    return sizes.with_columns(
        pl.lit(language).alias("language"),
        pl.when(pl.col("theme") >= 0)
        .then(pl.format("{}-{}", pl.lit(language), number.cast(pl.String).str.zfill(2)))
        .otherwise(pl.lit(ONE_OFFS))
        .alias("name"),
        pl.col("theme").replace_strict(called, default=None, return_dtype=pl.String).alias("words"),
        pl.lit(base, pl.Int64).alias("n_base"),
        *(pl.Series(end, getattr(share, end), pl.Float64) for end in ("value", "lo", "hi")),
    )


def build_feedback_themes(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    known: Known,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per language and theme of its unlabelled texts, and one for the texts that stand alone."""
    table = TABLES["feedback_themes"]
    recent = of_last_quarters(labels, "feedback_date", as_of)
    texts = unlabelled(recent, feedback, known, customers)
    if texts.is_empty():
        return table.empty()
    spoken = (
        recent.unique("feedback_id", keep="first")
        .join(feedback.select("feedback_id", "body"), on="feedback_id")
        .drop_nulls("body")
        .sort("feedback_date", "feedback_id")
    )
    rows = pl.concat(
        of_language(
            part.drop("language"),
            spoken.filter(pl.col("language") == language)["body"].tail(4 * MOST_TEXTS).to_list(),
            str(language),
            min_cell,
        )
        for (language,), part in texts.partition_by("language", as_dict=True, maintain_order=True).items()
    )
    described = (
        rows.drop("theme")
        .rename({"name": "theme"})
        .with_columns(pl.lit("texts without a topic, each read once; intervals over texts").alias("basis"))
    )
    small = disclosure.is_small(pl.col("n"), min_cell)
    return table.conform(disclosure.blank(described, table, small), as_of=as_of, run_id=run_id)
