"""Retention: which part of a cohort is active again k months later, and which part of the buyers ever buys again.

Belongs here: cohorts by month of the first order and by first stage, the triangle of months, the repeat-purchase rate.
Stays out: what counts as activity or as a stage (models). Only months that are over count; cohorts that are too young
for a number are counted aside and in no rate.

A cohort too small to be shown, or that would give one away, is left out of the sums over cohorts as well: as k grows
the sums lose a cohort at a time, and their differences are the cohorts.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

BREAKDOWNS = ("region", "first_stage")
REPEAT_DAYS = 365
REPEAT_MONTHS = 12
ORDERED, ACTIVE, REPEATED = "order_retention", "active_retention", "repeat_purchase_rate"
BASES = {
    ORDERED: "first order; ordered again in the month",
    ACTIVE: "first evidence of a stage; order, session or ticket in the month",
    REPEATED: "first order; second order within 365 days",
}
AT = ["metric_id", "breakdown", "group_id", "cohort"]


def month_number(day: str) -> pl.Expr:
    """Months counted from year 0."""
    return pl.col(day).dt.year().cast(pl.Int64) * 12 + pl.col(day).dt.month().cast(pl.Int64) - 1


def month_label(number: pl.Expr) -> pl.Expr:
    """2026-10 from a month number."""
    return pl.format("{}-{}", number // 12, (number % 12 + 1).cast(pl.String).str.zfill(2))


def by_group(people: pl.DataFrame) -> pl.DataFrame:
    """Each person once for the company and once for each breakdown."""
    parts = [people.with_columns(pl.lit(cells.COMPANY).alias("breakdown"), pl.lit(cells.ALL).alias("group_id"))]
    parts += [
        people.with_columns(pl.lit(name).alias("breakdown"), pl.col(name).fill_null(cells.UNKNOWN).alias("group_id"))
        for name in BREAKDOWNS
    ]
    return pl.concat(parts).drop(BREAKDOWNS)


def cohorts(grouped: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """Size of each cohort of each group, and whether it is hidden."""
    sizes = (
        grouped.group_by("breakdown", "group_id", "_month")
        .agg(pl.len().cast(pl.Int64).alias("n"))
        .with_columns(month_label(pl.col("_month")).alias("cohort"))
    )
    return disclosure.protect(
        sizes, ("n",), table_by=(), dimension="breakdown", group="group_id", period="cohort", min_cell=min_cell
    )


def pooled(each: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Sums over the shown cohorts old enough for the month; the younger ones are counted aside."""
    group = ["breakdown", "group_id"]
    total = shown.group_by(group).agg(pl.col("n").sum().alias("_total"))
    return (
        each.filter(~pl.col("hide_n"))
        .group_by(*group, "months_since")
        .agg(pl.col("n").sum(), pl.col("_active").sum())
        .join(total, on=group)
        .with_columns(
            pl.lit(cells.ALL).alias("cohort"),
            (pl.col("_total") - pl.col("n")).alias("n_immature"),
            pl.lit(value=False).alias("hide_n"),
        )
    )


def triangle(metric: str, people: pl.DataFrame, active: pl.DataFrame, last_month: int, min_cell: int) -> pl.DataFrame:
    """Rows of one metric from persons (customer_id, _month of the cohort, breakdowns) and the months they count in.

    ``active`` has customer_id and months_since. Cohorts one by one for the company, their sums for every group.
    """
    grouped = by_group(people.filter(pl.col("_month") <= last_month))
    key = ["breakdown", "group_id", "_month"]
    sizes = cohorts(grouped, min_cell)
    months = active.select(pl.col("months_since").unique()).filter(pl.col("months_since") >= 0)
    seen = (
        grouped.join(active, on="customer_id")
        .group_by(*key, "months_since")
        .agg(pl.len().cast(pl.Int64).alias("_active"))
    )
    each = (
        sizes.join(months, how="cross")
        .filter(pl.col("_month") + pl.col("months_since") <= last_month)
        .join(seen, on=[*key, "months_since"], how="left")
        .with_columns(pl.col("_active").fill_null(0), pl.lit(0, pl.Int64).alias("n_immature"))
    )
    names = ["breakdown", "group_id", "cohort", "months_since", "n", "_active", "n_immature", "hide_n"]
    single = each.filter(pl.col("breakdown") == cells.COMPANY)
    rows = pl.concat([pooled(each, sizes.filter(~pl.col("hide_n"))).select(names), single.select(names)])
    return rows.with_columns(pl.lit(metric).alias("metric_id"))


def since(people: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Months of activity counted from the month of the person's cohort."""
    joined = months.join(people.select("customer_id", "_month"), on="customer_id")
    return joined.select("customer_id", (pl.col("month_number") - pl.col("_month")).alias("months_since"))


def build_retention(
    *,
    orders: pl.DataFrame,
    months: pl.DataFrame,
    stages: pl.DataFrame,
    customers: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per metric, breakdown, group, cohort and month since; months that are not over have no rows."""
    valid = orders.filter("is_valid").drop_nulls("customer_id").sort("customer_id", "order_date")
    buyers = valid.group_by("customer_id", maintain_order=True).agg(
        pl.col("order_date").first().alias("_first"), pl.col("order_date").slice(1, 1).first().alias("_second")
    )
    who = customers.filter(~pl.col("is_staff")).select("customer_id", "region")
    who = who.join(stages, on="customer_id", how="left")
    buyers = who.join(buyers, on="customer_id").with_columns(month_number("_first").alias("_month"))
    seen = who.drop_nulls("first_stage_date").with_columns(month_number("first_stage_date").alias("_month"))
    next_day = as_of + timedelta(days=1)
    last_month = next_day.year * 12 + next_day.month - 2
    # A cohort whose twelfth month is over has all its 365 days behind it.
    again = buyers.filter(pl.col("_second") <= pl.col("_first") + pl.duration(days=REPEAT_DAYS)).select(
        "customer_id", pl.lit(REPEAT_MONTHS, pl.Int64).alias("months_since")
    )
    names = [*AT, "months_since", "n", "_active", "n_immature", "hide_n"]
    rows = pl.concat(
        triangle(metric, people.select("customer_id", "_month", *BREAKDOWNS), active, last_month, min_cell).select(
            names
        )
        for metric, people, active in (
            (ORDERED, buyers, since(buyers, months.filter("has_order"))),
            (ACTIVE, seen, since(seen, months)),
            (REPEATED, buyers, again),
        )
    )
    share = stats.wilson(rows["_active"].to_numpy(), rows["n"].to_numpy())
    rows = rows.with_columns(
        *(
            pl.Series(name, values, pl.Float64).fill_nan(None)
            for name, values in (("value", share.value), ("lo", share.lo), ("hi", share.hi))
        ),
        pl.col("metric_id").replace_strict(BASES, return_dtype=pl.String).alias("basis"),
    )
    table = TABLES["retention"]
    return table.conform(disclosure.blank(rows, table, pl.col("hide_n")), as_of=as_of, run_id=run_id)
