"""What a segment uses more and less than everybody: channels, product lines and offers, as an index with its interval.

Belongs here: the index, its error and its test. Stays out: what a person used (agg_customer_uses), and what to do.

The index is 100 x the segment's rate / the rate of all. Of channels and product lines the rate is the share of the
people seen on any of them; of offers, the messages clicked of those sent. The segment is a part of all, so the error is
taken from the segment and the rest, which are not (delta method on the logarithm, errors by customer), and the test is
the segment against the rest. An index is an association: who buys by phone may do so because a shop is far away.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

SCHEMES = ("needs", "life_stage", "region")
"""Schemes not made of channels, product lines or purchases, for those would find themselves."""

OF_MESSAGES = "offer"
MADE_OF_BUYING = cells.MADE_OF_BUYING
"""Compared by offers alone: who buys much was seen in shops and bought of every line by that very rule."""

COMPARED = (*SCHEMES, *MADE_OF_BUYING)

ENOUGH = 30
ENOUGH_USES = 5
"""Uses a segment would have at the rest's rate; below, the normal interval does not hold."""

PRACTICAL = 10.0
"""Points of the index from 100 below which a difference is named by nobody, however sure."""

AT = ["scheme_id", "segment_id"]
ITEM = ["dimension", "item"]
IS_SEGMENT = (pl.col("scheme_id") != cells.COMPANY) & (pl.col("segment_id") != cells.UNKNOWN)
MOMENTS = ("y", "x", "yy", "xy", "xx", "n")
BASIS = {
    "channel": "people seen on any channel in 365 days",
    "product_line": "buyers of 365 days",
    OF_MESSAGES: "messages sent in 365 days, by customer",
}


def moments(uses: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Per segment (and the company) and item the sums over people that a clustered rate needs, n and n_used.

    A person seen in a dimension has a chance at each of its items, but for messages only at those that were sent.
    """
    everybody = (
        members.select("customer_id")
        .unique()
        .with_columns(pl.lit(cells.COMPANY).alias("scheme_id"), pl.lit(cells.ALL).alias("segment_id"))
    )
    people = pl.concat([everybody, members.select("customer_id", *AT)], how="diagonal")
    y, x = pl.col("n_uses").cast(pl.Float64), pl.col("n_chances").cast(pl.Float64)
    placed = people.join(uses, on="customer_id").filter(
        ~pl.col("scheme_id").is_in(MADE_OF_BUYING) | (pl.col("dimension") == OF_MESSAGES)
    )
    used = placed.group_by(*AT, *ITEM).agg(
        y.sum().alias("y"),
        x.sum().alias("x"),
        (y * y).sum().alias("yy"),
        (x * y).sum().alias("xy"),
        (x * x).sum().alias("xx"),
        pl.len().cast(pl.Int64).alias("n"),
        (y > 0).sum().cast(pl.Int64).alias("n_used"),
    )
    seen = placed.group_by(*AT, "dimension").agg(pl.col("customer_id").n_unique().cast(pl.Int64).alias("_seen"))
    # A segment in which nobody used an item has a rate of nought there, not no rate.
    grid = seen.join(used.select(ITEM).unique(), on="dimension")
    whole = pl.col("dimension") != OF_MESSAGES
    chances = pl.col("_seen").cast(pl.Float64)
    return (
        grid.join(used, on=[*AT, *ITEM], how="left")
        .with_columns(pl.col(*MOMENTS, "n_used").fill_null(0))
        .with_columns(
            *(pl.when(whole).then(chances).otherwise(pl.col(name)).alias(name) for name in ("x", "xx")),
            pl.when(whole).then("_seen").otherwise("n").alias("n"),
        )
        .filter(pl.col("x") > 0)
        .sort(*AT, *ITEM)
    )


def rates(sums: Floats) -> tuple[stats.Interval, Floats]:
    """Rate with its interval, and its standard error, of rows of MOMENTS."""
    y, x, yy, xy, xx, n = sums.T
    found = stats.ratio_interval(y=y, x=x, yy=yy, xy=xy, xx=xx, n=n)
    return found, (found.hi - found.value) / stats.Z95


def index_of(own: Floats, everybody: Floats) -> tuple[stats.Interval, Floats, Floats]:
    """Index of rows of MOMENTS against rows of all that hold them: interval, p against the rest, uses expected.

    log I = log r - log(w r + (1 - w) s) with r the segment's rate, s the rest's and w its share of the chances.
    """
    rest = everybody - own
    (rate, se), (others, rest_se) = rates(own), rates(rest)
    share = own[:, 1] / everybody[:, 1]
    overall = everybody[:, 0] / everybody[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = rate.value / overall
        of_own, of_rest = 1 / rate.value - share / overall, (1 - share) / overall
        spread = np.sqrt((of_own * se) ** 2 + (of_rest * rest_se) ** 2)
        ends = (100 * value, 100 * value * np.exp(-stats.Z95 * spread), 100 * value * np.exp(stats.Z95 * spread))
    # Under the null both have one rate, and the errors follow from it: a segment without a use has an error as well.
    gap = stats.z_difference(rate.value, _error_at(own, overall), others.value, _error_at(rest, overall))
    return stats.Interval(*ends), gap.p, own[:, 1] * others.value


def _error_at(sums: Floats, rate: Floats) -> Floats:
    """Standard error of the rate of rows of MOMENTS if their true rate is ``rate``; errors by customer."""
    _, x, yy, xy, xx, _ = sums.T
    residual = np.maximum(yy - 2 * rate * xy + rate**2 * xx, 0.0)
    error: Floats = np.sqrt(residual) / np.where(x > 0, x, np.nan)
    return error


def guarded(summed: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Add ``_hidden``: few with a chance, few who used it or few who did not, and what would give those away."""
    counts = ("n", "n_used", "n_not")
    return disclosure.protect(
        summed.with_columns((pl.col("n") - pl.col("n_used")).alias("n_not")),
        counts,
        table_by=ITEM,
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).with_columns(pl.any_horizontal(f"hide_{count}" for count in counts).alias("_hidden"))


def compared(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the company's rate, the index with its ends, p_raw and what the segment would use at the rest's rate."""
    company = frame.filter(pl.col("scheme_id") == cells.COMPANY).select(
        *ITEM, *(pl.col(name).alias(f"{name}_all") for name in MOMENTS)
    )
    joined = frame.join(company, on=ITEM, how="left", maintain_order="left")
    own = joined.select(MOMENTS).to_numpy().astype(np.float64)
    everybody = joined.select(f"{name}_all" for name in MOMENTS).to_numpy().astype(np.float64)
    rate, _ = rates(own)
    index, p, expected = index_of(own, everybody)
    found = {
        "value": index.value,
        "lo": index.lo,
        "hi": index.hi,
        "rate": rate.value,
        "rate_lo": np.clip(rate.lo, 0.0, None),
        "rate_hi": np.clip(rate.hi, None, 1.0),
        "company_rate": everybody[:, 0] / everybody[:, 1],
        "p_raw": p,
        "_expected": expected,
    }
    return joined.with_columns(
        pl.Series(name, np.where(np.isfinite(values), values, np.nan), pl.Float64).fill_nan(None)
        for name, values in found.items()
    )


def adjusted(frame: pl.DataFrame, is_tested: pl.Expr, family: str) -> pl.DataFrame:
    """Add family_id, family_size and p_adj to the rows tested; the others lose their p and their interval."""
    key = [*AT, *ITEM]
    tested = frame.filter(is_tested & pl.col("p_raw").is_not_null())
    families = [
        part.select(
            *key,
            pl.concat_str(pl.lit(family), "scheme_id", "dimension", separator="|").alias("family_id"),
            pl.lit(part.height, pl.Int64).alias("family_size"),
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64),
        )
        for part in (tested.partition_by("scheme_id", "dimension", maintain_order=True) or [tested])
    ]
    joined = frame.join(pl.concat(families), on=key, how="left")
    is_told = pl.col("family_id").is_not_null()
    return joined.with_columns(pl.when(is_told).then(name).alias(name) for name in ("p_raw", "lo", "hi"))


def with_verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    """over_used or under_used where the adjusted p is small and the index ten points from 100; else why not."""
    named = (pl.col("p_adj") <= FALSE_DISCOVERIES) & ((pl.col("value") - 100).abs() >= PRACTICAL)
    verdict = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(~IS_SEGMENT)
        .then(pl.lit("untested"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(named & (pl.col("value") > 100))
        .then(pl.lit("over_used"))
        .when(named)
        .then(pl.lit("under_used"))
        .otherwise(pl.lit("no_evidence"))
    )
    return frame.with_columns(verdict.alias("verdict"))


def build_segment_affinity(
    *, uses: pl.DataFrame, membership: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per scheme (and the company), segment, dimension and item that anybody used or was offered."""
    table = TABLES["segment_affinity"]
    summed = moments(uses, membership.filter(pl.col("scheme_id").is_in(COMPARED)))
    if summed.is_empty():
        return table.empty()
    marked = guarded(summed, min_cell)
    enough = (pl.col("n") >= ENOUGH) & (pl.col("_expected") >= ENOUGH_USES)
    is_tested = IS_SEGMENT & ~pl.col("_hidden") & enough
    told = adjusted(compared(marked), is_tested, table.name).with_columns(
        pl.col("dimension").replace_strict(BASIS).alias("basis")
    )
    blanked = disclosure.blank(told, table, pl.col("_hidden"))
    return table.conform(with_verdicts(blanked), as_of=as_of, run_id=run_id)
