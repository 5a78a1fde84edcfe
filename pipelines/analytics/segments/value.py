"""What a customer is worth: recency, frequency, monetary value, their scores, margin, lifetime value, forecasts.

Belongs here: one row a customer from the single customer view. Stays out: the segments made of the scores
(membership.py) and the models behind the forecasts (value_forecast.py).

Scores follow ``ceil(5 * percent_rank)``, at least 1, among the buyers of the last 365 days: equal values share a score
and the result does not depend on the order of rows, which quintile buckets (ntile) cannot promise. Earlier buyers score
1 throughout; ranked with the others they would push every single order of the year up to the middle.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.carts.causes import margin_rate_of
from pipelines.analytics.segments import value_costs, value_forecast
from pipelines.analytics.tables import TABLES

RETENTION = 0.8
DISCOUNT = 0.1


def base_customers(customers: pl.DataFrame) -> pl.DataFrame:
    """The base of every scheme: identified people who are not staff, one row each."""
    return customers.filter(pl.col("is_identified") & ~pl.col("is_staff"))


def score(value: pl.Expr) -> pl.Expr:
    """1 to 5 by ``ceil(5 * percent_rank)`` of the non-null values, ties sharing the lowest rank; higher is better."""
    others = pl.max_horizontal(value.count().cast(pl.Int64) - 1, pl.lit(1))
    below = value.rank(method="min").cast(pl.Int64) - 1
    # The ceiling of a ratio of whole numbers, in whole numbers: a float ratio would round some fifths up.
    return ((5 * below + others - 1) // others).clip(lower_bound=1)


def simple_clv(margin: pl.Expr, retention: float = RETENTION, discount: float = DISCOUNT) -> pl.Expr:
    """Value of the coming years at a constant yearly margin m: ``m * r / (1 + d - r)``."""
    return margin * retention / (1 + discount - retention)


def build_customer_value(
    *, customers: pl.DataFrame, days: pl.DataFrame, costs: pl.DataFrame, as_of: date, run_id: str
) -> pl.DataFrame:
    """One row per identified customer who is not staff; prospects have no recency, no scores and no forecast.

    The yearly margin is the year's net revenue at the customer's own margin rate so far. ``days`` has one row per
    customer and day with an order, ``costs`` one per customer who cost something.
    """
    # Days are counted between dates, never between instants, so the hour of the order does not matter.
    recency = (pl.lit(as_of) - pl.col("last_order_at").dt.date()).dt.total_days().clip(lower_bound=0)
    is_buyer = pl.col("n_orders") > 0
    is_recent = pl.col("n_order_days_365d") > 0
    margin_rate = pl.when(pl.col("net_amount_reporting") != 0).then(
        pl.col("margin_amount_reporting") / pl.col("net_amount_reporting")
    )
    base = base_customers(customers)
    frame = base.with_columns(
        pl.when(is_buyer).then(recency).alias("recency_days"),
        pl.col("n_order_days_365d").alias("frequency"),
        pl.col("net_amount_reporting_365d").alias("monetary"),
        pl.col("margin_amount_reporting").alias("historic_margin"),
    ).with_columns(
        *(
            pl.when(is_buyer).then(score(pl.when(is_recent).then(value)).fill_null(1)).alias(name)
            for name, value in (
                ("r_score", -pl.col("recency_days")),
                ("f_score", pl.col("frequency")),
                ("m_score", pl.col("monetary")),
            )
        ),
        pl.when(is_buyer)
        .then(simple_clv(pl.col("monetary") * margin_rate).fill_null(pl.when(pl.col("monetary") == 0).then(0.0)))
        .otherwise(0.0)
        .alias("simple_clv"),
    )
    histories = value_forecast.histories_of(days.join(base, on="customer_id", how="semi"), until=as_of)
    expected = value_forecast.forecast(
        histories, value_forecast.fit(histories), days=value_forecast.YEAR_DAYS, margin_rate=margin_rate_of(base)
    )
    serving = costs.select(
        "customer_id",
        pl.sum_horizontal(f"{name}_reporting" for name in value_costs.SERVICE).alias("cost_to_serve"),
    )
    frame = (
        frame.join(expected, on="customer_id", how="left")
        .join(serving, on="customer_id", how="left")
        .with_columns(
            pl.col("cost_to_serve").fill_null(0.0),
            pl.col("clv_status").fill_null(value_forecast.NO_ORDER),
            pl.when(pl.col("clv").is_not_null()).then(pl.lit(value_forecast.BASIS)).alias("clv_basis"),
        )
    )
    return TABLES["customer_value"].conform(frame, as_of=as_of, run_id=run_id)
