"""Laws of the tables of how customers feel and how they are helped.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import FAMILY, NOTHING, TOLERANCE, Context, Law, breaches, hidden_law, registry_law


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
    "support_kpis": (
        hidden_law(("measure", "clock"), ("breakdown", "group_id", "period")),
        registry_law("measure"),
    ),
}
