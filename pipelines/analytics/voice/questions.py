"""What customers ask and search in vain: the gaps in what the company tells them.

Belongs here: which texts and searches ask, in how many kinds of source. Stays out: shares and tests (``shares.py``).

A text asks where it holds a question or its subject is one; what it asks about is its topic. A search asks where
nothing was found; what it asks about is the term. A term fewer people typed than may be shown becomes ``other``: what
is typed may name a person. A term belongs to the one topic whose rules it matches, in whatever language.

Sources are never added up: each has its own base (texts of the source, searches). A gap is triangulated where two kinds
of source show it, each with at least one text or search in a hundred at the low end of the interval.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice import topics
from pipelines.analytics.voice.languages import SPOKEN
from pipelines.analytics.voice.shares import of_last_quarters, shares_of
from pipelines.analytics.voice.topic_report import BREAKDOWNS, texts_by_customers

SOURCES = {"ticket": "tickets", "survey_text": "surveys", "service_review": "reviews", "product_review": "reviews"}
"""Source of each kind of feedback; the comment on a ticket's rating comes after the answer."""
SEARCHES = "searches"
NOTABLE = 0.01
"""Least share, at the low end of its interval, from which a source is said to ask."""

BASES = {
    "tickets": "tickets that ask / tickets in a language with rules",
    "surveys": "free texts that ask / free texts of surveys in a language with rules",
    "reviews": "reviews that ask / reviews in a language with rules",
    SEARCHES: "searches that found nothing / searches whose results are known",
}


def by_searchers(searches: pl.DataFrame, as_of: date, min_cell: int) -> pl.DataFrame:
    """The searches of the last quarters whose results are known, with writer and subject: the term, where many type it.

    Only those that found nothing have a subject.
    """
    known = of_last_quarters(searches.filter(pl.col("n_results").is_not_null()), "search_date", as_of).with_columns(
        pl.coalesce("customer_id", "device_ref", "search_id").alias("writer")
    )
    in_vain = pl.col("n_results") == 0
    typed_by = pl.col("writer").filter(in_vain).n_unique().over("search_term")
    term = pl.when(typed_by >= min_cell).then("search_term").otherwise(pl.lit(topics.OTHER))
    return known.with_columns(pl.when(in_vain).then(term).alias("subject"))


def topics_of_terms(terms: pl.Series, rules: pl.DataFrame) -> pl.DataFrame:
    """subject and topic of the terms that match the rules of one topic and no other."""
    once = pl.DataFrame({"text": terms.drop_nulls().unique().sort()}).with_row_index("row")
    spoken = once.join(pl.DataFrame({"language": SPOKEN}), how="cross")
    matched = topics.by_rules(spoken, rules).unique().filter(pl.len().over("row") == 1)
    return matched.join(once, on="row").select(pl.col("text").alias("subject"), "topic")


def with_grades(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``asked_in``, the sources that ask about the topic (without one: the term), and how many kinds they are."""
    other = pl.lit(topics.OTHER)
    about = pl.when(pl.col("topic") == other).then("subject").otherwise("topic")
    named = frame.with_columns(pl.when(about != other).then(about).alias("_about"))
    asking = named.filter(
        (pl.col("breakdown") == cells.COMPANY)
        & pl.col("_quarter").is_null()
        & ~pl.col("_hidden")
        & (pl.col("lo") >= NOTABLE)
        & pl.col("_about").is_not_null()
    )
    sources = asking.group_by("_about").agg(
        pl.col("source").unique().sort().str.join(", ").alias("asked_in"), pl.col("source").n_unique().alias("_kinds")
    )
    kinds = pl.col("_kinds").fill_null(0)
    return named.join(sources, on="_about", how="left", maintain_order="left").with_columns(
        pl.when(kinds >= 2)
        .then(pl.lit("triangulated"))
        .when(kinds == 1)
        .then(pl.lit("single"))
        .otherwise(pl.lit("none"))
        .alias("evidence_grade")
    )


def build_information_gaps(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    searches: pl.DataFrame,
    rules: pl.DataFrame,
    stages: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per source, subject, breakdown, group and quarter of the last four that are over, and over these."""
    table = TABLES["information_gaps"]
    texts = texts_by_customers(labels, feedback, customers, as_of).with_columns(
        pl.col("feedback_kind").replace_strict(SOURCES, default=None).alias("kind")
    )
    typed = by_searchers(searches, as_of, min_cell).with_columns(pl.lit(SEARCHES).alias("kind"))
    parents = cells.parents_of(products)
    read = texts.unique("feedback_id", keep="first", maintain_order=True)
    parts = [
        (read.filter(pl.col("kind") == source), texts.filter((pl.col("kind") == source) & pl.col("is_question")))
        for source in sorted(set(SOURCES.values()))
    ]
    parts.append((typed, typed.drop_nulls("subject")))
    found = [
        shares_of(
            rows,
            asked,
            (asked["kind"][0],),
            BREAKDOWNS if "division" in rows.columns else ("region",),
            family="information_gaps",
            parents=parents,
            min_cell=min_cell,
        )
        for rows, asked in parts
        if asked.height
    ]
    if not found:
        return table.empty()
    shares = pl.concat(found, how="diagonal_relaxed").rename({"kind": "source"})
    terms = topics_of_terms(typed["subject"], rules)
    is_term = pl.col("source") == SEARCHES
    placed = (
        shares.join(terms, on="subject", how="left", maintain_order="left")
        .with_columns(
            pl.when(is_term).then(pl.col("topic").fill_null(topics.OTHER)).otherwise("subject").alias("topic"),
            pl.col("source").replace_strict(BASES).alias("basis"),
        )
        .join(stages.select("topic", "stage"), on="topic", how="left", maintain_order="left")
    )
    return table.conform(disclosure.blank(with_grades(placed), table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
