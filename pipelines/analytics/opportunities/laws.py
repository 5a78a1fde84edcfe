"""Laws of opportunities.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.inputs import RUN
from pipelines.analytics.law import FAMILY, NOTHING, TOLERANCE, Context, Law, breaches, registry_law
from pipelines.analytics.told import told_by

REMEDIES, PLANS = "seeds.opportunity_remedies", "seeds.opportunity_plans"
EVIDENCE = "analytics.opportunity_evidence"


def nothing_planned_is_lost(context: Context) -> list[tuple[int, str]]:
    """Every plan the data can speak of is a row with its status, and every row has an owner."""
    told = told_by(context.others[PLANS], context.others[RUN])
    plans = told.join(context.others[EVIDENCE], on="opportunity_id", how="semi")
    lost = plans.join(context.frame.select("opportunity_id", "status"), on=["opportunity_id", "status"], how="anti")
    nobody = context.frame.filter(pl.col("owner").is_null())
    return breaches(lost, "plans that stand in no row") + breaches(nobody, "opportunities without an owner")


def value_is_counted_once(context: Context) -> list[tuple[int, str]]:
    """The value is one supporting costed sign x the middle share, never a sum; without such a sign there is none."""
    costed = context.others[EVIDENCE].filter((pl.col("verdict") == "supports") & pl.col("amount_year").is_not_null())
    signs = costed.select(
        "opportunity_id",
        pl.format("{}:{}", "found_in", "finding").alias("sized_by"),
        pl.col("amount_year").alias("_amount"),
    )
    joined = context.frame.join(signs, on=["opportunity_id", "sized_by"], how="left")
    missed = context.frame.filter(pl.col("value").is_null() & pl.col("realisation_lo").is_not_null()).join(
        costed, on="opportunity_id", how="semi"
    )
    expected = (pl.col("_amount") * (pl.col("realisation_lo") + pl.col("realisation_hi")) / 2).clip(lower_bound=0.0)
    slack = TOLERANCE * pl.max_horizontal(expected.abs(), pl.lit(1.0))
    wrong = joined.filter(
        ((pl.col("value") - expected).abs() > slack) | (pl.col("value").is_null() != expected.is_null())
    )
    return breaches(wrong, "opportunities whose value is not that of their sign") + breaches(
        missed, "opportunities with a costed sign and without a value"
    )


def grade_is_earned(context: Context) -> list[tuple[int, str]]:
    """The kinds of source counted are those of the findings that support it."""
    supporting = context.others[EVIDENCE].filter(pl.col("verdict") == "supports")
    kinds = supporting.group_by("opportunity_id").agg(pl.col("source_kind").n_unique().alias("_kinds"))
    joined = context.frame.join(kinds, on="opportunity_id", how="left")
    return breaches(
        joined.filter(pl.col("evidence_sources") != pl.col("_kinds").fill_null(0)),
        "opportunities graded by other sources than support them",
    )


def case_adds_up(context: Context) -> list[tuple[int, str]]:
    """Benefit = value x margin - running cost, and payback = cost / benefit, at both ends."""
    benefit = pl.col("value") * pl.col("margin_rate") - (pl.col("running_cost_lo") + pl.col("running_cost_hi")) / 2
    slack = TOLERANCE * pl.max_horizontal(benefit.abs(), pl.lit(1.0))
    broken = context.frame.filter((pl.col("benefit_year") - benefit).abs() > slack)
    order = context.frame.filter(pl.col("payback_months_best") > pl.col("payback_months_worst") + TOLERANCE)
    return breaches(broken, "benefits that are not value x margin - running cost") + breaches(
        order, "paybacks whose best is later than their worst"
    )


PERMISSION = {
    "seeds.offers": ("offer_id", "channel"),
    "core.dim_customers": ("customer_id", "has_email_marketing_consent", "has_sms_marketing_consent", "is_staff"),
}


def consent_holds(context: Context) -> list[tuple[int, str]]:
    """Who may get an offer has consent on its channel, and is no employee."""
    chosen = context.frame.filter(pl.col("status").is_in(("offered", "holdout")))
    named = chosen.join(context.others["seeds.offers"], on="offer_id", how="left").join(
        context.others["core.dim_customers"], on="customer_id", how="left"
    )
    by_sms = pl.col("channel") == "sms"
    consent = pl.when(by_sms).then("has_sms_marketing_consent").otherwise("has_email_marketing_consent")
    wrong = named.filter(~consent.fill_null(value=False) | pl.col("is_staff"))
    return breaches(wrong, "persons chosen without consent, or employees")


def statuses_add_up(context: Context) -> list[tuple[int, str]]:
    """The persons of all statuses are those of the segment."""
    shares = context.frame.filter(pl.col("measure") == "offer_status_share")
    whole = pl.col("group_id") == "all"
    sums = shares.group_by("offer_id").agg(
        pl.col("n").filter(~whole).sum().alias("_parts"),
        pl.col("n").filter(whole).sum().alias("_all"),
        pl.col("suppressed").any().alias("_hidden"),
    )
    return breaches(
        sums.filter(
            pl.when("_hidden").then(pl.col("_parts") > pl.col("_all")).otherwise(pl.col("_parts") != pl.col("_all"))
        ),
        "offers whose statuses do not add up",
    )


def uplifts_are_earned(context: Context) -> list[tuple[int, str]]:
    """More and less need their side and a small adjusted p; without persons held out there is no number."""
    verdict, value = pl.col("verdict"), pl.col("value")
    rows = context.frame.filter(pl.col("measure") != "offer_status_share")
    found = rows.filter(verdict.is_in(("more", "less")))
    is_wrong = pl.when(verdict == "more").then(value <= 0).otherwise(value >= 0)
    unearned = found.filter(is_wrong.fill_null(value=True) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERIES))
    bare = rows.filter(value.is_not_null() & (pl.col("n_holdout").fill_null(0) == 0))
    return breaches(unearned, "verdicts without a test or against its side") + breaches(
        bare, "results without a hold-out"
    )


LAWS: dict[str, tuple[Law, ...]] = {
    "opportunity_evidence": (),
    "opportunities": (
        Law(
            "plans_are_kept",
            "What somebody plans must not vanish when a number moves.",
            nothing_planned_is_lost,
            {PLANS: ("company", "opportunity_id", "status"), RUN: ("company",), EVIDENCE: ("opportunity_id",)},
        ),
        Law(
            "counted_once",
            "Signs of one opportunity overlap; their sum would promise money twice.",
            value_is_counted_once,
            {EVIDENCE: ("opportunity_id", "found_in", "finding", "verdict", "amount_year", "source_kind")},
        ),
        Law(
            "grade_is_earned",
            "A finding is firm where independent sources agree, not where one is counted twice.",
            grade_is_earned,
            {EVIDENCE: ("opportunity_id", "found_in", "finding", "verdict", "amount_year", "source_kind")},
        ),
        Law("case_adds_up", "A business case is arithmetic readers can follow.", case_adds_up, NOTHING),
    ),
    "customer_offers": (
        Law("consent_holds", "Nobody is written to without consent, nor drawn for it.", consent_holds, PERMISSION),
    ),
    "offer_results": (
        FAMILY,
        Law("statuses_add_up", "Everybody of the segment stops somewhere, once.", statuses_add_up, NOTHING),
        Law("uplifts_earned", "More needs a test, and a result needs a hold-out.", uplifts_are_earned, NOTHING),
        registry_law("measure"),
    ),
}
