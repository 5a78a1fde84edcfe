"""What is known of each customer when segments are decided: one row a person, every column declared.

Belongs here: the declared facts, and the frame of them. Stays out: the rules (the segments file) and scores of needs.
Base: identified customers who are not staff. A fact nobody knows is null, and no rule but ``is unknown`` matches it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.segments.conditions import Fact
from pipelines.analytics.segments.value import base_customers

DEFAULT_GAP_DAYS = 90.0

_DECLARED = (
    Fact("n_orders", "number", "Orders so far, cancelled ones left out."),
    Fact("recency_days", "number", "Days from the last order to as_of; unknown without an order."),
    Fact("usual_gap_days", "number", "Median days between the orders of those who came back: the same for everybody."),
    Fact("rfm_cell", "text", "Scores of recency and frequency such as R5F1; unknown without an order."),
    Fact("is_business", "boolean", "A business record or account."),
    Fact("region", "text", "Sales region."),
    Fact("days_since_web", "number", "Days since the last web or app event; unknown where there was none."),
    Fact("days_since_store", "number", "Days since the last store event; unknown where there was none."),
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _DECLARED}
"""Every fact a condition may name."""


def usual_gap_days(customers: pl.DataFrame) -> float:
    """Median, over customers with two orders on different days, of the mean days between their orders.

    90 days where nobody ever came back.
    """
    span = (pl.col("last_order_at") - pl.col("first_order_at")).dt.total_seconds() / 86_400
    gaps = customers.filter((pl.col("n_orders") >= 2) & (span >= 1)).select((span / (pl.col("n_orders") - 1)).median())
    gap = gaps.item()
    return DEFAULT_GAP_DAYS if gap is None else float(gap)


def customer_facts(*, customers: pl.DataFrame, customer_value: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """``customer_id`` and every declared fact, one row per identified customer who is not staff."""
    base = base_customers(customers)
    people = base.join(
        customer_value.select("customer_id", "recency_days", "r_score", "f_score"), on="customer_id", how="left"
    )

    def days_since(moment: str) -> pl.Expr:
        return (pl.lit(as_of) - pl.col(moment).dt.date()).dt.total_days()

    found = people.with_columns(
        pl.lit(usual_gap_days(base)).alias("usual_gap_days"),
        pl.format("R{}F{}", "r_score", "f_score").alias("rfm_cell"),
        days_since("last_web_at").alias("days_since_web"),
        days_since("last_store_at").alias("days_since_store"),
    )
    return found.select("customer_id", *FACTS)
