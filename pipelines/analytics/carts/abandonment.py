"""How often carts are abandoned: rates by breakdown and quarter.

Belongs here: which carts a rate counts and which it must wait for. Stays out: what a cart is and when it counts as
abandoned (a model of the warehouse), and why people leave (causes.py).

Rates need their window to be over: 24 hours for abandonment, 30 days after the last activity for recovery, 14 days
for a purchase elsewhere. Younger carts are in no rate yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BREAKDOWNS = {name: name for name in ("region", "device_category", "product_line", *cells.KEY_SCHEMES)}
RECOVERY_DAYS = 30
ELSEWHERE_DAYS = 14

ABANDONED = pl.col("is_abandoned")
RECOVERY = pl.col("recovery_type")


@dataclass(frozen=True)
class Rate:
    """``counted`` of ``base``; ``days`` after the last activity have to be over."""

    metric_id: str
    base: pl.Expr
    counted: pl.Expr
    basis: str
    days: int = 0


VALUED = pl.col("is_mature") & (pl.col("value_amount_reporting") > 0)
RATES = (
    Rate("cart_abandonment_rate", VALUED, ABANDONED, "carts with value, 24 h over"),
    Rate("checkout_abandonment_rate", VALUED & pl.col("has_checkout"), ABANDONED, "checkouts begun, 24 h over"),
    Rate(
        "recovery_rate", VALUED & ABANDONED, RECOVERY == "same_basket", "abandoned carts, 30 days over", RECOVERY_DAYS
    ),
    Rate(
        "bought_elsewhere_rate",
        VALUED & ABANDONED,
        RECOVERY.is_in(["other_channel", "agent"]),
        "abandoned carts, 14 days over",
        ELSEWHERE_DAYS,
    ),
)


def carts_of_customers(carts: pl.DataFrame, customers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Carts without those of staff, with the person's segments; carts of unidentified devices have none."""
    return cells.with_segments(cells.without_staff(carts, customers), membership)


def counts_of(carts: pl.DataFrame, rate: Rate, breakdowns: Mapping[str, str], as_of: date) -> pl.DataFrame:
    """n carts in the base, counted ones and their value, by breakdown, group and quarter of the cart's start."""
    end = datetime.combine(as_of + timedelta(days=1), time())
    is_over = pl.col("last_activity_at") + timedelta(days=rate.days) <= end
    sums = {
        "n": pl.len().cast(pl.Int64),
        "counted": rate.counted.sum().cast(pl.Int64),
        "abandoned_amount_reporting": pl.col("value_amount_reporting").filter(rate.counted).sum(),
    }
    base = carts.filter(rate.base & is_over) if rate.days else carts.filter(rate.base)
    return cells.totals(base, breakdowns, sums, day="cart_date").with_columns(
        pl.lit(rate.metric_id).alias("metric_id"), pl.lit(rate.basis).alias("basis")
    )


def build_cart_abandonment(
    *,
    carts: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per rate, breakdown, group and quarter (of the cart's start) or all, with Wilson intervals."""
    known = carts_of_customers(carts, customers, membership)
    frame = pl.concat(counts_of(known, rate, BREAKDOWNS, as_of) for rate in RATES).with_columns(
        cells.quarter_label(pl.col("_quarter")).alias("period"), pl.lit(value=False).alias("suppressed")
    )
    found = stats.wilson(frame["counted"].to_numpy(), frame["n"].to_numpy())
    marked = disclosure.protect(
        frame.with_columns(pl.Series(name, getattr(found, name)) for name in ("value", "lo", "hi")),
        ("n",),
        table_by=("metric_id",),
        dimension="breakdown",
        group="group_id",
        period="period",
        min_cell=min_cell,
    )
    table = TABLES["cart_abandonment"]
    return table.conform(disclosure.blank(marked, table, pl.col("hide_n")), as_of=as_of, run_id=run_id)
