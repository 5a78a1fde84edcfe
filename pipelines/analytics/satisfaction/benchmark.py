"""The company's index beside published ones of the same year.

Belongs here: the comparison. Stays out: the company's scores (scores.py) and the published numbers (a dated seed).

A published index is a number without an error here: nobody tells how many were asked. It is the registered ACSI, with
weights and interviews of its own; ours is ACSI-style, of our own survey. The gap tells where the company stands, not
by how much to the point, and years are never compared across.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, stats
from pipelines.analytics.satisfaction.deltas import MIN_ANSWERS
from pipelines.analytics.tables import TABLES

PRACTICAL = 2.0


def index_by_year(scores: pl.DataFrame) -> pl.DataFrame:
    """The company's three-item index by year, over the quarters shown: year, quarters, n, company_value, sd."""
    company = scores.filter(
        (pl.col("metric_id") == "acsi_style_index")
        & (pl.col("basis") == "survey3")
        & (pl.col("dimension") == cells.COMPANY)
        & (pl.col("period") != cells.ALL)
        & ~pl.col("suppressed")
    )
    n, mean = pl.col("n"), pl.col("value")
    squares = (n - 1) * pl.col("sd").fill_null(0.0) ** 2 + n * mean**2
    summed = (
        company.sort("period")
        .group_by(pl.col("period").str.slice(0, 4).cast(pl.Int64).alias("year"), maintain_order=True)
        .agg(
            pl.col("period").str.join(" ").alias("quarters"),
            (n * mean).sum().alias("_total"),
            squares.sum().alias("_squares"),
            n.sum(),
        )
    )
    spread = (pl.col("_squares") - pl.col("_total") ** 2 / n).clip(lower_bound=0.0)
    return summed.with_columns(
        (pl.col("_total") / n).alias("company_value"), pl.when(n >= 2).then((spread / (n - 1)).sqrt()).alias("sd")
    )


def build_satisfaction_benchmark(
    *, scores: pl.DataFrame, benchmarks: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per published index and year in which the company has an index of its own.

    ``min_cell`` plays no part: sums of shown quarters are no smaller than they.
    """
    del min_cell
    published = benchmarks.select(
        "benchmark", "sector", "level", "year", pl.col("value").alias("benchmark_value"), "source"
    )
    both = published.with_columns(pl.col("year").cast(pl.Int64)).join(index_by_year(scores), on="year")
    own = stats.mean_interval(both["company_value"].to_numpy(), both["sd"].to_numpy(), both["n"].to_numpy())
    gap = pl.col("benchmark_value")
    found = both.with_columns(
        (pl.Series(values, dtype=pl.Float64) - both["benchmark_value"]).alias(name)
        for name, values in (("value", own.value), ("lo", own.lo), ("hi", own.hi))
    ).with_columns(
        pl.lit("survey3").alias("basis"), pl.lit(value=False).alias("suppressed"), gap.alias("benchmark_value")
    )
    is_told = pl.col("n") >= MIN_ANSWERS
    verdicts = found.with_columns(
        pl.when(~is_told)
        .then(pl.lit("insufficient_n"))
        .when((pl.col("lo") > 0) & (pl.col("value") >= PRACTICAL))
        .then(pl.lit("above"))
        .when((pl.col("hi") < 0) & (pl.col("value") <= -PRACTICAL))
        .then(pl.lit("below"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict")
    )
    return TABLES["satisfaction_benchmark"].conform(verdicts, as_of=as_of, run_id=run_id)
