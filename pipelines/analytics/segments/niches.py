"""Niches: small groups in which a need, or paying much, is far more common, and prospects who are like them.

Belongs here: the lift of a trait by cell, and what speaks for an unmet need. Stays out: whom to write to.

A cell is a segment, or one crossed with a segment of another scheme. Lift is the trait's share in the cell over its
share among everybody (``affinity.py``: a part beside its whole), tested exactly (Fisher), for cells are small. A niche
is small, has the trait at least half again as often, and is not served: those who have the trait there are less content
than everybody, or what they spend grows faster. A cell in which paying much is that common is no niche but a model: the
people of it who have not bought yet look like those who pay most. Finding such people is profiling, so only those who
agreed to it are counted, with or without the trait.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.inputs import columns
from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score
from pipelines.analytics.segments import affinity, needs
from pipelines.analytics.segments.priority import two_years
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.tables import TABLES

CELLS = (("business",), ("region", "life_stage"))
SCHEMES = tuple(name for schemes in CELLS for name in schemes)
"""Schemes not made of buying. No two share a margin, by which a hidden cell of one would follow from another."""

TOP_PAYER, TOP_RANK = "top_payer", 0.9
NEED, WORTH = "need", "worth"
REST = "rest"
"""What is neither a need that leads nor a top payer: it counts in the base and has no row."""

SMALL, LIFT = 0.05, 1.5
ENOUGH = affinity.ENOUGH
AT, ITEM = affinity.AT, affinity.ITEM
KEY = [*AT, *ITEM]
SATISFIED = columns(f"customer_id is_customer {' '.join(ITEMS)}")
BASIS = {NEED: "people who agreed to be profiled and whose need is known", WORTH: "buyers of 365 days who agreed to be"}


def crossed(membership: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """customer_id, scheme_id and segment_id of the cells; nobody is in a cell by what is not known."""
    known = membership.join(people, on="customer_id", how="semi").filter(pl.col("segment_id") != cells.UNKNOWN)
    parts = []
    for schemes in CELLS:
        together = people.select("customer_id")
        for name in schemes:
            own = known.filter(pl.col("scheme_id") == name)
            together = together.join(
                own.select("customer_id", pl.col("segment_id").alias(name)), on="customer_id", maintain_order="left"
            )
        parts.append(
            together.select(
                "customer_id",
                pl.lit("__".join(schemes)).alias("scheme_id"),
                pl.concat_str(schemes, separator="__").alias("segment_id"),
            )
        )
    return pl.concat(parts)


def traits(scored: pl.DataFrame, value: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """customer_id, dimension and item: the need of those of whom it is known, top payer or not of the year's buyers.

    ``people`` are those who agreed to be profiled; the tenth that pays most is taken from everybody.
    """
    leads = pl.when(pl.col("need") == needs.MIXED).then(pl.lit(REST)).otherwise("need")
    buyers = value.filter(pl.col("monetary") > 0)
    rank = (pl.col("monetary").rank(method="min") - 1) / pl.len()
    found = pl.concat(
        [
            scored.filter(pl.col("need_basis") != "none").select(
                "customer_id", pl.lit(NEED).alias("dimension"), leads.alias("item")
            ),
            buyers.select(
                "customer_id",
                pl.lit(WORTH).alias("dimension"),
                pl.when(rank >= TOP_RANK).then(pl.lit(TOP_PAYER)).otherwise(pl.lit(REST)).alias("item"),
            ),
        ]
    )
    return found.join(people, on="customer_id", how="semi").with_columns(n_uses=pl.lit(1), n_chances=pl.lit(1))


def content(survey: pl.DataFrame, holders: pl.DataFrame) -> pl.DataFrame:
    """Per cell and trait the index of those who have it - the index of everybody else who has not, with its ends."""
    persons = (
        survey.filter(pl.col("is_customer").fill_null(value=True))
        .with_columns(index_score(ITEMS, WEIGHTS).alias("_index"))
        .drop_nulls(["_index", "customer_id"])
        .group_by("customer_id")
        .agg(pl.col("_index").mean())
        .sort("customer_id")
    )
    y = pl.col("_index")
    sums = (
        holders.join(persons, on="customer_id")
        .sort(*KEY, "customer_id")
        .group_by(KEY, maintain_order=True)
        .agg(pl.len().cast(pl.Float64).alias("n_1"), y.sum().alias("y_1"), (y * y).sum().alias("yy_1"))
    )
    n_1, y_1, yy_1 = (sums[name].to_numpy() for name in ("n_1", "y_1", "yy_1"))
    of_all = persons["_index"].to_numpy()
    n_0, y_0, yy_0 = of_all.size - n_1, of_all.sum() - y_1, (of_all**2).sum() - yy_1

    def side(n: stats.Floats, y: stats.Floats, yy: stats.Floats) -> tuple[stats.Floats, stats.Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            mean: stats.Floats = y / n
            sd: stats.Floats = np.sqrt(np.maximum(yy - y * mean, 0.0) / (n - 1))
        return mean, sd

    (mean_1, sd_1), (mean_0, sd_0) = side(n_1, y_1, yy_1), side(n_0, y_0, yy_0)
    gap = stats.welch(mean_1=mean_1, sd_1=sd_1, n_1=n_1, mean_0=mean_0, sd_0=sd_0, n_0=n_0)
    enough = n_1 >= ENOUGH
    return sums.select(
        *KEY,
        *(
            pl.Series(f"satisfaction_gap{end}", np.where(enough, values, np.nan), pl.Float64).fill_nan(None)
            for end, values in (("", gap.value), ("_lo", gap.lo), ("_hi", gap.hi))
        ),
    )


def growing(days: pl.DataFrame, holders: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per cell and trait net revenue of 365 days / of the 365 before, with its ends."""
    cell = holders.select("customer_id", pl.concat_str(AT, separator="|").alias("scheme_id"), pl.col("item"))
    found = two_years(days, cell.rename({"item": "segment_id"}), as_of)
    half = stats.Z95 * pl.col("growth_se")
    return found.select(
        pl.col("scheme_id").alias("_cell"),
        pl.col("segment_id").alias("item"),
        pl.col("growth").fill_nan(None),
        (pl.col("growth") - half).fill_nan(None).alias("growth_lo"),
        (pl.col("growth") + half).fill_nan(None).alias("growth_hi"),
    )


def with_verdicts(frame: pl.DataFrame, growth: float) -> pl.DataFrame:
    """niche, served, model, too_large, no_niche, insufficient_n, suppressed, untested."""
    is_common = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("value") >= LIFT)
    unmet = (pl.col("satisfaction_gap_hi") < 0) | (pl.col("growth_lo") > growth)
    verdict = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("scheme_id") == cells.COMPANY)
        .then(pl.lit("untested"))
        .when(pl.col("p_adj").is_null())
        .then(pl.lit("insufficient_n"))
        .when(~is_common)
        .then(pl.lit("no_niche"))
        .when(pl.col("item") == TOP_PAYER)
        .then(pl.lit("model"))
        .when(pl.col("base_share") > SMALL)
        .then(pl.lit("too_large"))
        .when(unmet.fill_null(value=False))
        .then(pl.lit("niche"))
        .otherwise(pl.lit("served"))
    )
    return frame.with_columns(verdict.alias("verdict"))


def build_niches(
    *,
    customers: pl.DataFrame,
    scored: pl.DataFrame,
    value: pl.DataFrame,
    days: pl.DataFrame,
    survey: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme or pair of schemes (and the company), cell and trait."""
    table = TABLES["niches"]
    people = base_customers(customers).filter(pl.col("has_profiling_consent").fill_null(value=False))
    members, has = crossed(membership, people), traits(scored, value, people)
    summed = affinity.moments(has, members).filter(pl.col("item") != REST)
    if summed.is_empty():
        return table.empty()
    everybody = members.select("customer_id").unique()
    in_all = everybody.with_columns(pl.lit(cells.COMPANY).alias("scheme_id"), pl.lit(cells.ALL).alias("segment_id"))
    prospects = (
        pl.concat([members, in_all.select(members.columns)])
        .join(people.filter(pl.col("n_orders") == 0), on="customer_id", how="semi")
        .group_by(AT)
        .agg(pl.len().cast(pl.Int64).alias("n_prospects"))
    )
    sized = pl.concat([members, in_all.select(members.columns)]).group_by(AT).agg(pl.len().alias("_people"))
    counts = ("n", "n_used", "n_not", "n_prospects")
    marked = disclosure.protect(
        summed.join(prospects, on=AT, how="left", maintain_order="left").with_columns(
            (pl.col("n") - pl.col("n_used")).alias("n_not"), pl.col("n_prospects").fill_null(0)
        ),
        counts,
        table_by=ITEM,
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).with_columns(pl.any_horizontal("hide_n", "hide_n_used", "hide_n_not").alias("_hidden"))
    is_tested = (pl.col("scheme_id") != cells.COMPANY) & ~pl.col("_hidden") & (pl.col("n") >= ENOUGH)
    rated = affinity.compared(marked)
    p = stats.exact_p(*(rated[name].to_numpy() for name in ("n_used", "n", "y_all", "n_all")))
    # Lifts are told as quotients of 1, not of 100.
    told = affinity.adjusted(rated.with_columns(p_raw=p), is_tested, table.name).with_columns(
        pl.col("value", "lo", "hi") / 100
    )
    holders = members.join(has.filter(pl.col("item") != REST).select("customer_id", *ITEM), on="customer_id")
    # The company's own growth, among the same people.
    overall = two_years(days, in_all, as_of)["growth"].fill_nan(None).to_list()
    found = (
        told.join(content(survey, holders), on=KEY, how="left")
        .with_columns(pl.concat_str(AT, separator="|").alias("_cell"))
        .join(growing(days, holders, as_of), on=["_cell", "item"], how="left")
        .join(sized, on=AT, how="left")
        .with_columns(
            (pl.col("_people") / everybody.height).alias("base_share"),
            pl.when(~pl.col("hide_n_prospects")).then("n_prospects").alias("n_prospects"),
            pl.col("dimension").replace_strict(BASIS).alias("basis"),
            pl.col("item").alias("trait"),
        )
        .rename({"n_used": "n_with_trait"})
    )
    blanked = disclosure.blank(found, table, pl.col("_hidden"))
    growth = overall[0] if overall and overall[0] is not None else np.inf
    return table.conform(with_verdicts(blanked, growth), as_of=as_of, run_id=run_id)
