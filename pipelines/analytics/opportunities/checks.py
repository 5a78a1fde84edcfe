"""Before and after: is the watched pain met less often since an opportunity is marked done?

Belongs here: the two windows, the difference and what it may be called. Stays out: who meets a pain (carts).

The share of units that meet the watched pain is compared between the days before ``done_on`` and as many days after it,
a year at most. Carts of one person go together, so the standard error is over persons: with shares p = y / n before (0)
and after (1), each person adds (y1 - p1 n1) / N1 - (y0 - p0 n0) / N0, and the variance is the sum of the squares.
Whatever else changed in those days changed too: the difference is an association, not an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.pain_units import cart_units, order_units, review_units, site_units
from pipelines.analytics.opportunities.signs import ENOUGH

LONGEST_DAYS = 365
NUMBERS = ("check_before", "check_after", "check_difference", "check_difference_lo", "check_difference_hi")
COUNTS = ("n_before", "n_after")


UNITS = {"kind": pl.String, "pain": pl.String, "customer_id": pl.String, "day": pl.Date, "exposed": pl.Boolean}


def watched_units(
    watched: pl.DataFrame, frames: Mapping[str, pl.DataFrame], customers: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Units of the pains in ``watched`` (kind, pain), by person and day, and whether they met it; staff left out.

    ``frames`` are carts, sessions, orders, tickets and feedback.
    """
    orders = frames["orders"]
    every: dict[str, Callable[[], Iterator[pl.DataFrame]]] = {
        "cart": lambda: cart_units(frames["carts"]),
        "site": lambda: site_units(frames["sessions"], 0.0),
        "support delivery": lambda: order_units(orders, frames["tickets"], as_of, silence=0),
        "review": lambda: review_units(frames["feedback"], orders, as_of, silence=0),
    }
    kinds = set(watched["kind"])
    wanted = watched.unique()
    found = [
        part.select(*UNITS).join(wanted, on=["kind", "pain"], how="semi")
        for names, units in every.items()
        if kinds & set(names.split())
        for part in units()
    ]
    parts = [pl.DataFrame(schema=UNITS), *found]
    units = pl.concat(parts, how="vertical_relaxed").filter(pl.col("customer_id").is_not_null())
    return cells.without_staff(units, customers)


def windows(done: pl.DataFrame, units: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Units of the watched pain in both windows, with is_after; the day it was done belongs to neither."""
    days = pl.min_horizontal((pl.lit(as_of) - pl.col("done_on")).dt.total_days(), LONGEST_DAYS)
    away = (pl.col("day") - pl.col("done_on")).dt.total_days()
    return (
        done.select("opportunity_id", "done_on", "watched_kind", "watched_pain", days.alias("_days"))
        .join(units, left_on=["watched_kind", "watched_pain"], right_on=["kind", "pain"])
        .filter((away != 0) & (away.abs() <= pl.col("_days")))
        .with_columns((away > 0).alias("is_after"))
    )


def compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Shares before and after of each opportunity and their difference, errors clustered by person."""
    after = pl.col("is_after")
    persons = rows.group_by("opportunity_id", "customer_id").agg(
        after.sum().cast(pl.Float64).alias("n1"),
        (~after).sum().cast(pl.Float64).alias("n0"),
        (after & pl.col("exposed")).sum().cast(pl.Float64).alias("y1"),
        (~after & pl.col("exposed")).sum().cast(pl.Float64).alias("y0"),
    )
    totals = persons.group_by("opportunity_id").agg(pl.col(name).sum().alias(name.upper()) for name in ("n1", "n0"))
    met = persons.group_by("opportunity_id").agg(pl.col(name).sum().alias(name.upper()) for name in ("y1", "y0"))
    shares = totals.join(met, on="opportunity_id").with_columns(
        (pl.col("Y1") / pl.col("N1")).alias("p1"), (pl.col("Y0") / pl.col("N0")).alias("p0")
    )
    part = (pl.col("y1") - pl.col("p1") * pl.col("n1")) / pl.col("N1") - (
        pl.col("y0") - pl.col("p0") * pl.col("n0")
    ) / pl.col("N0")
    errors = (
        persons.join(shares, on="opportunity_id").group_by("opportunity_id").agg(part.pow(2).sum().sqrt().alias("_se"))
    )
    difference = pl.col("p1") - pl.col("p0")
    return shares.join(errors, on="opportunity_id").select(
        "opportunity_id",
        pl.col("p0").alias("check_before"),
        pl.col("p1").alias("check_after"),
        difference.alias("check_difference"),
        (difference - stats.Z95 * pl.col("_se")).alias("check_difference_lo"),
        (difference + stats.Z95 * pl.col("_se")).alias("check_difference_hi"),
        *(pl.col(name).cast(pl.Int64) for name in ("N0", "N1", "Y0", "Y1")),
    )


def with_checks(frame: pl.DataFrame, units: pl.DataFrame, as_of: date, min_cell: int) -> pl.DataFrame:
    """Add shares before and after, their difference and the verdict to what is done; null for what is not."""
    is_done = (pl.col("status") == "done") & pl.col("done_on").is_not_null()
    done = frame.filter(is_done)
    found = compared(windows(done, units, as_of)).rename({"N0": "n_before", "N1": "n_after"})
    joined = frame.join(found, on="opportunity_id", how="left")
    few = (pl.col("n_before").fill_null(0) < ENOUGH) | (pl.col("n_after").fill_null(0) < ENOUGH)
    # A share of few, beside its base, tells the few.
    small = [disclosure.is_small(pl.col(name), min_cell) for name in ("n_before", "n_after", "Y0", "Y1")]
    small += [disclosure.is_small(pl.col(n) - pl.col(y), min_cell) for n, y in (("n_before", "Y0"), ("n_after", "Y1"))]
    verdict = (
        pl.when(~is_done.fill_null(value=False))
        .then(None)
        .when(pl.col("watched_pain").is_null())
        .then(pl.lit("nothing_watched"))
        .when(few)
        .then(pl.lit("too_few_yet"))
        .when(pl.any_horizontal(small))
        .then(pl.lit("suppressed"))
        .when(pl.col("check_difference_hi") < 0)
        .then(pl.lit("met_less"))
        .when(pl.col("check_difference_lo") > 0)
        .then(pl.lit("met_more"))
        .otherwise(pl.lit("no_evidence"))
    )
    shown = ("met_less", "met_more", "no_evidence")
    return (
        joined.with_columns(verdict.alias("check_verdict"))
        .with_columns(
            pl.when(pl.col("check_verdict").is_in(shown)).then(pl.col(name)).alias(name) for name in (*NUMBERS, *COUNTS)
        )
        .with_columns(
            pl.when(pl.col("check_verdict").is_in(shown))
            .then(pl.format("association, not an effect: share of units that meet {}", "watched_pain"))
            .alias("check_basis")
        )
    )
