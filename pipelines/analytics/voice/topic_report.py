"""What customers praise and complain of by breakdown, group and quarter: how often, what comes back, what changed.

Belongs here: which texts count, and for what. Stays out: the labels (``labels.py``), shares and tests (``shares.py``).

Compliments and complaints are tables of their own. How many texts are neither is never shown: with it, a hidden count
of complaints would follow from the compliments. The base of a share is the texts of the group and quarter in a language
with rules: what nobody could read is not about nothing. A text of two topics counts in both.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.labels import NEGATIVE, POSITIVE
from pipelines.analytics.voice.shares import of_last_quarters, shares_of
from pipelines.analytics.voice.topics import is_spoken

BREAKDOWNS = ("division", "product_line", "region")


def texts_by_customers(
    labels: pl.DataFrame, feedback: pl.DataFrame, customers: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """A row per readable text of the last quarters and topic, by customers; ``subject`` is the topic.

    Adds ``writer``: the customer, or the text itself where nobody is known.
    """
    recent = of_last_quarters(labels.filter(is_spoken()), "feedback_date", as_of)
    return cells.without_staff(recent.join(feedback, on="feedback_id"), customers).with_columns(
        pl.coalesce("customer_id", "feedback_id").alias("writer"), pl.col("topic").alias("subject")
    )


def build_feedback_topics(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per topic, mood, breakdown, group and quarter of the last four that are over, and over these."""
    table = TABLES["feedback_topics"]
    rows = texts_by_customers(labels, feedback, customers, as_of).with_columns(pl.col("polarity").alias("kind"))
    topics = rows.filter(pl.col("kind").is_in((POSITIVE, NEGATIVE)))
    if topics.is_empty():
        return table.empty()
    found = shares_of(
        rows.unique("feedback_id", keep="first", maintain_order=True),
        topics,
        (POSITIVE, NEGATIVE),
        BREAKDOWNS,
        family="feedback_topics",
        parents=cells.parents_of(products),
        min_cell=min_cell,
    ).with_columns(pl.lit("texts; moods by the customer's rating, else by model").alias("basis"))
    named = disclosure.blank(found.rename({"subject": "topic", "kind": "polarity"}), table, pl.col("_hidden"))
    return table.conform(named, as_of=as_of, run_id=run_id)
