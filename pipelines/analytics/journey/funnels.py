"""Funnels: how many reach each step in time order, how many drop, how long it takes, and which groups differ.

Belongs here: rates over the funnel levels the warehouse has already found per unit. Stays out: the sequence logic (a
model of the warehouse), what a step means (the funnels file) and times (``funnel_times``).

Only units whose window is over at as_of count in rates; the others are counted aside as immature, because they can
still convert. Units met by an exclusion of the funnel count nowhere but in ``n_excluded``. Into an open funnel units
come at any step: those who join at a step are no success of the step before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.journey.funnel_times import durations
from pipelines.analytics.tables import TABLES

MAX_STEPS = 8
AT = ["funnel_id", "breakdown", "group_id"]
BASIS = "units whose window is over"
MIN_TESTED = 30
"""Units on either side below which a group is not tested against the rest."""


def breakdowns_of(funnels: pl.DataFrame) -> dict[str, dict[str, str]]:
    """By funnel the columns it is broken down by, as its definition says."""
    defined = funnels.filter(pl.col("step_order") == 1).select("funnel_id", "breakdowns")
    return {funnel: {name: name for name in names.split()} for funnel, names in defined.iter_rows()}


def counted(levels: pl.DataFrame, funnel: str, breakdowns: Mapping[str, str]) -> pl.DataFrame:
    """One row per breakdown, group and step of one funnel: n_entered, n_immature, n_excluded, n_reached, n_joined."""
    counts = ~pl.col("is_excluded") & pl.col("is_mature")
    entry, level = pl.col("entry_step"), pl.col("level")
    sums = {
        "n_entered": counts,
        "n_immature": ~pl.col("is_excluded") & ~pl.col("is_mature"),
        "n_excluded": pl.col("is_excluded"),
    }
    for step in range(1, MAX_STEPS + 1):
        sums[f"n_reached_{step}"] = counts & (entry <= step) & (level >= step)
        sums[f"n_joined_{step}"] = counts & (entry == step)
    totals = {name: rule.sum().cast(pl.Int64) for name, rule in sums.items()}
    wide = cells.totals(levels, breakdowns, totals, day=None).with_columns(pl.lit(funnel).alias("funnel_id"))
    return pl.concat(
        wide.select(
            *AT,
            "n_entered",
            "n_immature",
            "n_excluded",
            pl.lit(step, pl.Int64).alias("step_order"),
            pl.col(f"n_reached_{step}").alias("n_reached"),
            pl.col(f"n_joined_{step}").alias("n_joined"),
        )
        for step in range(1, MAX_STEPS + 1)
    )


def with_rates(steps: pl.DataFrame) -> pl.DataFrame:
    """Add the step's and the overall conversion and the drop-off with Wilson intervals.

    Reads n (units at the step before), _passed (those of them that reached this step), n_reached and n_entered.
    """
    step = stats.wilson(steps["_passed"].to_numpy(), steps["n"].to_numpy())
    overall = stats.wilson(steps["n_reached"].to_numpy(), steps["n_entered"].to_numpy())
    found = {"value": step.value, "lo": step.lo, "hi": step.hi}
    total = {"overall_value": overall.value, "overall_lo": overall.lo, "overall_hi": overall.hi}
    is_entry = pl.col("step_order") == 1
    # The entry is 1 by definition: nothing is estimated there. All of a closed funnel's units enter at it.
    certain = {
        **dict.fromkeys(found, is_entry & (pl.col("n") > 0)),
        **dict.fromkeys(total, is_entry & (pl.col("n_entered") > 0) & ~pl.col("is_open")),
    }
    return (
        steps.with_columns(
            pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in {**found, **total}.items()
        )
        .with_columns(pl.when(rule).then(1.0).otherwise(pl.col(name)).alias(name) for name, rule in certain.items())
        .with_columns(
            (1 - pl.col("value")).alias("drop_off"),
            (1 - pl.col("hi")).alias("drop_off_lo"),
            (1 - pl.col("lo")).alias("drop_off_hi"),
        )
    )


def against_the_rest(steps: pl.DataFrame) -> pl.DataFrame:
    """Add each group's step conversion minus that of the breakdown's other groups, tested within the breakdown.

    Units whose group is unknown are in no rest: visitors nobody can name are in no segment, and who orders is named, so
    beside them every segment would look good. They are compared with nobody. The difference has Newcombe's interval,
    the p is of the log risk ratio, adjusted (Benjamini and Hochberg) over all groups and steps of the funnel's
    breakdown. Hidden rows and sides below MIN_TESTED units are not tested.
    """
    at = ["funnel_id", "breakdown", "step_order"]
    rest = steps.filter(pl.col("group_id") != cells.UNKNOWN).select(
        *AT,
        "step_order",
        (pl.col("n").sum().over(at) - pl.col("n")).alias("_n_rest"),
        (pl.col("_passed").sum().over(at) - pl.col("_passed")).alias("_passed_rest"),
    )
    wide = steps.join(rest, on=[*AT, "step_order"], how="left", maintain_order="left")
    n, passed, n_rest, passed_rest = (wide[name].to_numpy() for name in ("n", "_passed", "_n_rest", "_passed_rest"))
    pair = stats.two_by_two(passed, n - passed, passed_rest, n_rest - passed_rest)
    is_tested = (
        (pl.col("breakdown") != cells.COMPANY)
        & (pl.col("step_order") > 1)
        & (pl.min_horizontal("n", "_n_rest") >= MIN_TESTED)
        & ~pl.col("_hidden")
        & pl.col("p_raw").is_not_null()
    )
    names = ["vs_rest_value", "vs_rest_lo", "vs_rest_hi", "p_raw"]
    values = (pair.risk_difference.value, pair.risk_difference.lo, pair.risk_difference.hi, pair.p)
    family = pl.concat_str(pl.lit("funnel_steps"), "funnel_id", "breakdown", separator="|")
    marked = (
        wide.with_columns(
            pl.Series(name, found, pl.Float64).fill_nan(None) for name, found in zip(names, values, strict=True)
        )
        .with_columns(is_tested.alias("_tested"))
        .with_columns(
            *(pl.when("_tested").then(name).alias(name) for name in names),
            pl.when("_tested").then(family).alias("family_id"),
        )
    )
    adjusted = [
        part.with_columns(pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64))
        for part in marked.filter("_tested").partition_by("family_id")
    ]
    tested = pl.concat(adjusted) if adjusted else marked.head(0).with_columns(pl.lit(None, pl.Float64).alias("p_adj"))
    return marked.join(
        tested.select(*AT, "step_order", "p_adj", pl.len().over("family_id").cast(pl.Int64).alias("family_size")),
        on=[*AT, "step_order"],
        how="left",
    )


def _protected(steps: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Add ``_hidden``, and blank small numbers of immature, excluded and joined units.

    A step stands on the step before it: hidden there, it is hidden here. The units that join an open funnel at its
    steps add up to the entries, so where one number of them is small none of the group's is shown; what was reached
    and the rates stay, for what remains of a base beside a rate is no cell.
    """
    open_only = {
        name: pl.when("is_open").then(count) for name, count in (("_passed", "_passed"), ("_joined", "n_joined"))
    }
    marked = disclosure.protect(
        steps.with_columns(count.alias(f"_cell{name}") for name, count in open_only.items()),
        ("n_entered", "n_reached", "n_immature", "n_excluded", "_cell_passed", "_cell_joined"),
        table_by=("funnel_id", "step_order"),
        dimension="breakdown",
        group="group_id",
        period=None,
        min_cell=min_cell,
    )
    own = pl.any_horizontal("hide_n_entered", "hide_n_reached", "hide__cell_passed")
    return marked.with_columns(
        own.cast(pl.Int8).cum_max().over(AT, order_by="step_order").cast(pl.Boolean).alias("_hidden"),
        *(pl.when(~pl.col(f"hide_{name}")).then(name).alias(name) for name in ("n_immature", "n_excluded")),
        pl.when(~pl.col("hide__cell_joined").any().over(AT)).then("n_joined").alias("n_joined"),
    )


def build_funnel_steps(
    *,
    levels: pl.DataFrame,
    funnels: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of_at: datetime,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per funnel, breakdown, group and step; groups nobody entered have no rows.

    ``as_of_at`` is the instant up to which units were watched.
    """
    breakdowns = breakdowns_of(funnels)
    counts, times = [], []
    # One funnel at a time: a row a unit and funnel, and the times of all its steps, is too wide to hold twice.
    for funnel, groups in sorted(breakdowns.items()) or [("", {})]:
        whose = levels.filter(pl.col("funnel_id") == funnel)
        entered = cells.with_segments(cells.without_staff(whose, customers), membership).with_columns(
            cells.quarter_label(cells.quarter_number("entered_date")).alias("period"),
            ((pl.lit(as_of_at) - pl.col("entered_at")).dt.total_microseconds() / 1e6).alias("waited_seconds"),
        )
        counts.append(counted(entered, funnel, groups))
        times.append(durations(entered.filter(~pl.col("is_excluded")), funnels, breakdowns, min_cell=min_cell))
    defined = funnels.select("funnel_id", pl.col("step_order").cast(pl.Int64), "step", "is_open")
    steps = (
        pl.concat(counts)
        .join(defined, on=["funnel_id", "step_order"])
        .sort(*AT, "step_order")
        .with_columns(pl.col("n_reached").shift(1).over(AT).fill_null(pl.col("n_reached")).alias("n"))
        .with_columns(
            pl.when(pl.col("step_order") == 1)
            .then("n_reached")
            .otherwise(pl.col("n_reached") - pl.col("n_joined"))
            .alias("_passed")
        )
    )
    shown = (
        against_the_rest(_protected(with_rates(steps), min_cell))
        .join(pl.concat(times), on=[*AT, "step_order"], how="left")
        .with_columns(pl.lit(BASIS).alias("basis"))
    )
    table = TABLES["funnel_steps"]
    return table.conform(disclosure.blank(shown, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
