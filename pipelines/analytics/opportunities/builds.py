"""What the tables of opportunities are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.carts.builds import MET
from pipelines.analytics.inputs import (
    CARTS,
    CONSENTS,
    CUSTOMERS,
    FEEDBACK,
    HISTORY,
    LABELS,
    MEMBERSHIP,
    OFFERS,
    ORDERS,
    RUN,
    SEGMENTS,
    SENDS,
    SESSIONS,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.opportunities.cases import build_opportunities
from pipelines.analytics.opportunities.checks import watched_units
from pipelines.analytics.opportunities.offer_results import build_offer_results
from pipelines.analytics.opportunities.offers import build_customer_offers
from pipelines.analytics.opportunities.signs import build_opportunity_evidence
from pipelines.analytics.told import told_by

CAUSES = "analytics.cart_abandonment_causes"
PAINS = "analytics.pain_points"
CONTRASTS = "analytics.segment_contrasts"
DELTAS = "analytics.satisfaction_deltas"
DRIVERS = "analytics.satisfaction_drivers"
GAPS = "analytics.information_gaps"
EVIDENCE = "analytics.opportunity_evidence"
CUSTOMER_OFFERS = "analytics.customer_offers"
RATES = "core.dim_fx_rates"
MAP_STAGES = "seeds.map_stages"
REMEDIES = "seeds.opportunity_remedies"
SIGNS = "seeds.opportunity_signs"
PLANS = "seeds.opportunity_plans"


def _evidence(frames: Frames, run: Run) -> pl.DataFrame:
    return build_opportunity_evidence(
        causes=frames[CAUSES],
        pains=frames[PAINS],
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        contrasts=frames[CONTRASTS],
        deltas=frames[DELTAS],
        drivers=frames[DRIVERS],
        gaps=frames[GAPS],
        signs=frames[SIGNS],
        stages=frames[MAP_STAGES],
        **vars(run),
    )


def _opportunities(frames: Frames, run: Run) -> pl.DataFrame:
    plans, remedies = told_by(frames[PLANS], frames[RUN]), frames[REMEDIES]
    done = remedies.join(plans.filter(pl.col("status") == "done"), on="opportunity_id", how="semi")
    watched = done.select(pl.col("watched_kind").alias("kind"), pl.col("watched_pain").alias("pain"))
    facts = {
        "carts": frames[CARTS],
        "sessions": frames[SESSIONS],
        "orders": frames[ORDERS],
        "tickets": frames[TICKETS],
        "feedback": frames[FEEDBACK],
    }
    return build_opportunities(
        evidence=frames[EVIDENCE],
        remedies=remedies,
        plans=plans,
        stages=frames[MAP_STAGES],
        rates=frames[RATES],
        customers=frames[CUSTOMERS],
        units=watched_units(watched, facts, frames[CUSTOMERS], run.as_of),
        currency=frames[RUN]["reporting_currency"].item(),
        **vars(run),
    )


def _customer_offers(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_offers(
        offers=told_by(frames[OFFERS], frames[RUN]),
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _offer_results(frames: Frames, run: Run) -> pl.DataFrame:
    return build_offer_results(
        offers=told_by(frames[OFFERS], frames[RUN]),
        candidates=frames[CUSTOMER_OFFERS],
        history=frames[HISTORY],
        consents=frames[CONSENTS],
        tickets=frames[TICKETS],
        orders=frames[ORDERS],
        sends=frames[SENDS],
        customers=frames[CUSTOMERS],
        **vars(run),
    )


OFFER = columns(
    "company offer_id name channel scheme_id segment_id campaign_offer given_share margin_floor quiet_days "
    "holdout_share starts_on ends_on outcome_days owner"
)

BUILDS: dict[str, TableBuild] = {
    "opportunity_evidence": TableBuild(
        {
            CAUSES: columns(
                "scheme_id segment_id cause n basis suppressed verdict model_odds_ratio model_odds_ratio_lo "
                "model_odds_ratio_hi recoverable_revenue_year recoverable_revenue_year_lo recoverable_revenue_year_hi "
                "realisation"
            ),
            PAINS: columns(
                "kind pain scheme_id segment_id stage value lo hi n n_affected basis suppressed segments_hit"
            ),
            LABELS: columns("feedback_id feedback_date topic polarity"),
            FEEDBACK: columns("feedback_id feedback_kind"),
            CONTRASTS: columns("scheme_id group_id measure n basis suppressed ratio ratio_lo ratio_hi verdict"),
            DELTAS: columns("metric_id basis dimension group_id period value lo hi n suppressed verdict"),
            DRIVERS: columns("driver dimension group_id value lo hi n basis suppressed is_separable quadrant status"),
            GAPS: columns("source subject topic stage breakdown group_id period value lo hi n basis suppressed"),
            SIGNS: columns("opportunity_id found_in sign"),
            MAP_STAGES: columns("stage map_stage"),
        },
        _evidence,
    ),
    "opportunities": TableBuild(
        {
            EVIDENCE: columns(
                "opportunity_id found_in finding scheme_id segment_id source_kind felt_stage verdict n basis "
                "segments_hit amount_year amount_year_lo amount_year_hi"
            ),
            REMEDIES: columns(
                "opportunity_id map_stage title problem remedy owner effort watched_kind watched_pain realisation_lo "
                "realisation_hi cost_lo cost_hi running_cost_lo running_cost_hi currency source"
            ),
            PLANS: columns("company opportunity_id owner status since done_on review_by note"),
            MAP_STAGES: columns("map_stage map_stage_name map_stage_order"),
            RATES: columns("currency rate_date fx_rate"),
            CUSTOMERS: columns("customer_id is_staff net_amount_reporting margin_amount_reporting"),
            RUN: columns("company reporting_currency"),
            **MET,
        },
        _opportunities,
    ),
    "customer_offers": TableBuild(
        {
            OFFERS: OFFER,
            RUN: columns("company"),
            CUSTOMERS: columns(
                "customer_id is_identified is_staff n_open_tickets last_email_sent_at has_email_marketing_consent "
                "has_sms_marketing_consent net_amount_reporting margin_amount_reporting"
            ),
            **SEGMENTS,
        },
        _customer_offers,
    ),
    "offer_results": TableBuild(
        {
            OFFERS: OFFER,
            RUN: columns("company"),
            CUSTOMER_OFFERS: columns("offer_id customer_id status"),
            HISTORY: columns("scheme_id customer_id segment_id valid_from valid_to known_to"),
            CONSENTS: columns("customer_id purpose channel is_granted decided_at"),
            TICKETS: columns("customer_id opened_date solved_at"),
            ORDERS: columns("customer_id order_date is_valid net_amount_reporting"),
            SENDS: columns("customer_id offer touch_type touch_date"),
            CUSTOMERS: columns("customer_id is_identified is_staff"),
        },
        _offer_results,
    ),
}
