"""Money and deeds beside satisfaction: a point's worth, what observed changes are worth, and whether words are kept.

Belongs here: the table of it. Stays out: the regressions (spend.py) and the changes (deltas.py).

A point's worth is an association: nobody was made more content at random. It is told with its placebo, which would find
the same where something else moves both. What a change is worth = change x share of spend per point x the group's net
revenue of the year to as_of, change and slope taken as independent: the size of what goes with it, a year, at today's
revenue. Say and do: of those who would recommend and those who would not, how many bought in the half-year
after they said so, each person's latest answer that old.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.analytics import cells, stats
from pipelines.analytics.satisfaction import spend
from pipelines.analytics.satisfaction.spend import Fit
from pipelines.analytics.tables import TABLES

YEAR_DAYS = 365
SAY_DO_DAYS = 180
GROUPS = ("promoter", "passive", "detractor")
UNITS = {
    "spend_per_point": "% of spend",
    "order_size_per_point": "% of spend of buyers",
    "buying_per_point": "percentage points of buyers",
}
REVENUE_OF = {"division": "main_division", "product_line": "main_product_line", "region": "region"}


@dataclass(frozen=True)
class Deeds:
    """What the table is made of besides the answers: order days, orders, membership and the published changes."""

    days: pl.DataFrame
    orders: pl.DataFrame
    membership: pl.DataFrame
    deltas: pl.DataFrame


def in_percent(fit: Fit | None, measure: str) -> stats.Interval:
    """The slope in percent (of a logarithm) or percentage points (of a share); NaN without a fit."""
    ends = np.array([fit.value, fit.lo, fit.hi]) if fit else np.full(3, np.nan)
    shown = 100 * (ends if measure == "buying_per_point" else np.expm1(ends))
    return stats.Interval(*(np.asarray(end) for end in shown))


def slopes(fits: dict[str, Fit | None]) -> pl.DataFrame:
    """One row per outcome: what goes with a point, and the placebo."""
    rows = []
    for measure, unit in UNITS.items():
        fit, placebo = fits[measure], fits[f"{measure}_placebo"]
        shown, held = in_percent(fit, measure), in_percent(placebo, measure)
        is_clean = placebo is not None and placebo.lo <= 0 <= placebo.hi
        rows.append(
            {
                "measure": measure,
                "unit": unit,
                **{name: float(getattr(shown, name)) for name in ("value", "lo", "hi")},
                "n": fit.n if fit else None,
                "placebo": float(held.value),
                "placebo_lo": float(held.lo),
                "placebo_hi": float(held.hi),
                "placebo_verdict": "none" if placebo is None else "clean" if is_clean else "not_clean",
            }
        )
    return pl.DataFrame(
        rows, schema_overrides={"n": pl.Int64, **dict.fromkeys(("value", "lo", "hi"), pl.Float64)}
    ).with_columns(pl.lit(cells.COMPANY).alias("dimension"), pl.lit(cells.ALL).alias("group_id"))


def revenue(deeds: Deeds, as_of: date) -> pl.DataFrame:
    """Net revenue of the 365 days to as_of by dimension and group: dimension, group_id, base_amount_reporting."""
    recent = deeds.orders.filter(
        pl.col("is_valid") & pl.col("order_date").is_between(as_of - timedelta(days=YEAR_DAYS - 1), as_of)
    )
    placed = cells.with_segments(recent, deeds.membership)
    summed = cells.totals(
        placed,
        {**REVENUE_OF, **{scheme: scheme for scheme in cells.KEY_SCHEMES}},
        {"base_amount_reporting": pl.col("net_amount_reporting").sum()},
        day=None,
        name="dimension",
    )
    return summed.filter(pl.col("base_amount_reporting") > 0)


def worth(point: Fit | None, base: pl.DataFrame, deltas: pl.DataFrame) -> pl.DataFrame:
    """What a point goes with in a year, and what each shown change of the index does; empty without a fit."""
    if point is None:
        return pl.DataFrame()
    share, error = float(np.expm1(point.value)), float(np.exp(point.value)) * point.se
    amount = pl.col("base_amount_reporting")
    year = base.filter(pl.col("dimension") == cells.COMPANY).select(
        pl.lit("value_of_point_year").alias("measure"),
        "dimension",
        "group_id",
        "base_amount_reporting",
        (share * amount).alias("value"),
        (float(np.expm1(point.lo)) * amount).alias("lo"),
        (float(np.expm1(point.hi)) * amount).alias("hi"),
        pl.lit(point.n, pl.Int64).alias("n"),
    )
    changed = deltas.filter(
        (pl.col("metric_id") == "acsi_style_index") & (pl.col("basis") == "survey3") & pl.col("value").is_not_null()
    ).join(base, on=["dimension", "group_id"])
    change, change_error = pl.col("value"), pl.col("minimum_detectable") / stats.DETECTABLE
    spread = ((share * change_error) ** 2 + (change * error) ** 2 + (change_error * error) ** 2).sqrt()
    middle, half = change * share * amount, stats.Z95 * spread * amount
    impacts = changed.select(
        pl.lit("impact_of_change").alias("measure"),
        "dimension",
        "group_id",
        "period",
        "base_amount_reporting",
        middle.alias("value"),
        (middle - half).alias("lo"),
        (middle + half).alias("hi"),
        "n",
        change.alias("change"),
        pl.col("verdict").alias("change_verdict"),
    )
    return pl.concat([year, impacts], how="diagonal").with_columns(pl.lit("reporting currency a year").alias("unit"))


def say_and_do(
    survey: pl.DataFrame, customers: pl.DataFrame, days: pl.DataFrame, as_of: date, min_cell: int
) -> pl.DataFrame:
    """Share of promoters, passives and detractors who bought after saying so, and the gap of the first and the last."""
    due = pl.col("answer_date") + timedelta(days=SAY_DO_DAYS) <= as_of
    asked = survey.filter(pl.col("is_customer").fill_null(value=True) & pl.col("nps").is_not_null() & due)
    said = (
        cells.without_staff(asked, customers)
        .group_by("customer_id")
        .agg(pl.col("answer_date", "nps").sort_by("answer_date", "nps").last())
        .with_columns(
            pl.when(pl.col("nps") >= 9)
            .then(pl.lit(GROUPS[0]))
            .when(pl.col("nps") >= 7)
            .then(pl.lit(GROUPS[1]))
            .otherwise(pl.lit(GROUPS[2]))
            .alias("group_id")
        )
    )
    later = said.join(days, on="customer_id").filter(
        (pl.col("order_date") > pl.col("answer_date"))
        & (pl.col("order_date") <= pl.col("answer_date") + timedelta(days=SAY_DO_DAYS))
    )
    told = said.with_columns(pl.col("customer_id").is_in(later["customer_id"].unique().implode()).alias("_bought"))
    counted = (
        told.group_by("group_id").agg(pl.len().cast(pl.Int64).alias("n"), pl.col("_bought").sum()).sort("group_id")
    )
    if counted.is_empty():
        return pl.DataFrame()
    # Three groups make their total: where one is small, none is shown.
    is_hidden = bool((counted["n"] < min_cell).any())
    shares = stats.wilson(counted["_bought"].to_numpy(), counted["n"].to_numpy())
    rows = counted.with_columns(
        pl.lit("bought_after_saying").alias("measure"),
        pl.lit("share of customers").alias("unit"),
        *(pl.Series(name, getattr(shares, name), pl.Float64) for name in ("value", "lo", "hi")),
    )
    both = {group: (bought, n) for group, n, bought in counted.select("group_id", "n", "_bought").iter_rows()}
    if {GROUPS[0], GROUPS[2]} <= set(both):
        (yes, n_yes), (no, n_no) = both[GROUPS[0]], both[GROUPS[2]]
        gap = stats.two_by_two(yes, n_yes - yes, no, n_no - no).risk_difference
        gap_row = {
            "measure": "say_do_gap",
            "unit": "share of customers",
            "group_id": cells.ALL,
            "n": n_yes + n_no,
            **{name: float(getattr(gap, name)) for name in ("value", "lo", "hi")},
        }
        rows = pl.concat([rows, pl.DataFrame([gap_row])], how="diagonal_relaxed")
    return rows.with_columns(pl.lit("nps_group").alias("dimension"), pl.lit(is_hidden).alias("suppressed"))


def build_satisfaction_value(
    *, survey: pl.DataFrame, customers: pl.DataFrame, deeds: Deeds, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per measure, dimension, group and period."""
    table = TABLES["satisfaction_value"]
    quarters = spend.person_quarters(survey, customers, deeds.days, cells.last_complete_quarter(as_of))
    fits = spend.fits(quarters)
    told = slopes(fits)
    is_clean = told["placebo_verdict"][0] == "clean"
    rest = "survey3; association" if is_clean else "survey3; association, placebo not clean"
    parts = [told, worth(fits["spend_per_point"], revenue(deeds, as_of), deeds.deltas)]
    modelled = pl.concat([part for part in parts if part.width], how="diagonal_relaxed").with_columns(
        pl.lit(rest).alias("basis")
    )
    said = say_and_do(survey, customers, deeds.days, as_of, min_cell)
    if said.width:
        said = said.with_columns(pl.lit("nps_item; orders").alias("basis"))
    empty = table.empty().drop("as_of", "run_id")
    frame = pl.concat([empty, modelled, *([said] if said.width else [])], how="diagonal_relaxed").with_columns(
        pl.col("period").fill_null(cells.ALL), pl.col("suppressed").fill_null(value=False)
    )
    numbers = ["value", "lo", "hi", "n"]
    hidden = pl.col("suppressed")
    status = (
        pl.when(hidden)
        .then(pl.lit("suppressed"))
        .when(pl.col("value").is_nan() | pl.col("value").is_null())
        .then(pl.lit("insufficient_n"))
        .otherwise(pl.lit("measured"))
    )
    shown = frame.with_columns(
        status.alias("status"), *(pl.when(~hidden).then(pl.col(name)).alias(name) for name in numbers)
    )
    return table.conform(shown, as_of=as_of, run_id=run_id)
