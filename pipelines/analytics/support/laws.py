"""Laws of the tables of how customers are helped.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import NOTHING, Context, Law, breaches, hidden_law, registry_law


def verdicts_are_earned(context: Context) -> list[tuple[int, str]]:
    """Met and missed need the whole interval on their side of the target; suppressed rows say so."""
    verdict, target = pl.col("verdict"), pl.col("target_share")
    other = context.frame.filter(~verdict.is_in(("met", "missed", "unclear", "suppressed")) | verdict.is_null())
    unearned = context.frame.filter(
        ((verdict == "met") & ~(pl.col("lo") >= target)) | ((verdict == "missed") & ~(pl.col("hi") < target))
    )
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return (
        breaches(other, "verdicts that are not one of the four")
        + breaches(unearned, "verdicts the interval does not bear out")
        + breaches(hidden, "verdicts that do not say suppressed, or wrongly do")
    )


def gaps_are_bare(context: Context) -> list[tuple[int, str]]:
    """A gap is a topic of which most tickets fall under no policy, and the reverse."""
    wrong = context.frame.filter(pl.col("is_gap") != (pl.col("value") < 0.5))
    return breaches(wrong, "gaps that are covered, or the reverse")


LAWS: dict[str, tuple[Law, ...]] = {
    "support_kpis": (
        hidden_law(("measure", "clock"), ("breakdown", "group_id", "period")),
        registry_law("measure"),
    ),
    "service_policies": (
        Law("verdicts", "A promise is kept or broken where the whole interval says so.", verdicts_are_earned, NOTHING),
        hidden_law(("policy",), ("measure", "policy", "period")),
    ),
    "service_coverage": (Law("gaps", "A gap is a topic without a promise.", gaps_are_bare, NOTHING),),
}
