"""What sets a segment apart: shares and means of its people beside everybody else, with effect size and test.

Belongs here: the two kinds of line a persona counts itself. Stays out: which lines a persona has (``personas.py``).

A share is told with the index of ``affinity.py`` (100 is as everybody), a mean with Hedges' g, its distance from the
rest in standard deviations; the unit of both is the person. Below a tenth or a fifth nobody names a difference.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.segments import affinity
from pipelines.analytics.segments.gaps import ENOUGH, PRACTICAL

AT, ITEM = affinity.AT, affinity.ITEM
BASE = "_base"
"""Item of everybody who counts in a dimension; it has no line."""


def shares(uses: pl.DataFrame, members: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """One row per segment, dimension and item of ``uses`` (customer_id, dimension, item): share, index and verdict."""
    counted = uses.unique().with_columns(n_uses=pl.lit(1), n_chances=pl.lit(1))
    marked = affinity.guarded(affinity.moments(counted, members).filter(pl.col("item") != BASE), min_cell)
    enough = (pl.col("n") >= affinity.ENOUGH) & (pl.col("_expected") >= affinity.ENOUGH_USES)
    is_tested = affinity.IS_SEGMENT & ~pl.col("_hidden") & enough
    told = affinity.adjusted(affinity.compared(marked), is_tested, "personas")
    named = affinity.with_verdicts(told.with_columns(pl.col("_hidden").alias("suppressed")))
    return named.filter(affinity.IS_SEGMENT).select(
        *AT,
        pl.col("dimension").alias("section"),
        "item",
        pl.lit("share").alias("unit"),
        pl.col("value").alias("index"),
        pl.col("lo").alias("index_lo"),
        pl.col("hi").alias("index_hi"),
        pl.col("rate").alias("value"),
        pl.col("rate_lo").alias("lo"),
        pl.col("rate_hi").alias("hi"),
        pl.col("company_rate").alias("everybody"),
        "n",
        "p_adj",
        "suppressed",
        as_side("verdict"),
    )


def as_side(verdict: str) -> pl.Expr:
    """Words of indices as words of differences."""
    return pl.col(verdict).replace({"over_used": "higher", "under_used": "lower"})


def means(known: Iterable[pl.DataFrame], members: pl.DataFrame, min_cell: int) -> pl.DataFrame:
    """One row per segment and item of ``known``: mean, effect, verdict.

    ``known`` has a frame an item (customer_id, section, item, unit, score), so that not all of everybody's items are in
    memory at once.
    """
    key = [*AT, "section", "item", "unit"]
    y = pl.col("score")

    def summed(people: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        return people.group_by(by, maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("n"), y.sum().alias("y"), (y * y).sum().alias("yy")
        )

    everybody, of_segments = members.select("customer_id").unique(), members.select("customer_id", *AT)
    company_parts, own_parts = [], []
    for part in known:
        base = part.drop_nulls("score").join(everybody, on="customer_id", how="semi").sort("customer_id")
        company_parts.append(summed(base, key[2:]))
        own_parts.append(summed(of_segments.join(base, on="customer_id", maintain_order="right"), key))
    of_all, own = pl.concat(company_parts), pl.concat(own_parts)
    company = of_all.with_columns(pl.lit(cells.COMPANY).alias("scheme_id"), pl.lit(cells.ALL).alias("segment_id"))
    marked = disclosure.protect(
        pl.concat([own, company.select(own.columns)]),
        ("n",),
        table_by=("section", "item"),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).filter(pl.col("scheme_id") != cells.COMPANY)
    both = marked.join(of_all, on=key[2:], suffix="_all").sort(key)
    n, total, squares, n_all, total_all, squares_all = (
        both[name].cast(pl.Float64).to_numpy() for name in ("n", "y", "yy", "n_all", "y_all", "yy_all")
    )
    (mean, sd), (rest, rest_sd) = (
        _moments(n, total, squares),
        _moments(n_all - n, total_all - total, squares_all - squares),
    )
    sides = {"mean_1": mean, "sd_1": sd, "n_1": n, "mean_0": rest, "sd_0": rest_sd, "n_0": n_all - n}
    level, gap, effect = stats.mean_interval(mean, sd, n), stats.welch(**sides), stats.hedges_g(**sides)
    is_tested = ~both["hide_n"].to_numpy() & (np.minimum(n, n_all - n) >= ENOUGH)
    p = stats.benjamini_hochberg(np.where(is_tested, gap.p, np.nan))
    named = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("effect_size").abs() >= PRACTICAL)
    found = {"value": level.value, "lo": level.lo, "hi": level.hi, "everybody": total_all / n_all, "p_adj": p}
    found |= {"effect_size": effect.value, "effect_size_lo": effect.lo, "effect_size_hi": effect.hi}
    return both.with_columns(
        *(pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in found.items()),
        pl.col("hide_n").alias("suppressed"),
    ).select(
        *key,
        "n",
        *found,
        "suppressed",
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(named & (pl.col("effect_size") > 0))
        .then(pl.lit("higher"))
        .when(named)
        .then(pl.lit("lower"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict"),
    )


def _moments(n: stats.Floats, total: stats.Floats, squares: stats.Floats) -> tuple[stats.Floats, stats.Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: stats.Floats = total / n
        sd: stats.Floats = np.sqrt(np.maximum(squares - total * mean, 0.0) / (n - 1))
    return mean, sd
