"""Ratios of money by group: the customers of a segment, region or division added up, with the interval of the ratio.

Belongs here: the sums, the ratio, a group against the rest of its scheme. Stays out: what is divided by what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.stats import Floats

SCHEMES = ("region", *cells.KEY_SCHEMES)
ENOUGH = 30
"""Fewer customers have a value, and no interval or test."""
CELL = ["scheme_id", "group_id", "measure"]
MOMENTS = ("y", "x", "yy", "xy", "xx", "people")
TESTS = ("rest_value", "difference", "difference_lo", "difference_hi", "p_raw")


@dataclass(frozen=True)
class Ratio:
    """``y / x`` over customers; ``counted`` says which of them the value rests on."""

    measure: str
    y: pl.Expr
    x: pl.Expr
    counted: pl.Expr
    unit: str
    basis: str


def by_scheme(
    rows: pl.DataFrame, membership: pl.DataFrame, values: Sequence[str], schemes: Sequence[str] = SCHEMES
) -> pl.DataFrame:
    """scheme_id, group_id, customer_id and the sums of ``values``, for the company and each scheme.

    A scheme is a column of ``rows`` or a segment scheme; who has no group there is in ``unknown``.
    """
    wide = cells.with_segments(rows, membership)
    parts = []
    for scheme in (cells.COMPANY, *schemes):
        group = pl.lit(cells.ALL) if scheme == cells.COMPANY else pl.col(scheme).cast(pl.String)
        parts.append(
            wide.with_columns(pl.lit(scheme).alias("scheme_id"), group.fill_null(cells.UNKNOWN).alias("group_id"))
            .group_by("scheme_id", "group_id", "customer_id")
            .agg(pl.col(values).sum())
        )
    return pl.concat(parts)


def moments(people: pl.DataFrame, ratios: Sequence[Ratio]) -> pl.DataFrame:
    """One row per scheme, group and measure: the sums over customers that a ratio and its error need, and n."""
    # In a fixed order: a sum of floats depends on it in the last digits.
    ordered = people.sort("scheme_id", "group_id", "customer_id")
    parts = []
    for ratio in ratios:
        y, x = ratio.y.cast(pl.Float64), ratio.x.cast(pl.Float64)
        parts.append(
            ordered.group_by("scheme_id", "group_id", maintain_order=True).agg(
                pl.lit(ratio.measure).alias("measure"),
                y.sum().alias("y"),
                x.sum().alias("x"),
                (y * y).sum().alias("yy"),
                (x * y).sum().alias("xy"),
                (x * x).sum().alias("xx"),
                pl.len().cast(pl.Float64).alias("people"),
                ratio.counted.sum().cast(pl.Int64).alias("n"),
                pl.lit(ratio.unit).alias("unit"),
                pl.lit(ratio.basis).alias("basis"),
            )
        )
    return pl.concat(parts).filter(pl.col("n") > 0).sort(CELL)


def interval_of(sums: Floats) -> stats.Interval:
    """Ratio and interval of rows of MOMENTS."""
    y, x, yy, xy, xx, people = sums.T
    return stats.ratio_interval(y=y, x=x, yy=yy, xy=xy, xx=xx, n=people)


def with_values(summed: pl.DataFrame) -> pl.DataFrame:
    """Add value, lo and hi; no interval below 30 customers."""
    found = interval_of(summed.select(MOMENTS).to_numpy())
    enough = summed["n"].to_numpy() >= ENOUGH
    return summed.with_columns(
        pl.Series("value", found.value, pl.Float64).fill_nan(None),
        pl.Series("lo", np.where(enough, found.lo, np.nan), pl.Float64).fill_nan(None),
        pl.Series("hi", np.where(enough, found.hi, np.nan), pl.Float64).fill_nan(None),
    )


def protected(frame: pl.DataFrame, min_cell: int, parents: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Add ``hide_n``: small cells, and the companions without which they would follow."""
    return disclosure.protect(
        frame,
        ("n",),
        table_by=("measure",),
        dimension="scheme_id",
        group="group_id",
        period=None,
        min_cell=min_cell,
        parents=parents,
    )


def against_rest(frame: pl.DataFrame, family: str) -> pl.DataFrame:
    """Add the difference of each shown group to all other known groups of its scheme, its p and the adjusted one."""
    is_compared = (
        (pl.col("scheme_id") != cells.COMPANY)
        & (pl.col("group_id") != cells.UNKNOWN)
        & ~pl.col("hide_n")
        & (pl.col("n") >= ENOUGH)
    )
    parts = [pl.DataFrame(schema={**dict.fromkeys(CELL, pl.String), **dict.fromkeys(TESTS, pl.Float64)})]
    for group in frame.filter(is_compared).partition_by("scheme_id", "measure", maintain_order=True):
        if group.height > 1:
            sums = group.select(MOMENTS).to_numpy()
            own, rest = interval_of(sums), interval_of(sums.sum(axis=0) - sums)
            gap = stats.z_difference(
                own.value, (own.hi - own.value) / stats.Z95, rest.value, (rest.hi - rest.value) / stats.Z95
            )
            found = dict(zip(TESTS, (rest.value, gap.value, gap.lo, gap.hi, gap.p), strict=True))
            parts.append(
                group.select(CELL).with_columns(
                    pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in found.items()
                )
            )
    tested = pl.concat(parts).filter(pl.col("p_raw").is_not_null())
    families = [
        part.with_columns(
            pl.concat_str(pl.lit(family), "scheme_id", separator="|").alias("family_id"),
            pl.lit(part.height, pl.Int64).alias("family_size"),
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64),
        )
        for part in (tested.partition_by("scheme_id", maintain_order=True) or [tested])
    ]
    return frame.join(pl.concat(families), on=CELL, how="left")


def verdict(practical: pl.Expr) -> pl.Expr:
    """higher or lower where the adjusted p is small and the difference at least ``practical``; else why not."""
    away = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("difference").abs() >= practical)
    return (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when((pl.col("scheme_id") == cells.COMPANY) | (pl.col("group_id") == cells.UNKNOWN))
        .then(pl.lit("untested"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(away & (pl.col("difference") > 0))
        .then(pl.lit("higher"))
        .when(away)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no_evidence"))
    )
