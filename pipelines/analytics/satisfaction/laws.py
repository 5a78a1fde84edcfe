"""Laws of the tables of how customers feel.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import (
    FAMILY,
    NOTHING,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    sum_law,
)
from pipelines.analytics.satisfaction.deltas import FALSE_DISCOVERY_RATE


def rate_and_mix_add_up(context: Context) -> list[tuple[int, str]]:
    """Where a change is split, rate and mix sum to it."""
    gap = (pl.col("rate_effect") + pl.col("mix_effect") - pl.col("value")).abs()
    rows = context.frame.filter(gap > TOLERANCE * pl.max_horizontal(pl.col("value").abs(), pl.lit(1.0)))
    half = context.frame.filter(pl.col("rate_effect").is_null() != pl.col("mix_effect").is_null())
    return breaches(rows, "changes that rate and mix do not add up to") + breaches(half, "changes split by half")


def verdicts_are_earned(context: Context) -> list[tuple[int, str]]:
    """Improved and declined need the sign and a family; suppressed rows say so; the five words are the only ones."""
    words = ("improved", "declined", "no_evidence", "insufficient_n", "suppressed")
    verdict, is_change = pl.col("verdict"), pl.col("verdict").is_in(("improved", "declined"))
    other = context.frame.filter(~verdict.is_in(words) | verdict.is_null())
    sign = context.frame.filter(
        is_change & (pl.col("value") * pl.when(verdict == "improved").then(1).otherwise(-1) <= 0)
    )
    untested = context.frame.filter(is_change & pl.col("p_adj").is_null())
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return (
        breaches(other, "verdicts that are not one of the five")
        + breaches(sign, "verdicts against the sign of the change")
        + breaches(untested, "verdicts without a test")
        + breaches(hidden, "verdicts that do not say suppressed, or wrongly do")
    )


def pairs_are_differences(context: Context) -> list[tuple[int, str]]:
    """A pair is the first change minus the second, each as published, and every two tested changes are one pair."""
    family = ["metric_id", "basis", "dimension", "period"]
    changes = context.others["analytics.satisfaction_deltas"].filter(pl.col("p_raw").is_not_null())
    changes = changes.select(*family, "group_id", pl.col("value").alias("_change"))
    other = changes.rename({"group_id": "other_group", "_change": "_other"})
    joined = context.frame.join(changes, on=[*family, "group_id"], how="left").join(
        other, on=[*family, "other_group"], how="left"
    )
    gap = (pl.col("value") - (pl.col("_change") - pl.col("_other"))).abs()
    twice = context.frame.filter(pl.col("group_id") >= pl.col("other_group"))
    return breaches(
        joined.filter(gap.fill_null(1.0) > TOLERANCE), "pairs that are not the difference of two tested changes"
    ) + breaches(twice, "pairs with themselves or told twice")


def differences_are_earned(context: Context) -> list[tuple[int, str]]:
    """Higher and lower need the sign and an adjusted p that stays small."""
    verdict = pl.col("verdict")
    sign = pl.when(verdict == "higher").then(1).otherwise(-1)
    found = context.frame.filter(verdict.is_in(("higher", "lower")))
    return breaches(
        context.frame.filter(~verdict.is_in(("higher", "lower", "no_evidence")) | verdict.is_null()),
        "verdicts that are not one of the three",
    ) + breaches(
        found.filter((pl.col("value") * sign <= 0) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERY_RATE)),
        "verdicts without a test or against the sign",
    )


def gaps_are_differences(context: Context) -> list[tuple[int, str]]:
    """A gap is the company's index minus the published one, and a verdict has its side."""
    gap = (pl.col("company_value") - pl.col("benchmark_value") - pl.col("value")).abs()
    words = ("above", "below", "no_evidence", "insufficient_n")
    verdict = pl.col("verdict")
    wrong = (
        ((verdict == "above") & (pl.col("lo") <= 0))
        | ((verdict == "below") & (pl.col("hi") >= 0))
        | ~verdict.is_in(words)
    )
    return breaches(context.frame.filter(gap > TOLERANCE), "gaps that are not the difference") + breaches(
        context.frame.filter(wrong.fill_null(value=True)), "verdicts against their interval"
    )


def ranks_are_told(context: Context) -> list[tuple[int, str]]:
    """Ranks of a group are 1 to the number of drivers, inside their interval; what is tangled says with what."""
    measured = context.frame.filter(pl.col("status") == "measured")
    ranks = measured.group_by("dimension", "group_id").agg(pl.col("rank").sort(), pl.len().alias("_drivers"))
    wrong = ranks.filter(pl.col("rank") != pl.int_ranges(1, pl.col("_drivers") + 1))
    tangled = measured.filter(pl.col("is_separable") == pl.col("tangled_with").is_not_null())
    bare = context.frame.filter((pl.col("status") == "measured") != pl.col("value").is_not_null())
    return (
        breaches(wrong, "groups whose ranks are not 1 to their number of drivers")
        + breaches(tangled, "drivers that do not say what they go with")
        + breaches(bare, "rows whose status does not say whether there is a number")
    )


def impacts_multiply(context: Context) -> list[tuple[int, str]]:
    """An impact is change x share of spend per point x revenue; a placebo's word is its interval's."""
    frame = context.frame
    point = frame.filter(pl.col("measure") == "spend_per_point")["value"].first()
    share = pl.lit(point, pl.Float64) / 100
    amount = pl.col("base_amount_reporting")
    impact = frame.filter(pl.col("measure").is_in(("impact_of_change", "value_of_point_year")))
    change = pl.when(pl.col("measure") == "impact_of_change").then("change").otherwise(1.0)
    gap = (pl.col("value") - change * share * amount).abs() / amount.clip(lower_bound=1.0)
    holds_zero = (pl.col("placebo_lo") <= 0) & (pl.col("placebo_hi") >= 0)
    word = (
        pl.when(pl.col("placebo").is_null())
        .then(pl.lit("none"))
        .when(holds_zero)
        .then(pl.lit("clean"))
        .otherwise(pl.lit("not_clean"))
    )
    doubted = frame.filter(pl.col("placebo_verdict").is_not_null() & (pl.col("placebo_verdict") != word))
    unsaid = frame.filter(pl.col("measure").str.contains("point|impact") & ~pl.col("basis").str.contains("association"))
    return (
        breaches(impact.filter(gap.fill_null(1.0) > TOLERANCE), "impacts that are not the product of their parts")
        + breaches(doubted, "placebos that are not what their interval says")
        + breaches(unsaid, "numbers of money that do not say they are associations")
    )


CHANGES = {"analytics.satisfaction_deltas": ("metric_id", "basis", "dimension", "period", "group_id", "value", "p_raw")}

LAWS: dict[str, tuple[Law, ...]] = {
    "satisfaction_scores": (
        hidden_law(("metric_id", "basis"), ("dimension", "group_id", "period")),
        registry_law("metric_id"),
    ),
    "satisfaction_deltas": (
        Law(
            "rate_and_mix", "Rate and mix are parts of the change, nothing is left over.", rate_and_mix_add_up, NOTHING
        ),
        Law("verdicts", "A verdict is a test's, in its direction.", verdicts_are_earned, NOTHING),
        FAMILY,
        registry_law("metric_id"),
    ),
    "satisfaction_delta_pairs": (
        Law("pairs", "A delta of deltas is told once, of two changes readers can see.", pairs_are_differences, CHANGES),
        Law("differences_earned", "A verdict is a test's, in its direction.", differences_are_earned, NOTHING),
        FAMILY,
        registry_law("metric_id"),
    ),
    "satisfaction_benchmark": (
        Law("gaps", "A gap is what stands beside it, and its verdict the interval's.", gaps_are_differences, NOTHING),
    ),
    "satisfaction_drivers": (
        sum_law(
            "What the drivers explain is shared out whole.",
            "value",
            ("dimension", "group_id"),
            pl.col("status") == "measured",
            "groups whose shares do not sum to 1",
        ),
        Law("ranks_told", "A rank without its rivals is none.", ranks_are_told, NOTHING),
        hidden_law(("driver",), ("dimension", "group_id", None)),
    ),
    "satisfaction_value": (
        Law("impacts_multiply", "Money must follow from what stands beside it.", impacts_multiply, NOTHING),
        registry_law("measure"),
    ),
}
