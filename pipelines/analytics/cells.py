"""Breakdowns and periods: turning rows with attributes into one row per breakdown, group and quarter.

Belongs here: the grid every table of estimates shares. Stays out: what is summed, and what is made of the sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

ALL = "all"
UNKNOWN = "unknown"
COMPANY = "company"

MADE_OF_BUYING = ("value_rfm", "lifecycle")
"""Key schemes that purchases decide: who bought can only do well in them."""

KEY_SCHEMES = (*MADE_OF_BUYING, "needs")
"""The segment schemes every estimate is broken down by."""


def quarter_number(day: str) -> pl.Expr:
    """Quarters counted from year 0, so that the quarter before is one less."""
    return pl.col(day).dt.year().cast(pl.Int32) * 4 + pl.col(day).dt.quarter().cast(pl.Int32) - 1


def quarter_label(number: pl.Expr) -> pl.Expr:
    """2026Q3 from a quarter number; ``all`` from null."""
    return pl.format("{}Q{}", number // 4, number % 4 + 1).fill_null(ALL)


def last_complete_quarter(as_of: date) -> int:
    """Number of the last quarter that is over at the end of as_of."""
    next_day = as_of + timedelta(days=1)
    return next_day.year * 4 + (next_day.month - 1) // 3 - 1


def with_segments(frame: pl.DataFrame, membership: pl.DataFrame, schemes: Sequence[str] = KEY_SCHEMES) -> pl.DataFrame:
    """Add one column a scheme with the person's segment; null where the person has none (not identified, or staff)."""
    wide = frame
    for scheme in schemes:
        segments = membership.filter(pl.col("scheme_id") == scheme).select(
            "customer_id", pl.col("segment_id").cast(pl.Categorical).alias(scheme)
        )
        wide = wide.join(segments, on="customer_id", how="left")
    return wide


def without_staff(frame: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """Drop the rows of employees; rows of persons the customer view does not know stay."""
    staff = customers.filter("is_staff").select("customer_id")
    return frame.join(staff, on="customer_id", how="anti")


def totals(
    frame: pl.DataFrame,
    breakdowns: Mapping[str, str],
    sums: Mapping[str, pl.Expr],
    *,
    day: str | None,
    name: str = "breakdown",
) -> pl.DataFrame:
    """Sum over the company and each breakdown, by quarter and over all quarters.

    Columns: ``name``, group_id, _quarter (null for all; absent without ``day``), and the sums. The rows are read once a
    breakdown; ``all`` is the sum of the quarters. ``breakdowns`` maps the name shown to the column grouped by.
    """
    keys = ["group_id", "_quarter"] if day else ["group_id"]
    parts = []
    for shown, column in {COMPANY: None, **breakdowns}.items():
        group = pl.lit(ALL) if column is None else pl.col(column)
        named = frame.lazy().with_columns(group.alias("group_id"))
        if day:
            named = named.with_columns(quarter_number(day).alias("_quarter"))
        summed = (
            named.group_by(keys)
            .agg(expression.alias(label) for label, expression in sums.items())
            .with_columns(pl.col("group_id").cast(pl.String).fill_null(UNKNOWN))
            .collect()
        )
        if column is not None:
            # A null and a spelled-out "unknown" are one group.
            summed = summed.group_by(keys).agg(pl.col(label).sum() for label in sums)
        if day:
            over_all = summed.with_columns(pl.lit(None, pl.Int32).alias("_quarter"))
            summed = pl.concat([summed, over_all.group_by(keys).agg(pl.col(label).sum() for label in sums)])
        parts.append(summed.with_columns(pl.lit(shown).alias(name)).select(name, *keys, *sums))
    return pl.concat(parts)


def parents_of(products: pl.DataFrame) -> dict[str, str]:
    """Division of each product line, where the line has exactly one."""
    pairs = products.select("product_line", "division").drop_nulls().unique()
    single = pairs.filter(pl.len().over("product_line") == 1)
    return dict(single.sort("product_line").iter_rows())
