"""Laws of the tables of how customers are helped.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.law import FAMILY, NOTHING, Context, Law, breaches, hidden_law, registry_law
from pipelines.analytics.support.agents import MIN_AGENTS


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


def agents_are_many(context: Context) -> list[tuple[int, str]]:
    """No row shown is of fewer than five agents."""
    few = context.frame.filter(~pl.col("suppressed") & ~(pl.col("agents") >= MIN_AGENTS))
    return breaches(few, "rows of fewer than five agents")


def links_are_tests(context: Context) -> list[tuple[int, str]]:
    """Higher and lower need their sign and a small corrected p; too little data has no test; no other words."""
    verdict = pl.col("verdict")
    words = ("higher", "lower", "no_evidence", "too_little_data", "suppressed")
    other = context.frame.filter(~verdict.is_in(words) | verdict.is_null())
    is_wrong = pl.when(verdict == "higher").then(pl.col("value") <= 0).otherwise(pl.col("value") >= 0)
    found = context.frame.filter(verdict.is_in(("higher", "lower")))
    unearned = found.filter(is_wrong.fill_null(value=True) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERIES))
    loose = context.frame.filter((verdict == "too_little_data") & pl.col("p_raw").is_not_null())
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return (
        breaches(other, "verdicts that are not one of the five")
        + breaches(unearned, "verdicts against the sign or without a test")
        + breaches(loose, "rows of too little data with a test")
        + breaches(hidden, "verdicts that do not say suppressed, or wrongly do")
    )


def stock_and_flow_add_up(context: Context) -> list[tuple[int, str]]:
    """Opening + created + reopened - solved is closing, which is the opening of the quarter after."""
    flow = pl.col("n_opening") + pl.col("n_created") + pl.col("n_reopened") - pl.col("n_solved")
    rows = context.frame.sort("breakdown", "group_id", "period")
    before = pl.col("n_closing").shift().over("breakdown", "group_id")
    return breaches(rows.filter(flow != pl.col("n_closing")), "rows whose flows do not make their stock") + breaches(
        rows.filter(pl.col("n_opening") != before), "quarters that do not begin where the one before ended"
    )


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
    "agent_quality": (
        Law("enough_agents", "Among few agents everybody knows who is meant.", agents_are_many, NOTHING),
        hidden_law(("measure", "period"), ("breakdown", "group_id", None)),
        registry_law("measure"),
    ),
    "employee_links": (
        Law("verdicts", "A verdict is a test's, in its direction.", links_are_tests, NOTHING),
        FAMILY,
    ),
    "support_backlog": (
        Law("stock_flow", "A backlog that does not add up has lost tickets.", stock_and_flow_add_up, NOTHING),
        hidden_law(("period",), ("breakdown", "group_id", None), count="n_created"),
    ),
}
