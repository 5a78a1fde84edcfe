"""How much of the revenue comes from how few: the share of the tenth who pay most, and the Gini coefficient.

Belongs here: concentration by group with intervals. Stays out: who the customers are.

Intervals are by linearisation (Langel and Tille 2013): each customer's part in the statistic, so a million customers
cost one sort, and the same customers always give the same interval.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import disclosure, stats
from pipelines.analytics.segments import value_groups
from pipelines.analytics.stats import Floats, Interval
from pipelines.analytics.tables import TABLES

TOP = 0.1
MEASURES = {
    "top_decile_revenue_share": ("revenue", "net revenue of 365 days, buyers of those days"),
    "revenue_gini_year": ("revenue", "net revenue of 365 days, buyers of those days"),
    "top_decile_clv_share": ("clv", "lifetime value, buyers with a forecast"),
}


def interval_by_parts(value: float, parts: Floats) -> Interval:
    """A statistic between 0 and 1 whose error is the spread of what each customer adds to it."""
    n = parts.size
    half = stats.Z95 * np.sqrt(n / (n - 1) * ((parts - parts.mean()) ** 2).sum()) if n > 1 else np.nan
    ends = (value, value - half, value + half)
    return Interval(*(np.asarray(np.clip(end, 0.0, 1.0)) for end in ends))


def gini(amounts: Floats) -> Interval:
    """Gini coefficient of amounts above 0 with its interval."""
    y = np.sort(amounts)
    n, total, value = y.size, y.sum(), stats.gini(y)
    rank = np.arange(1, n + 1)
    parts = (2 * (rank * y - np.cumsum(y)) + total - n * y - value * (total + n * y)) / (n * total)
    return interval_by_parts(value, parts)


def top_share(amounts: Floats, top: float = TOP) -> Interval:
    """Share of the total that the ``top`` part of the customers brings, with its interval; parts of one count."""
    y = np.sort(amounts)[::-1]
    edge = y[min(int(top * y.size), y.size - 1)]
    above = np.maximum(y - edge, 0.0) + top * edge
    value = above.sum() / y.sum()
    return interval_by_parts(float(value), (above - value * y) / y.sum())


def build_value_concentration(
    *,
    value: pl.DataFrame,
    customers: pl.DataFrame,
    bought: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (company, division, region, key schemes), group and measure.

    ``value`` brings monetary and clv of each customer of the base, ``bought`` net revenue by division.
    """
    table = TABLES["value_concentration"]
    people = value.join(customers.select("customer_id", "region"), on="customer_id").rename({"monetary": "revenue"})
    by_division = bought.join(value.select("customer_id"), on="customer_id", how="semi").select(
        pl.lit("division").alias("scheme_id"),
        pl.col("division").alias("group_id"),
        "customer_id",
        pl.col("net_amount_reporting").alias("revenue"),
        pl.lit(None, pl.Float64).alias("clv"),
    )
    # A sum over nobody's forecast is 0, which counts nobody either.
    grouped = pl.concat([value_groups.by_scheme(people, membership, ["revenue", "clv"]), by_division])
    rows = []
    for (scheme, group), part in (
        grouped.sort("scheme_id", "group_id").partition_by("scheme_id", "group_id", as_dict=True).items()
    ):
        for measure, (column, basis) in MEASURES.items():
            amounts = part.filter(pl.col(column) > 0)[column].to_numpy()
            if not amounts.size:
                continue
            found = gini(amounts) if measure == "revenue_gini_year" else top_share(amounts)
            ends = {name: float(getattr(found, name)) for name in ("value", "lo", "hi")}
            if amounts.size < value_groups.ENOUGH:
                ends |= {"lo": float("nan"), "hi": float("nan")}
            cell = {"scheme_id": scheme, "group_id": group, "measure": measure, "basis": basis}
            rows.append(cell | ends | {"n": amounts.size})
    if not rows:
        return table.empty()
    marked = value_groups.protected(pl.DataFrame(rows), min_cell)
    return table.conform(disclosure.blank(marked, table, pl.col("hide_n")), as_of=as_of, run_id=run_id)
