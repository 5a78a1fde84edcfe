"""What people say of a product: praise and complaints by topic, for product lines and for products with enough reviews.

Belongs here: which texts are about a product, and which products stand alone. Stays out: the labels (``labels.py``),
shares, tests and hiding (``shares.py``), and what is said of anything else (``topic_report.py``).

Only reviews of products are about a product: a ticket on a late parcel names a line, but says nothing of what is sold.
A product stands alone from 30 reviews in the last four quarters that are over; the others of its line are one group.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.labels import NEGATIVE, POSITIVE
from pipelines.analytics.voice.shares import MIN_ROWS, shares_of
from pipelines.analytics.voice.topic_report import texts_by_customers

REVIEW = "product_review"
LINE, PRODUCT = "product_line", "product"
LINE_AS, PRODUCT_AS = "division", "product_line"
SHAPE = {LINE_AS: LINE, PRODUCT_AS: PRODUCT}
"""Lines and their products are hidden as divisions and their lines are: the parts make the whole, and the company."""


def by_product(reviews: pl.DataFrame) -> pl.DataFrame:
    """The reviews with ``division`` the product line and ``product_line`` the product, or the others of its line."""
    line = pl.col("product_line").cast(pl.String).fill_null(cells.UNKNOWN)
    is_known = pl.col("feedback_id").n_unique().over("product_id") >= MIN_ROWS
    others = pl.format("{}: others", line)
    return reviews.with_columns(
        is_known.alias("is_known"),
        line.alias(LINE_AS),
        pl.when(is_known).then("product_id").otherwise(others).alias(PRODUCT_AS),
    )


def build_product_feedback(
    *,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per topic, mood, product line or product, and quarter of the last four that are over, and over these."""
    table = TABLES["product_feedback"]
    written = feedback.filter((pl.col("feedback_kind") == REVIEW) & pl.col("product_id").is_not_null())
    rows = by_product(texts_by_customers(labels, written, customers, as_of)).with_columns(
        pl.col("polarity").alias("kind")
    )
    topics = rows.filter(pl.col("kind").is_in((POSITIVE, NEGATIVE)))
    if topics.is_empty():
        return table.empty()
    parents = dict(rows.select(PRODUCT_AS, LINE_AS).unique().iter_rows())
    found = shares_of(
        rows.unique("feedback_id", keep="first", maintain_order=True),
        topics,
        (POSITIVE, NEGATIVE),
        # Where no product stands alone, products would say what their lines say.
        tuple(SHAPE) if rows["is_known"].any() else (LINE_AS,),
        family="product_feedback",
        parents=parents,
        min_cell=min_cell,
    ).with_columns(pl.lit("reviews of products; moods by the stars").alias("basis"), pl.col("breakdown").replace(SHAPE))
    named = disclosure.blank(found.rename({"subject": "topic", "kind": "polarity"}), table, pl.col("_hidden"))
    return table.conform(named, as_of=as_of, run_id=run_id)
