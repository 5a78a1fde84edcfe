"""Changes against changes: did one group's score move otherwise than another's, and did the groups' at all.

Belongs here: pairs of the changes of satisfaction_deltas. Stays out: the changes themselves (deltas.py).

The delta of deltas is D = change of a - change of b, of two groups of one metric, basis, dimension and quarter; its
error is the root of the two squared errors, for no answer belongs to both. Only changes that were tested (30 answers on
each side, shown) are paired, so a pair tells no count the changes do not. Cochran's Q asks the question before the
pairs: are the changes of the dimension different at all.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import stats
from pipelines.analytics.satisfaction.deltas import FALSE_DISCOVERY_RATE
from pipelines.analytics.satisfaction.scores import METRICS
from pipelines.analytics.tables import TABLES

FAMILY = ("metric_id", "basis", "dimension", "period")


def heterogeneity(changes: pl.DataFrame) -> pl.DataFrame:
    """Cochran's Q of each family of changes: the keys, heterogeneity_q, _df and _p. ``changes`` has value and _se."""
    weight = 1 / pl.col("_se") ** 2
    mean = (weight * pl.col("value")).sum() / weight.sum()
    found = changes.group_by(FAMILY).agg(
        (weight * (pl.col("value") - mean) ** 2).sum().alias("heterogeneity_q"),
        (pl.len() - 1).cast(pl.Int64).alias("heterogeneity_df"),
    )
    p = stats.chi_square_p(found["heterogeneity_q"].to_numpy(), found["heterogeneity_df"].to_numpy())
    return found.with_columns(pl.Series("heterogeneity_p", p, pl.Float64))


def pairs_of(changes: pl.DataFrame) -> pl.DataFrame:
    """Every two changes of a family beside each other, the second's columns ending in _b."""
    keyed = changes.select(*FAMILY, "group_id", "value", "_se", "n", "n_previous")
    return keyed.join(keyed, on=FAMILY, suffix="_b").filter(pl.col("group_id") < pl.col("group_id_b"))


def build_satisfaction_delta_pairs(*, deltas: pl.DataFrame, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """One row per two groups of a dimension whose changes in a quarter were both tested.

    ``min_cell`` plays no part: the changes paired are shown ones.
    """
    del min_cell
    practical = pl.DataFrame(
        [(metric.metric_id, metric.basis, metric.practical) for metric in METRICS],
        schema={"metric_id": pl.String, "basis": pl.String, "_practical": pl.Float64},
        orient="row",
    )
    changes = deltas.filter(pl.col("p_raw").is_not_null() & (pl.col("minimum_detectable") > 0)).with_columns(
        (pl.col("minimum_detectable") / stats.DETECTABLE).alias("_se")
    )
    pairs = pairs_of(changes)
    against = stats.z_difference(*(pairs[name].to_numpy() for name in ("value", "_se", "value_b", "_se_b")))
    found = {"value": against.value, "lo": against.lo, "hi": against.hi, "p_raw": against.p}
    framed = pairs.with_columns(pl.Series(name, values, pl.Float64) for name, values in found.items()).with_columns(
        pl.Series("minimum_detectable", stats.minimum_detectable(against.se), pl.Float64),
        pl.concat_str(FAMILY, separator="|").alias("family_id"),
    )
    adjusted = pl.concat(
        part.with_columns(pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64))
        for part in framed.partition_by("family_id", maintain_order=True) or [framed]
    )
    is_apart = (pl.col("p_adj") <= FALSE_DISCOVERY_RATE) & (pl.col("value").abs() >= pl.col("_practical"))
    table = TABLES["satisfaction_delta_pairs"]
    shown = (
        adjusted.join(practical, on=["metric_id", "basis"], how="left")
        .join(heterogeneity(changes), on=FAMILY, how="left")
        .with_columns(
            pl.col("group_id_b").alias("other_group"),
            pl.min_horizontal("n", "n_previous", "n_b", "n_previous_b").alias("n"),
            pl.len().over("family_id").alias("family_size"),
            pl.lit(value=False).alias("suppressed"),
            pl.when(is_apart & (pl.col("value") > 0))
            .then(pl.lit("higher"))
            .when(is_apart)
            .then(pl.lit("lower"))
            .otherwise(pl.lit("no_evidence"))
            .alias("verdict"),
        )
    )
    return table.conform(shown, as_of=as_of, run_id=run_id)
