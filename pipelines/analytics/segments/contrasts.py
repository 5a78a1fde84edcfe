"""Who differs from the rest, and in what: this region leaves at the checkout, that one writes to support.

Belongs here: a few measures of leaving and of needing help by group, each against the other groups. Stays out: why
(causes.py) and the levels over time (abandonment.py, support.py).

A group is compared with the others that do not stand out themselves. Beside one region that writes twice as often,
every other region looks quiet; so the clearest group is set aside first, then the next, until nobody left differs, and
every group is measured against those left. Where more than half would be set aside there is no such rest, and each is
measured against all others. Errors are clustered by customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.abandonment import VALUED
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

SCHEMES = ("region", *cells.KEY_SCHEMES)
ENOUGH = 30
PRACTICAL_RATIO = 1.1
"""A difference of less than a tenth is named by nobody, however sure."""

UNIT = ["scheme_id", "group_id", "measure"]
MOMENTS = ("y", "x", "yy", "xy", "xx", "customers")


@dataclass(frozen=True)
class Measure:
    """Ratio of ``y`` to ``x``, with the words for a group that is higher, and for one that is lower."""

    name: str
    higher: str
    lower: str
    basis: str


MEASURES = (
    Measure(
        "early_exit_rate",
        "leaves before the checkout",
        "rarely leaves before the checkout",
        "carts with value, 24 h over",
    ),
    Measure(
        "checkout_abandonment_rate",
        "leaves at the checkout",
        "rarely leaves at the checkout",
        "checkouts begun, 24 h over",
    ),
    Measure("tickets_per_100_orders", "writes to support", "rarely writes to support", "tickets and valid orders"),
    Measure("returned_order_share", "sends back", "rarely sends back", "valid orders"),
)
COMPARISON = (
    "rest_value",
    "difference",
    "difference_lo",
    "difference_hi",
    "ratio",
    "ratio_lo",
    "ratio_hi",
    "p_raw",
)


def units(carts: pl.DataFrame, orders: pl.DataFrame, tickets: pl.DataFrame) -> pl.DataFrame:
    """Rows of customer_id, region, measure, y, x and n: what each cart, order and ticket adds to each measure."""
    counted = carts.filter(VALUED)
    valid = orders.filter("is_valid")
    leaves = pl.col("is_abandoned")

    def adds(frame: pl.DataFrame, measure: str, *, y: pl.Expr, x: int) -> pl.DataFrame:
        return frame.select(
            "customer_id",
            pl.col("region").cast(pl.String),
            pl.lit(measure).alias("measure"),
            y.cast(pl.Float64).alias("y"),
            pl.lit(float(x)).alias("x"),
        )

    return pl.concat(
        [
            adds(counted, "early_exit_rate", y=leaves & ~pl.col("has_checkout"), x=1),
            adds(counted.filter("has_checkout"), "checkout_abandonment_rate", y=leaves, x=1),
            adds(valid, "tickets_per_100_orders", y=pl.lit(0.0), x=1),
            adds(tickets, "tickets_per_100_orders", y=pl.lit(100.0), x=0),
            adds(valid, "returned_order_share", y=pl.col("refund_amount") > 0, x=1),
        ]
    )


def moments(rows: pl.DataFrame) -> pl.DataFrame:
    """Per scheme, group and measure the sums over customers that a clustered ratio needs, and n = the sum of x.

    Rows nobody is known for are customers of their own.
    """
    nobody = pl.format("row {}", pl.int_range(pl.len()))
    known = rows.with_columns(pl.coalesce("customer_id", nobody).alias("customer_id"))
    parts = []
    for scheme in (cells.COMPANY, *SCHEMES):
        group = pl.lit(cells.ALL) if scheme == cells.COMPANY else pl.col(scheme).cast(pl.String)
        of_customer = (
            known.with_columns(group.fill_null(cells.UNKNOWN).alias("group_id"))
            .group_by("measure", "group_id", "customer_id")
            .agg(pl.col("y").sum(), pl.col("x").sum())
        )
        y, x = pl.col("y"), pl.col("x")
        parts.append(
            of_customer.group_by("measure", "group_id").agg(
                pl.lit(scheme).alias("scheme_id"),
                y.sum(),
                x.sum(),
                (y * y).sum().alias("yy"),
                (x * y).sum().alias("xy"),
                (x * x).sum().alias("xx"),
                pl.len().cast(pl.Float64).alias("customers"),
            )
        )
    return pl.concat(parts).with_columns(pl.col("x").round().cast(pl.Int64).alias("n")).sort(UNIT)


def ratio(sums: Floats) -> tuple[Floats, Floats]:
    """Value and standard error of y / x from columns in the order of MOMENTS."""
    y, x, yy, xy, xx, n = sums.T
    found = stats.ratio_interval(y=y, x=x, yy=yy, xy=xy, xx=xx, n=n)
    return found.value, (found.hi - found.value) / stats.Z95


def against_rest(sums: Floats, rest: NDArray[np.bool_]) -> stats.Difference:
    """Each row's ratio minus that of the rows of ``rest`` other than itself."""
    value, se = ratio(sums)
    others = sums[rest].sum(axis=0) - np.where(rest[:, None], sums, 0.0)
    rest_value, rest_se = ratio(others)
    return stats.z_difference(value, se, rest_value, rest_se)


def reference(sums: Floats) -> NDArray[np.bool_]:
    """Rows that do not stand out: all but those set aside, the clearest first."""
    left = np.ones(len(sums), dtype=bool)
    while left.sum() > 2:
        found = against_rest(sums[left], np.ones(int(left.sum()), dtype=bool))
        adjusted = stats.benjamini_hochberg(found.p)
        if np.isnan(adjusted).all() or np.nanmin(adjusted) > FALSE_DISCOVERIES:
            break
        clearest = np.nanargmax(np.where(np.isnan(found.p), np.nan, np.abs(found.statistic)))
        left[np.flatnonzero(left)[clearest]] = False
    return left if 2 * left.sum() >= len(sums) else np.ones(len(sums), dtype=bool)


def compared(frame: pl.DataFrame) -> pl.DataFrame:
    """Add rest_value, difference and ratio with their ends, and p_raw, to the groups of one scheme and measure."""
    sums = frame.select(MOMENTS).to_numpy().astype(np.float64)
    found = against_rest(sums, reference(sums))
    value, se = ratio(sums)
    rest = value - found.value
    with np.errstate(divide="ignore", invalid="ignore"):
        times = value / rest
        spread = np.sqrt((se / value) ** 2 + (np.sqrt(found.se**2 - se**2) / rest) ** 2)
        ends = {"": times, "_lo": times * np.exp(-stats.Z95 * spread), "_hi": times * np.exp(stats.Z95 * spread)}
    columns = {
        "rest_value": rest,
        "difference": found.value,
        "difference_lo": found.lo,
        "difference_hi": found.hi,
        **{f"ratio{end}": np.where(np.isfinite(values), values, np.nan) for end, values in ends.items()},
        "p_raw": found.p,
    }
    return frame.select(UNIT).with_columns(
        pl.Series(name, columns[name], pl.Float64).fill_nan(None) for name in COMPARISON
    )


def with_contrasts(frame: pl.DataFrame) -> pl.DataFrame:
    """Compare the groups that are known, shown and large enough; the others have no contrast."""
    is_compared = (
        (pl.col("scheme_id") != cells.COMPANY)
        & (pl.col("group_id") != cells.UNKNOWN)
        & ~pl.col("hide_n")
        & (pl.col("n") >= ENOUGH)
        & (pl.col("yy") > 0)
    )
    groups = frame.filter(is_compared).partition_by("scheme_id", "measure", maintain_order=True)
    tested = pl.concat(
        [
            pl.DataFrame(schema={**dict.fromkeys(UNIT, pl.String), **dict.fromkeys(COMPARISON, pl.Float64)}),
            *(compared(group) for group in groups if group.height > 1),
        ]
    ).filter(pl.col("p_raw").is_not_null())
    families = [
        part.with_columns(
            pl.concat_str(pl.lit("segment_contrasts"), "scheme_id", separator="|").alias("family_id"),
            pl.lit(part.height, pl.Int64).alias("family_size"),
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64),
        )
        for part in (tested.partition_by("scheme_id", maintain_order=True) or [tested])
    ]
    return frame.join(pl.concat(families), on=UNIT, how="left")


def with_verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    """higher or lower where the adjusted p is small and the difference a tenth or more; and what that is in words."""
    away = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("value") != pl.col("rest_value"))
    times = pl.col("value") / pl.col("rest_value")
    verdict = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when((pl.col("scheme_id") == cells.COMPANY) | (pl.col("group_id") == cells.UNKNOWN))
        .then(pl.lit("untested"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(away & (times >= PRACTICAL_RATIO))
        .then(pl.lit("higher"))
        .when(away & (times <= 1 / PRACTICAL_RATIO))
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no_evidence"))
    )

    def words(name: str) -> pl.Expr:
        return pl.col("measure").replace_strict({measure.name: getattr(measure, name) for measure in MEASURES})

    return frame.with_columns(verdict.alias("verdict")).with_columns(
        pl.when(pl.col("verdict") == "higher")
        .then(words("higher"))
        .when(pl.col("verdict") == "lower")
        .then(words("lower"))
        .alias("says")
    )


def build_segment_contrasts(
    *,
    carts: pl.DataFrame,
    orders: pl.DataFrame,
    tickets: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (the company, region, the key schemes), group and measure."""
    rows = cells.without_staff(units(carts, orders, tickets), customers)
    summed = moments(cells.with_segments(rows, membership)).filter(pl.col("x") > 0)
    value, se = ratio(summed.select(MOMENTS).to_numpy().astype(np.float64))
    most = pl.when(pl.col("measure") == "tickets_per_100_orders").then(np.inf).otherwise(1.0)
    frame = summed.with_columns(
        pl.Series("value", value, pl.Float64).fill_nan(None),
        pl.Series("lo", value - stats.Z95 * se, pl.Float64).fill_nan(None).clip(lower_bound=0),
        pl.min_horizontal(pl.Series("hi", value + stats.Z95 * se, pl.Float64).fill_nan(None), most).alias("hi"),
        pl.col("measure").replace_strict({measure.name: measure.basis for measure in MEASURES}).alias("basis"),
    )
    marked = disclosure.protect(
        frame,
        ("n",),
        table_by=("measure",),
        dimension="scheme_id",
        group="group_id",
        period=None,
        min_cell=min_cell,
    )
    table = TABLES["segment_contrasts"]
    blanked = disclosure.blank(with_contrasts(marked), table, pl.col("hide_n"))
    return table.conform(with_verdicts(blanked), as_of=as_of, run_id=run_id)
