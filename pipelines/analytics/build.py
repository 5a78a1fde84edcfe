"""What each analytics table is built from, and the one call that builds it.

Belongs here: lineage (which tables and columns go in) and the wiring of frames to functions. Stays out: orchestration
and storage: the caller brings ``read`` and keeps the result. A table's inputs are declared once, here; whoever wires
assets takes the dependencies from ``inputs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipelines.analytics.abandonment import build_cart_abandonment
from pipelines.analytics.causes import CAUSES, build_cart_abandonment_causes
from pipelines.analytics.channels import build_channel_behaviour
from pipelines.analytics.contrasts import build_segment_contrasts
from pipelines.analytics.deltas import build_satisfaction_deltas
from pipelines.analytics.funnels import build_funnel_steps
from pipelines.analytics.journey_flow import build_journey_flow
from pipelines.analytics.metrics import build_metrics
from pipelines.analytics.pains import build_pain_points
from pipelines.analytics.paths import build_path_differences, build_path_transitions
from pipelines.analytics.profiles import build_segment_profiles
from pipelines.analytics.retention import build_retention
from pipelines.analytics.satisfaction import build_satisfaction_scores
from pipelines.analytics.segments import build_segment_membership
from pipelines.analytics.session_rule import build_cart_session_rule
from pipelines.analytics.support import build_support_kpis
from pipelines.analytics.thresholds import build_shipping_what_if
from pipelines.analytics.value import build_customer_value

Read = Callable[[str, Sequence[str]], pl.DataFrame]
"""Reads some columns of ``schema.table``."""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Run:
    """What a table is computed for: the date it speaks of, the run's id, and the smallest count that may be shown."""

    as_of: date
    run_id: str
    min_cell: int


@dataclass(frozen=True)
class TableBuild:
    """``inputs`` maps each ``schema.table`` read to its columns; ``build`` gets them as frames by that name."""

    inputs: Mapping[str, tuple[str, ...]]
    build: Callable[[Frames, Run], pl.DataFrame]


CUSTOMERS = "core.dim_customers"
PRODUCTS = "core.dim_products"
SURVEY = "feedback.fct_survey_answers"
INVITATIONS = "feedback.fct_survey_invitations"
FEEDBACK = "feedback.fct_feedback"
TICKETS = "feedback.fct_tickets"
ORDERS = "core.fct_orders"
CARTS = "journey.fct_carts"
LEVELS = "journey.agg_funnel_levels"
FUNNELS = "journey.dim_funnel_steps"
CROSS_CHANNEL = "journey.fct_cross_channel_purchases"
CHANNEL_PRICES = "journey.agg_channel_prices"
BUYING = "journey.fct_buying_sessions"
ONBOARDING = "journey.fct_onboarding"
FLOW = "journey.agg_journey_flow"
REPEAT_ORDERS = "journey.fct_repeat_orders"
MONTHS = "journey.agg_customer_months"
CUSTOMER_STAGES = "journey.agg_customer_stages"
TRANSITIONS = "journey.agg_path_transitions"
PATH_STEPS = "seeds.path_steps"
MEMBERSHIP = "analytics.segment_membership"
VALUE = "analytics.customer_value"
RUN = "raw.run_settings"
THRESHOLDS = "seeds.shipping_thresholds"


def _columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


IS_STAFF = {CUSTOMERS: _columns("customer_id is_staff")}
SEGMENTS = {MEMBERSHIP: _columns("scheme_id customer_id segment_id")}
PATHS = {
    TRANSITIONS: _columns("customer_id from_step to_step n_transitions"),
    PATH_STEPS: _columns("path_step step_order"),
    CUSTOMERS: _columns("customer_id region is_staff"),
    **SEGMENTS,
}
LINES = {PRODUCTS: _columns("product_line division")}
RESPONSES = {
    SURVEY: _columns(
        "customer_id survey_ref wording_version answer_date is_customer division product_line region channel "
        "sat_overall sat_expectancy sat_ideal nps ces"
    ),
}
ANSWERS = {
    **RESPONSES,
    FEEDBACK: _columns("customer_id feedback_date division product_line region channel stars"),
}


def _customer_value(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_value(customers=frames[CUSTOMERS], as_of=run.as_of, run_id=run.run_id)


def _segment_membership(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_membership(
        customers=frames[CUSTOMERS], customer_value=frames[VALUE], as_of=run.as_of, run_id=run.run_id
    )


def _segment_profiles(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_profiles(
        customers=frames[CUSTOMERS],
        carts=frames[CARTS],
        survey=frames[SURVEY],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _funnel_steps(frames: Frames, run: Run) -> pl.DataFrame:
    return build_funnel_steps(
        levels=frames[LEVELS],
        funnels=frames[FUNNELS],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        as_of_at=frames[RUN]["as_of"].item(),
        **vars(run),
    )


def _path_transitions(frames: Frames, run: Run) -> pl.DataFrame:
    return build_path_transitions(**_paths(frames), **vars(run))


def _path_differences(frames: Frames, run: Run) -> pl.DataFrame:
    return build_path_differences(**_paths(frames), **vars(run))


def _channel_behaviour(frames: Frames, run: Run) -> pl.DataFrame:
    return build_channel_behaviour(
        purchases=frames[CROSS_CHANNEL],
        prices=frames[CHANNEL_PRICES],
        sessions=frames[BUYING],
        starts=frames[ONBOARDING],
        tickets=frames[TICKETS],
        survey=frames[SURVEY],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _paths(frames: Frames) -> dict[str, Any]:
    return {
        "transitions": frames[TRANSITIONS],
        "order": frames[PATH_STEPS],
        "customers": frames[CUSTOMERS],
        "membership": frames[MEMBERSHIP],
    }


def _journey_flow(frames: Frames, run: Run) -> pl.DataFrame:
    return build_journey_flow(
        flow=frames[FLOW],
        orders=frames[REPEAT_ORDERS],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _retention(frames: Frames, run: Run) -> pl.DataFrame:
    return build_retention(
        orders=frames[ORDERS],
        months=frames[MONTHS],
        stages=frames[CUSTOMER_STAGES],
        customers=frames[CUSTOMERS],
        **vars(run),
    )


def _cart_abandonment(frames: Frames, run: Run) -> pl.DataFrame:
    return build_cart_abandonment(
        carts=frames[CARTS], customers=frames[CUSTOMERS], membership=frames[MEMBERSHIP], **vars(run)
    )


def _cart_session_rule(frames: Frames, run: Run) -> pl.DataFrame:
    return build_cart_session_rule(carts=frames[CARTS], customers=frames[CUSTOMERS], **vars(run))


def _cart_abandonment_causes(frames: Frames, run: Run) -> pl.DataFrame:
    return build_cart_abandonment_causes(
        carts=frames[CARTS],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        time_zone=frames[RUN]["reporting_time_zone"].item(),
        **vars(run),
    )


def _segment_contrasts(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_contrasts(
        carts=frames[CARTS],
        orders=frames[ORDERS],
        tickets=frames[TICKETS],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _shipping_what_if(frames: Frames, run: Run) -> pl.DataFrame:
    return build_shipping_what_if(
        carts=frames[CARTS],
        customers=frames[CUSTOMERS],
        thresholds=frames[THRESHOLDS],
        currency=frames[RUN]["reporting_currency"].item(),
        **vars(run),
    )


def _pain_points(frames: Frames, run: Run) -> pl.DataFrame:
    return build_pain_points(
        carts=frames[CARTS],
        sessions=frames["journey.fct_sessions"],
        orders=frames[ORDERS],
        tickets=frames[TICKETS],
        feedback=frames[FEEDBACK],
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _satisfaction_scores(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_scores(
        survey=frames[SURVEY],
        reviews=frames[FEEDBACK],
        invitations=frames[INVITATIONS],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _satisfaction_deltas(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_deltas(
        survey=frames[SURVEY],
        reviews=frames[FEEDBACK],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _support_kpis(frames: Frames, run: Run) -> pl.DataFrame:
    return build_support_kpis(
        tickets=frames[TICKETS],
        orders=frames[ORDERS],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _metrics(frames: Frames, run: Run) -> pl.DataFrame:  # noqa: ARG001 (a table without inputs)
    return build_metrics(as_of=run.as_of, run_id=run.run_id)


BUILDS: dict[str, TableBuild] = {
    "metrics": TableBuild({}, _metrics),
    "customer_value": TableBuild(
        {
            CUSTOMERS: _columns(
                "customer_id is_identified is_staff last_order_at n_orders n_order_days_365d net_amount_reporting "
                "net_amount_reporting_365d margin_amount_reporting"
            )
        },
        _customer_value,
    ),
    "segment_membership": TableBuild(
        {
            CUSTOMERS: _columns(
                "customer_id is_identified is_staff n_orders first_order_at last_order_at region is_business "
                "last_web_at last_store_at"
            ),
            VALUE: _columns("customer_id recency_days r_score f_score"),
        },
        _segment_membership,
    ),
    "segment_profiles": TableBuild(
        {
            CUSTOMERS: _columns(
                "customer_id is_identified is_staff n_orders net_amount_reporting n_tickets has_email_marketing_consent"
            ),
            CARTS: _columns("customer_id is_mature value_amount_reporting is_abandoned"),
            **RESPONSES,
            **SEGMENTS,
        },
        _segment_profiles,
    ),
    "funnel_steps": TableBuild(
        {
            LEVELS: _columns(
                "funnel_id customer_id entered_at entered_date entry_step level "
                "step_2_at step_3_at step_4_at step_5_at step_6_at step_7_at step_8_at "
                "region device_category channel is_excluded is_mature"
            ),
            FUNNELS: _columns("funnel_id is_open breakdowns n_steps step_order step"),
            RUN: _columns("as_of"),
            **IS_STAFF,
            **SEGMENTS,
        },
        _funnel_steps,
    ),
    "path_transitions": TableBuild(PATHS, _path_transitions),
    "path_differences": TableBuild(PATHS, _path_differences),
    "channel_behaviour": TableBuild(
        {
            CROSS_CHANNEL: _columns(
                "customer_id behaviour region net_amount_reporting is_carried_over is_carried_over_earlier "
                "share_of_month_met is_comparable"
            ),
            CHANNEL_PRICES: _columns("currency online_price store_price"),
            BUYING: _columns(
                "customer_id channel device_category seconds_to_purchase n_clicks n_form_steps n_obstacles"
            ),
            ONBOARDING: _columns(
                "customer_id channel region is_mature has_account_use has_delivery has_help_page has_support "
                "has_return has_feedback has_repeat"
            ),
            TICKETS: _columns("ticket_id customer_id opened_at channel topic region first_reply_minutes_calendar"),
            SURVEY: _columns("customer_id region channel sat_overall sat_expectancy sat_ideal"),
            CUSTOMERS: _columns("customer_id is_identified is_staff region"),
            **SEGMENTS,
        },
        _channel_behaviour,
    ),
    "journey_flow": TableBuild(
        {
            FLOW: _columns(
                "customer_id phase phase_order quarter_number is_settled n_stock_start n_entered n_advanced n_lost "
                "n_recovered n_stock_end"
            ),
            REPEAT_ORDERS: _columns("customer_id order_date is_direct"),
            CUSTOMERS: _columns("customer_id region is_staff"),
            **SEGMENTS,
        },
        _journey_flow,
    ),
    "retention": TableBuild(
        {
            ORDERS: _columns("customer_id order_date is_valid"),
            MONTHS: _columns("customer_id month_number has_order"),
            CUSTOMER_STAGES: _columns("customer_id first_stage first_stage_date"),
            CUSTOMERS: _columns("customer_id region is_staff"),
        },
        _retention,
    ),
    "cart_abandonment": TableBuild(
        {
            CARTS: _columns(
                "customer_id cart_date last_activity_at region device_category product_line value_amount_reporting "
                "has_checkout recovery_type is_abandoned is_mature"
            ),
            **IS_STAFF,
            **SEGMENTS,
        },
        _cart_abandonment,
    ),
    "cart_session_rule": TableBuild(
        {CARTS: _columns("customer_id state is_abandoned n_devices n_session_exits"), **IS_STAFF}, _cart_session_rule
    ),
    "cart_abandonment_causes": TableBuild(
        {
            CARTS: (
                *_columns(
                    "customer_id region device_category product_line started_at cart_date value_amount_reporting "
                    "has_checkout has_shipping has_payment is_abandoned is_mature primary_cause"
                ),
                *(cause.exposure for cause in CAUSES),
            ),
            CUSTOMERS: _columns("customer_id is_staff first_order_at net_amount_reporting margin_amount_reporting"),
            RUN: _columns("reporting_time_zone"),
            **SEGMENTS,
        },
        _cart_abandonment_causes,
    ),
    "segment_contrasts": TableBuild(
        {
            CARTS: _columns("customer_id region value_amount_reporting has_checkout is_abandoned is_mature"),
            ORDERS: _columns("customer_id region is_valid refund_amount"),
            TICKETS: _columns("customer_id region"),
            **IS_STAFF,
            **SEGMENTS,
        },
        _segment_contrasts,
    ),
    "shipping_what_if": TableBuild(
        {
            CARTS: _columns(
                "customer_id cart_date currency value_amount value_amount_reporting shipping_fee_share has_shipping "
                "is_abandoned is_mature"
            ),
            CUSTOMERS: _columns("customer_id is_staff net_amount_reporting margin_amount_reporting"),
            THRESHOLDS: _columns("currency valid_from free_shipping_from_amount"),
            RUN: _columns("reporting_currency"),
        },
        _shipping_what_if,
    ),
    "pain_points": TableBuild(
        {
            CARTS: (
                *_columns(
                    "cart_id customer_id region cart_date value_amount_reporting has_checkout has_shipping has_payment "
                    "is_abandoned is_mature"
                ),
                *(cause.exposure for cause in CAUSES),
            ),
            "journey.fct_sessions": _columns(
                "session_id customer_id region session_date n_errors has_checkout has_purchase"
            ),
            ORDERS: _columns(
                "order_id customer_id region order_date is_valid net_amount_reporting delivered_at delivery_promised_at"
            ),
            TICKETS: _columns("ticket_id order_id opened_date topic"),
            FEEDBACK: _columns("feedback_id feedback_kind customer_id region feedback_date product_line stars"),
            **IS_STAFF,
            **SEGMENTS,
        },
        _pain_points,
    ),
    "satisfaction_scores": TableBuild(
        {
            **ANSWERS,
            **IS_STAFF,
            **LINES,
            **SEGMENTS,
            INVITATIONS: _columns("survey_ref response_id sent_date status division product_line region"),
        },
        _satisfaction_scores,
    ),
    "satisfaction_deltas": TableBuild({**ANSWERS, **IS_STAFF, **LINES, **SEGMENTS}, _satisfaction_deltas),
    "support_kpis": TableBuild(
        {
            TICKETS: _columns(
                "customer_id opened_at opened_date solved_at channel is_open product_line division region n_reopens "
                "first_reply_minutes_calendar first_reply_minutes_business resolution_minutes_calendar "
                "resolution_minutes_business is_one_touch rating is_repeat_contact"
            ),
            ORDERS: _columns("customer_id order_date region main_product_line main_division is_valid"),
            **IS_STAFF,
            **LINES,
            **SEGMENTS,
        },
        _support_kpis,
    ),
}
"""Every analytics table by name, in an order in which each finds its inputs built."""


def inputs(name: str) -> tuple[str, ...]:
    """The tables a table is built from, as ``schema.table``."""
    return tuple(BUILDS[name].inputs)


def build_table(name: str, read: Read, *, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """Build one analytics table.

    Args:
        name: a key of ``BUILDS``.
        read: reads the named columns of ``schema.table``, core and analytics tables alike.
        as_of: the date the numbers speak for, in the reporting time zone.
        run_id: the run that asks.
        min_cell: the smallest count that may be shown.

    Raises:
        KeyError: there is no such table.
    """
    build = BUILDS[name]
    frames = {table: as_float(read(table, columns)) for table, columns in build.inputs.items()}
    return build.build(frames, Run(as_of, run_id, min_cell))


def as_float(frame: pl.DataFrame) -> pl.DataFrame:
    """Money as floats: statistics are not ledgers, and sums of decimals overflow their digits."""
    return frame.with_columns(pl.selectors.decimal().cast(pl.Float64))
