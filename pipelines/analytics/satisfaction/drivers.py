"""Drivers of satisfaction: what goes with a high index, how well it is done, and what can be told apart.

Belongs here: the drivers, and their table. Stays out: the decomposition (importance.py).

All drivers are answers of the same survey as the index, so their importance is an association inside one mood, not an
effect; what a change of a driver would bring takes an experiment. The year before as_of is used, complete answers only.
Importance is each driver's share of what all of them explain; performance is its mean on 0-100. The quadrant holds the
one against an equal share and the other against the drivers' median: important and poor is where to work.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.satisfaction import importance
from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score
from pipelines.analytics.tables import TABLES

WINDOW_DAYS = 365
MIN_ANSWERS = 100
MAX_INFLATION = 5.0
MAX_CORRELATION = 0.7
OUTCOME = "_index"
BASIS = "survey3; association"

DRIVERS: dict[str, pl.Expr] = {
    "quality": 100 * (pl.col("quality") - 1.0) / 9,
    "value_for_money": 100 * (pl.col("value_for_money") - 1.0) / 9,
    "expectation": 100 * (pl.col("expectation") - 1.0) / 9,
    "ease": 100 * (pl.col("ces") - 1.0) / 6,
    "no_complaint": 100.0 * (~pl.col("has_complained")).cast(pl.Float64),
}
"""Every driver on 0-100, more being better."""

DIMENSIONS = ("division", "region", *cells.KEY_SCHEMES)


def complete_answers(
    survey: pl.DataFrame, customers: pl.DataFrame, membership: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Customers' answers of the year with index and every driver, and each person's bucket."""
    asked = survey.filter(
        pl.col("is_customer").fill_null(value=True)
        & pl.col("answer_date").is_between(as_of - timedelta(days=WINDOW_DAYS - 1), as_of)
    )
    scored = asked.select(
        "customer_id",
        "division",
        "region",
        index_score(ITEMS, WEIGHTS).alias(OUTCOME),
        *(score.alias(name) for name, score in DRIVERS.items()),
    ).drop_nulls([OUTCOME, *DRIVERS])
    people = cells.with_segments(cells.without_staff(scored, customers), membership)
    # Sorted, so that the order in which answers come changes no bucket and no sum.
    return people.sort("customer_id", OUTCOME, *DRIVERS).with_columns(
        ((pl.col("customer_id").rank("dense") - 1) % importance.BUCKETS).cast(pl.Int64).alias("_bucket")
    )


def groups_of(answers: pl.DataFrame) -> pl.DataFrame:
    """dimension, group_id, n of the company and every group."""
    return cells.totals(
        answers,
        {name: name for name in DIMENSIONS},
        {"n": pl.len().cast(pl.Int64)},
        day=None,
        name="dimension",
    ).sort("dimension", "group_id")


def _ends(draws: stats.Floats, value: stats.Floats) -> tuple[stats.Floats, stats.Floats]:
    """Ends of the percentile interval over the first axis, which the value itself never leaves."""
    lo, hi = np.quantile(draws, [0.025, 0.975], axis=0)
    return np.minimum(lo, value), np.maximum(hi, value)


def measured(answers: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """One row per group and driver with everything estimated; ``groups`` have enough answers."""
    names = list(DRIVERS)
    parts = []
    for dimension, group, _ in groups.select("dimension", "group_id", "n").iter_rows():
        rows = answers
        if dimension != cells.COMPANY:
            rows = answers.filter(pl.col(dimension).cast(pl.String).fill_null(cells.UNKNOWN) == group)
        summed = importance.moments(rows.select(OUTCOME, *names).to_numpy(), rows["_bucket"].to_numpy())
        parts.append(importance.resampled(summed))
    draws = np.stack(parts, axis=1)
    correlation, deviation = importance.correlations(draws)
    gains = np.clip(importance.shapley(correlation), 0.0, None)
    total = gains.sum(axis=-1, keepdims=True)
    shares = gains / np.where(total > 0, total, 1.0)
    places = importance.ranks(shares)
    raw = (
        10
        * importance.slopes(correlation)
        * deviation[..., :1]
        / np.where(deviation[..., 1:] > 0, deviation[..., 1:], np.nan)
    )
    n = draws[0, :, 0, 0][:, None]
    spread = deviation[0, :, 1:] * np.sqrt(n / (n - 1))
    level = stats.mean_interval(draws[0, :, 0, 2:] / n, spread, np.broadcast_to(n, spread.shape))
    between = np.abs(correlation[0][..., 1:, 1:] - np.eye(len(names)))
    nearest = between.argmax(axis=-1)
    inflation = importance.inflation(correlation[0])
    is_tangled = (inflation >= MAX_INFLATION) | (between.max(axis=-1) >= MAX_CORRELATION)
    share_lo, share_hi = _ends(shares[1:], shares[0])
    slope_lo, slope_hi = _ends(raw[1:], raw[0])
    rank_lo, rank_hi = _ends(places[1:].astype(float), places[0].astype(float))
    is_important = shares[0] >= shares[0].mean(axis=-1, keepdims=True)
    is_good = level.value >= np.median(level.value, axis=-1, keepdims=True)
    quadrant = np.where(
        is_important, np.where(is_good, "keep_up", "concentrate_here"), np.where(is_good, "no_gain", "low_priority")
    )
    found = {
        "value": shares[0],
        "lo": share_lo,
        "hi": share_hi,
        "r_squared": np.broadcast_to(total[0], shares[0].shape),
        "rank": places[0],
        "rank_lo": np.floor(rank_lo),
        "rank_hi": np.ceil(rank_hi),
        "rank_stability": (places[1:] == places[0]).mean(axis=0),
        "slope": raw[0],
        "slope_lo": slope_lo,
        "slope_hi": slope_hi,
        "performance": level.value,
        "performance_lo": np.clip(level.lo, 0, 100),
        "performance_hi": np.clip(level.hi, 0, 100),
        "variance_inflation": inflation,
        "is_separable": ~is_tangled,
        "tangled_with": np.where(is_tangled, np.array(names)[nearest], ""),
        "quadrant": quadrant,
    }
    repeated = groups.select(pl.all().repeat_by(len(names)).explode())
    return repeated.with_columns(
        pl.Series("driver", names * groups.height),
        *(pl.Series(name, np.ascontiguousarray(values).reshape(-1)) for name, values in found.items()),
    ).with_columns(pl.when(pl.col("tangled_with") != "").then("tangled_with").alias("tangled_with"))


def build_satisfaction_drivers(
    *,
    survey: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per driver, dimension and group with a complete answer in the year before as_of."""
    table = TABLES["satisfaction_drivers"]
    answers = complete_answers(survey, customers, membership, as_of)
    if answers.is_empty():
        return table.empty()
    marked = disclosure.protect(
        groups_of(answers),
        ("n",),
        table_by=(),
        dimension="dimension",
        group="group_id",
        period=None,
        min_cell=min_cell,
    ).rename({"hide_n": "suppressed"})
    drivers = pl.DataFrame({"driver": list(DRIVERS)})
    enough = marked.filter((pl.col("n") >= MIN_ANSWERS) & ~pl.col("suppressed"))
    shown = marked.join(drivers, how="cross")
    if enough.height:
        estimates = measured(answers, enough).drop("n", "suppressed")
        shown = shown.join(estimates, on=["dimension", "group_id", "driver"], how="left")
    else:
        shown = shown.with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in shown.columns
        )
    status = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("n") < MIN_ANSWERS)
        .then(pl.lit("insufficient_n"))
        .otherwise(pl.lit("measured"))
    )
    told = shown.with_columns(status.alias("status"), pl.lit(BASIS).alias("basis"))
    return table.conform(disclosure.blank(told, table, pl.col("suppressed")), as_of=as_of, run_id=run_id)
