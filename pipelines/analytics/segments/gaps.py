"""Customers beside people who never bought, on the same survey questions: what others want, how they see the company.

Belongs here: the difference by question and group. Stays out: who among them could be won.

The unit is the person: who answers five surveys is one voice, their mean. A difference is told in the question's points
with Welch's interval, and in standard deviations (Hedges' g) so that questions on different scales can be ranked; below
a fifth of one it is named by nobody. Those who did not buy are a panel: whom it asks is not whom we sell to, so the
same is told by region and division as well.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.inputs import columns
from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score
from pipelines.analytics.tables import TABLES

INDEX = "acsi_style_index"
QUESTIONS = (
    "importance_price",
    "importance_convenience",
    "importance_quality",
    "importance_design",
    "importance_service",
    "expectation",
    "quality",
    "value_for_money",
    "nps",
    "ces",
)
ASKED = columns(f"customer_id is_customer region division {' '.join((*ITEMS, *QUESTIONS))}")
DIMENSIONS = ("region", "division")
ENOUGH = 30
PRACTICAL = 0.2
"""Standard deviations below which a difference is called small (Cohen 1988)."""

CELL = ["item", "dimension", "group_id"]
BASIS = "survey answers; each person's mean"


def sides(survey: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    """One row per question, dimension and group: n, mean and sd of those who did not buy, and of customers.

    The columns of customers end in ``_0``, those of the others in ``_1``.
    """
    asked = (
        cells.without_staff(survey, customers)
        .drop_nulls("is_customer")
        .with_columns(
            pl.coalesce("customer_id", pl.format("row {}", pl.int_range(pl.len()))).alias("customer_id"),
            index_score(ITEMS, WEIGHTS).alias(INDEX),
        )
    )
    items = (INDEX, *QUESTIONS)
    parts = []
    for dimension in (cells.COMPANY, *DIMENSIONS):
        group = pl.lit(cells.ALL) if dimension == cells.COMPANY else pl.col(dimension).cast(pl.String)
        persons = (
            asked.with_columns(group.fill_null(cells.UNKNOWN).alias("group_id"))
            .group_by("group_id", "customer_id", "is_customer")
            .agg(pl.col(items).mean())
            # In a fixed order: a sum of floats depends on it in the last digits.
            .sort("group_id", "customer_id")
        )
        for item in items:
            given = pl.col(item)
            parts.append(
                persons.group_by("group_id").agg(
                    pl.lit(item).alias("item"),
                    pl.lit(dimension).alias("dimension"),
                    *(
                        expression.alias(f"{name}_{int(not is_customer)}")
                        for is_customer in (True, False)
                        for side in (given.filter(pl.col("is_customer") == is_customer),)
                        for name, expression in (
                            ("n", side.count().cast(pl.Int64)),
                            ("mean", side.mean()),
                            ("sd", side.std()),
                        )
                    ),
                )
            )
    return pl.concat(parts).filter(pl.col("n_1") > 0, pl.col("n_0") > 0).sort(CELL)


def compared(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the difference with its interval and p, the levels of both sides, and the effect size with its interval."""
    n_1, mean_1, sd_1, n_0, mean_0, sd_0 = (
        frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("n_1", "mean_1", "sd_1", "n_0", "mean_0", "sd_0")
    )
    gap = stats.welch(mean_1=mean_1, sd_1=sd_1, n_1=n_1, mean_0=mean_0, sd_0=sd_0, n_0=n_0)
    effect = stats.hedges_g(mean_1=mean_1, sd_1=sd_1, n_1=n_1, mean_0=mean_0, sd_0=sd_0, n_0=n_0)
    levels = {
        "non_customers": stats.mean_interval(mean_1, sd_1, n_1),
        "customers": stats.mean_interval(mean_0, sd_0, n_0),
    }
    found = {"value": gap.value, "lo": gap.lo, "hi": gap.hi, "p_raw": gap.p}
    for name, told in {"effect_size": effect, **levels}.items():
        found |= {name: told.value, f"{name}_lo": told.lo, f"{name}_hi": told.hi}
    return frame.with_columns(pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in found.items())


def adjusted(frame: pl.DataFrame, is_tested: pl.Expr) -> pl.DataFrame:
    """Add family_id, family_size and p_adj to the rows tested; the others lose their p."""
    tested = frame.filter(is_tested & pl.col("p_raw").is_not_null())
    families = [
        part.select(
            *CELL,
            pl.concat_str(pl.lit("customer_gaps"), "dimension", separator="|").alias("family_id"),
            pl.lit(part.height, pl.Int64).alias("family_size"),
            pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64),
        )
        for part in (tested.partition_by("dimension", maintain_order=True) or [tested])
    ]
    joined = frame.join(pl.concat(families), on=CELL, how="left")
    return joined.with_columns(pl.when(pl.col("family_id").is_not_null()).then("p_raw").alias("p_raw"))


def build_customer_gaps(
    *, survey: pl.DataFrame, customers: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per question, dimension and group that both customers and others have answered."""
    table = TABLES["customer_gaps"]
    both = sides(survey, customers)
    if both.is_empty():
        return table.empty()
    marked = disclosure.protect(
        both,
        ("n_1", "n_0"),
        table_by=("item",),
        dimension="dimension",
        group="group_id",
        period=None,
        min_cell=min_cell,
    ).with_columns((pl.col("hide_n_1") | pl.col("hide_n_0")).alias("_hidden"))
    enough = pl.min_horizontal("n_1", "n_0") >= ENOUGH
    tested = adjusted(compared(marked), ~pl.col("_hidden") & enough)
    named = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("effect_size").abs() >= PRACTICAL)
    verdict = (
        pl.when("_hidden")
        .then(pl.lit("suppressed"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(named & (pl.col("value") > 0))
        .then(pl.lit("higher"))
        .when(named)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no_evidence"))
    )
    told = tested.rename({"n_1": "n", "n_0": "n_customers"}).with_columns(
        verdict.alias("verdict"), pl.lit(BASIS).alias("basis")
    )
    return table.conform(disclosure.blank(told, table, pl.col("_hidden")), as_of=as_of, run_id=run_id)
