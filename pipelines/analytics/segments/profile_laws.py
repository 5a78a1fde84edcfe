"""Laws of the tables of segments beside each other and beside people who did not buy.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics import cells
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.law import FAMILY, NOTHING, TOLERANCE, Context, Law, breaches, hidden_law
from pipelines.analytics.segments import affinity
from pipelines.analytics.segments.gaps import ENOUGH, PRACTICAL


def gaps_are_differences(context: Context) -> list[tuple[int, str]]:
    """A gap is the distance of the two means beside it, and its effect size points the same way."""
    gap = pl.col("value")
    off = (gap - (pl.col("non_customers") - pl.col("customers"))).abs() > TOLERANCE
    turned = gap * pl.col("effect_size") < 0
    return breaches(context.frame.filter(off), "gaps that are not the distance of their means") + breaches(
        context.frame.filter(turned), "effect sizes against their gap"
    )


def gaps_are_earned(context: Context) -> list[tuple[int, str]]:
    """A named gap is tested on enough persons, large enough and on its side; hidden rows say so; no other words."""
    verdict = pl.col("verdict")
    side = pl.when(verdict == "higher").then(pl.col("value") > 0).otherwise(pl.col("value") < 0)
    is_sure = (
        (pl.col("p_adj") <= FALSE_DISCOVERIES)
        & (pl.col("effect_size").abs() >= PRACTICAL)
        & (pl.min_horizontal("n", "n_customers") >= ENOUGH)
    )
    named = context.frame.filter(verdict.is_in(("higher", "lower")))
    unearned = named.filter(~(side & is_sure).fill_null(value=False))
    words = ("higher", "lower", "no_evidence", "insufficient_n", "suppressed")
    other = context.frame.filter(~verdict.is_in(words) | ((verdict == "suppressed") != pl.col("suppressed")))
    return breaches(unearned, "verdicts without a test or against its side") + breaches(
        other, "verdicts of other words"
    )


def indices_are_quotients(context: Context) -> list[tuple[int, str]]:
    """An index is 100 x the segment's rate over everybody's, of whom the segment is a part."""
    wanted = 100 * pl.col("rate") / pl.col("company_rate")
    off = (pl.col("value") - wanted).abs() > TOLERANCE * (1 + wanted)
    more = pl.col("n_used") > pl.col("n")
    return breaches(context.frame.filter(off), "indices that are not the quotient of their rates") + breaches(
        context.frame.filter(more), "rows with more who used than had a chance"
    )


def affinities_are_earned(context: Context) -> list[tuple[int, str]]:
    """Over- and under-used need a test on enough people, ten points and the index's side; no other words."""
    verdict, index = pl.col("verdict"), pl.col("value")
    side = (
        pl.when(verdict == "over_used")
        .then(index >= 100 + affinity.PRACTICAL)
        .otherwise(index <= 100 - affinity.PRACTICAL)
    )
    is_sure = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (pl.col("n") >= affinity.ENOUGH)
    named = context.frame.filter(verdict.is_in(("over_used", "under_used")))
    unearned = named.filter(~(side & is_sure).fill_null(value=False))
    itself = context.frame.filter((pl.col("scheme_id") == cells.COMPANY) & pl.col("family_id").is_not_null())
    words = ("over_used", "under_used", "no_evidence", "insufficient_n", "suppressed", "untested")
    other = context.frame.filter(~verdict.is_in(words) | ((verdict == "suppressed") != pl.col("suppressed")))
    return (
        breaches(unearned, "verdicts without a test or against its side")
        + breaches(itself, "tests of everybody against nobody")
        + breaches(other, "verdicts of other words")
    )


LAWS: dict[str, tuple[Law, ...]] = {
    "customer_gaps": (
        Law("gaps", "A gap is what stands beside it.", gaps_are_differences, NOTHING),
        Law("gaps_earned", "A verdict is a test's, in its direction.", gaps_are_earned, NOTHING),
        FAMILY,
        hidden_law(("item",), ("dimension", "group_id", None)),
    ),
    "segment_affinity": (
        Law("quotients", "An index is what stands beside it.", indices_are_quotients, NOTHING),
        Law("affinities_earned", "A verdict is a test's, in its direction.", affinities_are_earned, NOTHING),
        FAMILY,
        hidden_law(("dimension", "item"), ("scheme_id", "segment_id", None)),
    ),
}
