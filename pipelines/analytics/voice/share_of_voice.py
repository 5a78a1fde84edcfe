"""Which brands customers name beside the company: how often, in what mood, and what changed.

Belongs here: finding brands in texts. Stays out: the list of brands (seed ``brands``), shares (``shares.py``).

The base is the texts that name any brand of the list, the company's own among them: most texts name none, and who
writes to a company need not name it. A share of voice is of texts written to this company; it says nothing of a market.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.labels import NEGATIVE, POSITIVE
from pipelines.analytics.voice.shares import shares_of
from pipelines.analytics.voice.topic_report import texts_by_customers

ANY = "any"
BREAKDOWNS = ("division", "region")


def mentions(texts: pl.DataFrame, brands: pl.DataFrame) -> pl.DataFrame:
    """A row per text and brand it names, with ``subject``, the brand. The loop is over brands, never over texts."""
    words = pl.concat_str("title", "body", separator="\n", ignore_nulls=True).str.to_lowercase()
    found = [
        texts.filter(words.str.contains(pattern)).with_columns(pl.lit(brand).alias("subject"))
        for brand, pattern in brands.sort("brand").select("brand", "pattern").iter_rows()
    ]
    return pl.concat([texts.clear().with_columns(pl.lit(None, pl.String).alias("subject")), *found])


def build_share_of_voice(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    brands: pl.DataFrame,
    customers: pl.DataFrame,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per brand, mood, breakdown, group and quarter of the last four that are over, and over these."""
    table = TABLES["share_of_voice"]
    rows = texts_by_customers(labels, feedback, customers, as_of).drop("subject")
    named = mentions(rows.unique("feedback_id", keep="first", maintain_order=True), brands)
    if named.is_empty():
        return table.empty()
    moods = named.filter(pl.col("polarity").is_in((POSITIVE, NEGATIVE))).with_columns(pl.col("polarity").alias("kind"))
    found = shares_of(
        named.unique("feedback_id", keep="first", maintain_order=True),
        pl.concat([named.with_columns(pl.lit(ANY).alias("kind")), moods]),
        (ANY, POSITIVE, NEGATIVE),
        BREAKDOWNS,
        family="share_of_voice",
        parents=cells.parents_of(products),
        min_cell=min_cell,
    )
    told = (
        found.rename({"subject": "brand", "kind": "polarity"})
        .join(brands.select("brand", "is_own"), on="brand")
        .with_columns(pl.lit("texts to the company that name a brand").alias("basis"))
    )
    return table.conform(disclosure.blank(told, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
