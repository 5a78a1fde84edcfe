"""Funnels: how many reach each step in time order, how many drop, and how long it takes.

Belongs here: rates over the funnel levels the warehouse has already found per unit. Stays out: the sequence logic (a
model of the warehouse) and what a step means (a seed).

Closed funnels: a unit must start at step 1. Only units whose window is over at as_of count in rates; the others are
counted aside as immature, because they can still convert. Times are those of units that reached the step.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BREAKDOWNS = {name: name for name in ("region", "device_category", *cells.KEY_SCHEMES)}
MAX_STEPS = 6
AT = ["funnel_id", "breakdown", "group_id"]
BASIS = "units whose window is over"


def reached(levels: pl.DataFrame) -> pl.DataFrame:
    """Mature units that reached each level, and immature units: funnel_id, breakdown, group_id, n_at_1 to n_at_6."""
    is_mature, level = pl.col("is_mature"), pl.col("level")
    sums = {f"n_at_{step}": (is_mature & (level >= step)).sum().cast(pl.Int64) for step in range(1, MAX_STEPS + 1)}
    sums["n_immature"] = (~is_mature).sum().cast(pl.Int64)
    parts = sorted(levels.partition_by("funnel_id", as_dict=True).items()) or [((None,), levels)]
    return pl.concat(
        cells.totals(part, BREAKDOWNS, sums, day=None).with_columns(pl.lit(funnel, pl.String).alias("funnel_id"))
        for (funnel,), part in parts
    )


def durations(levels: pl.DataFrame) -> pl.DataFrame:
    """Median and 90th percentile of the seconds from entry to each step, of mature units that reached it."""
    parts = []
    for shown, column in {cells.COMPANY: None, **BREAKDOWNS}.items():
        group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
        for step in range(2, MAX_STEPS + 1):
            seconds = (pl.col(f"step_{step}_at") - pl.col("entered_at")).dt.total_milliseconds() / 1000
            parts.append(
                levels.lazy()
                .filter(pl.col("is_mature") & (pl.col("level") >= step))
                .select("funnel_id", group.alias("group_id"), seconds.alias("_seconds"))
                .group_by("funnel_id", "group_id")
                .agg(
                    pl.col("_seconds").median().alias("median_seconds"),
                    pl.col("_seconds").quantile(0.9, "linear").alias("p90_seconds"),
                )
                .with_columns(pl.lit(shown).alias("breakdown"), pl.lit(step, pl.Int64).alias("step_order"))
            )
    return pl.concat(pl.collect_all(parts))


def with_rates(steps: pl.DataFrame) -> pl.DataFrame:
    """Add the step's and the overall conversion with Wilson intervals, from n_reached, n and n_entered."""
    reached_n = steps["n_reached"].to_numpy()
    step, overall = (
        stats.wilson(reached_n, steps["n"].to_numpy()),
        stats.wilson(reached_n, steps["n_entered"].to_numpy()),
    )
    is_entry = pl.col("step_order") == 1
    found = {"value": step.value, "lo": step.lo, "hi": step.hi}
    total = {"overall_value": overall.value, "overall_lo": overall.lo, "overall_hi": overall.hi}
    return (
        steps.with_columns(
            pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in {**found, **total}.items()
        )
        .with_columns(
            # The entry is 1 by definition: nothing is estimated there.
            pl.when(is_entry & (pl.col("n_entered") > 0)).then(1.0).otherwise(pl.col(name)).alias(name)
            for name in (*found, *total)
        )
        .with_columns((1 - pl.col("value")).alias("drop_off"))
    )


def build_funnel_steps(
    *,
    levels: pl.DataFrame,
    funnels: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per funnel, breakdown, group and step; groups nobody entered have no rows."""
    entered = cells.with_segments(cells.without_staff(levels, customers), membership)
    names = [f"n_at_{step}" for step in range(1, MAX_STEPS + 1)]
    long = (
        reached(entered)
        .with_columns(pl.col("n_at_1").alias("n_entered"))
        .unpivot(names, index=[*AT, "n_entered", "n_immature"], variable_name="_at", value_name="n_reached")
        .with_columns(pl.col("_at").str.strip_prefix("n_at_").cast(pl.Int64).alias("step_order"))
        .join(funnels.select("funnel_id", pl.col("step_order").cast(pl.Int64), "step"), on=["funnel_id", "step_order"])
        .sort(*AT, "step_order")
        .with_columns(pl.col("n_reached").shift(1).over(AT).fill_null(pl.col("n_entered")).alias("n"))
    )
    marked = disclosure.protect(
        with_rates(long),
        ("n_reached", "n_immature"),
        table_by=("funnel_id", "step_order"),
        dimension="breakdown",
        group="group_id",
        period=None,
        min_cell=min_cell,
    )
    # A step stands on the step before it: hidden there, it is hidden here, and so is every step behind a hidden entry.
    hidden = pl.col("hide_n_reached").cast(pl.Int8).cum_max().over(AT, order_by="step_order").cast(pl.Boolean)
    shown = marked.join(durations(entered), on=[*AT, "step_order"], how="left").with_columns(
        pl.when(~pl.col("hide_n_immature")).then("n_immature").alias("n_immature"),
        pl.lit(BASIS).alias("basis"),
        pl.lit(value=False).alias("suppressed"),
    )
    table = TABLES["funnel_steps"]
    return table.conform(disclosure.blank(shown, table, hidden), as_of=as_of, run_id=run_id)
