"""What a persona has of journeys: the ways on which its people come to buy, and what hurts them most on the way.

Belongs here: which ways and pains are told of a segment. Stays out: the other lines (``personas.py``), and how pains
are found and costed (``carts/pains.py``).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics import cells, stats
from pipelines.analytics.segments import affinity, differences

AT = affinity.AT
WAY = "way"
MOST_WAYS = 4
"""Ways to a purchase a segment brings in: its most common ones; each is then counted in every segment."""
MOST_PAINS = 5
MET, COST = "pain_met", "pain_cost"


def ways(variants: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """customer_id, dimension and item: the ways people went; everybody who bought on any is the base."""
    people = pl.col("customer_id").n_unique().alias("_people")
    most = (
        variants.join(members.select("customer_id", *AT), on="customer_id")
        .group_by(*AT, "path")
        .agg(people)
        .sort(*AT, "_people", "path", descending=[False, False, True, False])
        .group_by(AT, maintain_order=True)
        .head(MOST_WAYS)
    )
    went = variants.join(most, on="path", how="semi").select("customer_id", pl.col("path").alias("item"))
    bought = variants.select("customer_id", pl.lit(differences.BASE).alias("item"))
    return pl.concat([went, bought]).select("customer_id", pl.lit(WAY).alias("dimension"), "item")


def hurting(points: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """Two lines a pain of a segment's first ranks that surely costs: how often it is met, what goes with it a year.

    The interval of a share is Wilson's, as if each unit stood alone.
    """
    named = points.with_columns(pl.format("{}:{}", "kind", "pain").alias("item"))
    company = named.filter(pl.col("scheme_id") == cells.COMPANY).select("item", pl.col("frequency").alias("_all"))
    own = (
        named.filter((pl.col("rank") <= MOST_PAINS) & (pl.col("lo") > 0) & ~pl.col("suppressed"))
        .join(segments, on=AT, how="semi")
        .join(company, on="item", how="left")
        .with_columns(pl.lit("untested").alias("verdict"), pl.lit("pain_points").alias("evidence"))
    )
    told = (*AT, "item", "n", "basis", "suppressed", "verdict", "evidence")
    share = stats.wilson(own["n_affected"].to_numpy(), own["n"].to_numpy())
    met = own.select(
        *told,
        pl.Series("lo", share.lo, pl.Float64),
        pl.Series("hi", share.hi, pl.Float64),
        pl.lit(MET).alias("section"),
        pl.lit("share of those who could meet it").alias("unit"),
        pl.col("frequency").alias("value"),
        pl.col("_all").alias("everybody"),
        pl.lit("measured").alias("source_kind"),
    )
    costs = own.select(
        *told,
        pl.lit(COST).alias("section"),
        pl.lit("reporting currency a year").alias("unit"),
        *("value", "lo", "hi"),
        pl.lit("inferred").alias("source_kind"),
    )
    return pl.concat([met, costs], how="diagonal")
