"""Laws of the tables of segments beside each other and beside people who did not buy.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics import cells
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.law import FAMILY, NOTHING, TOLERANCE, Context, Law, breaches, hidden_law
from pipelines.analytics.segments import affinity, lookalikes, niches, personas, priority
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


def scores_are_products(context: Context) -> list[tuple[int, str]]:
    """A score is the product of its axes, the ranks of a scheme count through, and the words follow from the draws."""
    off = (pl.col("value") - pl.col("attractiveness") * pl.col("fit")).abs() > TOLERANCE
    held = context.frame.drop_nulls("rank")
    counted = held.group_by("scheme_id").agg((pl.col("rank").sort() != pl.int_range(1, pl.len() + 1)).any())
    first, verdict = pl.col("first_share"), pl.col("verdict")
    word = (
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(pl.col("rank").is_null())
        .then(pl.lit("insufficient_n"))
        .when(first >= priority.LEADS)
        .then(pl.lit("leads"))
        .when(first < priority.BEHIND)
        .then(pl.lit("behind"))
        .otherwise(pl.lit("contends"))
    )
    return (
        breaches(context.frame.filter(off), "scores that are not the product of their axes")
        + breaches(counted.filter("rank"), "schemes whose ranks do not count through")
        + breaches(context.frame.filter(verdict != word), "verdicts that are not what the draws say")
    )


def niches_are_earned(context: Context) -> list[tuple[int, str]]:
    """A lift is the quotient of its rates; a named cell has a test, the lift, and what its name says."""
    lift, verdict = pl.col("value"), pl.col("verdict")
    off = (lift - pl.col("rate") / pl.col("company_rate")).abs() > TOLERANCE * (1 + lift)
    is_sure = (pl.col("p_adj") <= FALSE_DISCOVERIES) & (lift >= niches.LIFT)
    is_unmet = (pl.col("satisfaction_gap_hi") < 0) | pl.col("growth_lo").is_not_null()
    is_small = (pl.col("base_share") <= niches.SMALL) & is_unmet
    is_model = pl.col("trait") == niches.TOP_PAYER
    named = context.frame.filter(verdict.is_in(("niche", "served", "too_large", "model")))
    holds = is_sure & (verdict != "niche").or_(is_small.fill_null(value=False)) & ((verdict == "model") == is_model)
    unearned = named.filter(~holds.fill_null(value=False))
    words = ("niche", "served", "too_large", "model", "no_niche", "insufficient_n", "suppressed", "untested")
    other = context.frame.filter(~verdict.is_in(words) | ((verdict == "suppressed") != pl.col("suppressed")))
    return (
        breaches(context.frame.filter(off), "lifts that are not the quotient of their rates")
        + breaches(unearned, "cells named without a test or what their name says")
        + breaches(other, "verdicts of other words")
    )


def persona_lines_say_what_they_are(context: Context) -> list[tuple[int, str]]:
    """A judgement has words, an owner and no number; a named difference has a test and an effect on its side."""
    frame, verdict = context.frame, pl.col("verdict")
    is_judged = pl.col("source_kind") == personas.JUDGED
    empty = pl.col("text").is_null() | pl.col("owner").is_null() | pl.col("value").is_not_null()
    above = pl.coalesce(pl.col("index") - 100, "effect_size")
    side = pl.when(verdict == "higher").then(above > 0).otherwise(above < 0)
    named = frame.filter(verdict.is_in(("higher", "lower")))
    unearned = named.filter(~(side & (pl.col("p_adj") <= FALSE_DISCOVERIES)).fill_null(value=False))
    words = ("higher", "lower", "no_evidence", "insufficient_n", "suppressed", "untested", "by_rule", personas.JUDGED)
    kinds = (personas.MEASURED, personas.INFERRED, personas.JUDGED)
    other = frame.filter(
        ~verdict.is_in(words)
        | ~pl.col("source_kind").is_in(kinds)
        | ((verdict == "suppressed") != pl.col("suppressed"))
        | ((verdict == personas.JUDGED) != is_judged)
    )
    return (
        breaches(frame.filter(is_judged & empty), "judgements with a number, or without words or an owner")
        + breaches(frame.filter(~is_judged & pl.col("text").is_not_null()), "numbers that are put in somebody's words")
        + breaches(unearned, "differences named without a test or against their side")
        + breaches(other, "lines of other words")
    )


def model_says_whether_it_tells(context: Context) -> list[tuple[int, str]]:
    """One model with one status, better than chance exactly where the low end of its area is; areas and odds can be."""
    frame = context.frame
    whole = (pl.col("feature") == cells.COMPANY) & ~pl.col("suppressed")
    is_sure = (pl.col("lo") > 0.5).fill_null(value=False)
    wrong = frame.filter(whole & (is_sure != (pl.col("status") == lookalikes.TELLS)))
    impossible = frame.filter((pl.col("value") <= 0) | (whole & (pl.col("value") > 1)))
    parts = frame.filter(~pl.col("suppressed") & (pl.col("n_target") + pl.col("n_not") != pl.col("n")))
    statuses = frame.select("status").unique()
    return (
        breaches(wrong, "models whose status is not that of their area")
        + breaches(impossible, "areas or odds that cannot be")
        + breaches(parts, "levels whose people do not add up")
        + breaches(statuses if statuses.height > 1 else statuses.clear(), "statuses of one model")
    )


def scores_are_allowed(context: Context) -> list[tuple[int, str]]:
    """Only people without an order who agreed to be profiled are scored, and only by a model that can tell."""
    asked = context.others["core.dim_customers"].filter(
        pl.col("has_profiling_consent").fill_null(value=False) & (pl.col("n_orders") == 0) & ~pl.col("is_staff")
    )
    unasked = context.frame.join(asked, on="customer_id", how="anti")
    told = pl.col("score").is_not_null()
    loose = context.frame.filter(
        (told != (pl.col("status") == lookalikes.TELLS))
        | (told != pl.col("percentile").is_not_null())
        | (~told & pl.col("reasons").is_not_null())
        | ~pl.col("score").is_between(0, 1)
        | ~pl.col("percentile").is_between(0, 1)
    )
    return breaches(unasked, "people scored who did not agree, or have bought") + breaches(
        loose, "scores of a model that cannot tell, or that are no chances"
    )


LAWS: dict[str, tuple[Law, ...]] = {
    "lookalike_model": (
        Law("tells", "A model that cannot tell must say so.", model_says_whether_it_tells, NOTHING),
        hidden_law((), ("feature", "level", None)),
    ),
    "customer_lookalikes": (
        Law(
            "allowed",
            "To be scored is to be profiled.",
            scores_are_allowed,
            {"core.dim_customers": ("customer_id", "has_profiling_consent", "n_orders", "is_staff")},
        ),
    ),
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
    "segment_priority": (
        Law("scores", "An order whose parts do not make it is an opinion.", scores_are_products, NOTHING),
    ),
    "niches": (
        Law("niches_earned", "A cell found among many is found by chance.", niches_are_earned, NOTHING),
        FAMILY,
        hidden_law(("trait",), ("scheme_id", "segment_id", None)),
    ),
    "personas": (
        Law(
            "kinds_apart",
            "What the team believes is never mistaken for what was measured.",
            persona_lines_say_what_they_are,
            NOTHING,
        ),
    ),
}
