"""Weights that make those who answered look like the customers the company has.

Belongs here: the customer base, raking, and weighted sums. Stays out: what a score is (scores.py).

Each quarter's answers to a metric are raked to the base of as_of by region and by lifecycle segment: regions alone and
segments alone come to agree, their combinations need not, for many of them have no answer. A group nobody of the
quarter belongs to cannot be weighted up; the others take its share. Who is not of the base (no known order, not
identified, staff) has no weight: the weighted score speaks for known buyers, the plain one for all who answered.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.analytics import cells, stats

SCHEME = "lifecycle"
MARGINS = ("_base_region", "_base_segment")
QUARTER = "_base_quarter"
WEIGHT = "_weight"
SUMS = ("weight", "weight_squares", "weighted_total", "weighted_squares", "weighted_positive", "weighted_negative")


def customer_base(customers: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Identified customers with an order, staff left out: customer_id and both margins."""
    bought = customers.filter(pl.col("is_identified") & ~pl.col("is_staff") & (pl.col("n_orders") > 0))
    segment = membership.filter(pl.col("scheme_id") == SCHEME).select(
        "customer_id", pl.col("segment_id").alias(MARGINS[1])
    )
    return bought.select("customer_id", pl.col("region").fill_null(cells.UNKNOWN).alias(MARGINS[0])).join(
        segment, on="customer_id"
    )


def with_base(answers: pl.DataFrame, base: pl.DataFrame) -> pl.DataFrame:
    """Add the keys of raking: quarter, and the person's region and segment in the base; null where not of the base."""
    keyed = answers.with_columns(cells.quarter_number("day").alias(QUARTER))
    return keyed.join(base, on="customer_id", how="left", maintain_order="left")


def with_weights(answers: pl.DataFrame, is_scored: pl.Expr, base: pl.DataFrame) -> pl.DataFrame:
    """Add ``_weight``, on average 1 a quarter: null where the metric has no score, or the person is not of the base."""
    keys = [QUARTER, *MARGINS]
    is_raked = is_scored & pl.col(MARGINS[0]).is_not_null()
    counted = answers.filter(is_raked).group_by(keys).len().sort(keys)
    weights = counted.select(keys).with_columns(pl.Series(WEIGHT, _raked(counted, base), pl.Float64).fill_nan(None))
    placed = answers.join(weights, on=keys, how="left", maintain_order="left")
    return placed.with_columns(pl.when(is_raked).then(WEIGHT).alias(WEIGHT))


def _raked(counted: pl.DataFrame, base: pl.DataFrame) -> stats.Floats:
    """A weight for each row of answers counted by quarter and both margins."""
    if counted.is_empty():
        return np.empty(0)
    axes = [counted[name].unique().sort() for name in counted.columns[:3]]
    places = [
        counted[name].replace_strict(values, range(len(values)), return_dtype=pl.Int64).to_numpy()
        for name, values in zip(counted.columns, axes, strict=False)
    ]
    answered = np.zeros([len(values) for values in axes])
    answered[*places] = counted["len"].to_numpy()
    shares = [
        base.group_by(name).len().join(pl.DataFrame({name: values}), on=name, how="right")["len"].to_numpy()
        for name, values in zip(MARGINS, axes[1:], strict=True)
    ]
    weights: stats.Floats = stats.rake(answered, shares[0], shares[1])[*places]
    return weights


def sums_of(scored: pl.Expr, positive: pl.Expr, negative: pl.Expr) -> dict[str, pl.Expr]:
    """Weighted sums of a score, for ``cells.totals``; named as in ``SUMS``."""
    weight = pl.when(scored).then(pl.col(WEIGHT))
    parts = (
        weight,
        weight**2,
        weight * pl.col("_score"),
        weight * pl.col("_score") ** 2,
        weight * (scored & positive).cast(pl.Float64),
        weight * (scored & negative).cast(pl.Float64),
    )
    return {name: part.sum() for name, part in zip(SUMS, parts, strict=True)}


def weighted_moments(frame: pl.DataFrame) -> pl.DataFrame:
    """The sums as moments: n (effective), mean, sd, positive and negative (effective); null without weights."""
    weight = pl.when(pl.col("weight") > 0).then(pl.col("weight"))
    mean = pl.col("weighted_total") / weight
    n = pl.col("weight") ** 2 / pl.when(pl.col("weight") > 0).then(pl.col("weight_squares"))
    spread = (pl.col("weighted_squares") / weight - mean**2).clip(lower_bound=0.0)
    return frame.select(
        n.alias("n"),
        mean.alias("mean"),
        pl.when(n > 1).then((spread * n / (n - 1)).sqrt()).alias("sd"),
        (pl.col("weighted_positive") / weight * n).alias("positive"),
        (pl.col("weighted_negative") / weight * n).alias("negative"),
    )
