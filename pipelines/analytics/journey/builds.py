"""What the tables of what customers do are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.analytics.inputs import (
    BUYING,
    CHANNEL_PRICES,
    CHANNEL_SPEND,
    CROSS_CHANNEL,
    CUSTOMER_STAGES,
    CUSTOMERS,
    FLOW,
    FUNNELS,
    IS_STAFF,
    KEY_SEGMENTS,
    LEVELS,
    MEMBERSHIP,
    MONTHS,
    ONBOARDING,
    ORDERS,
    PATH_STEPS,
    PATHS,
    REPEAT_ORDERS,
    RUN,
    SURVEY,
    TICKETS,
    TOUCH_PATHS,
    TRANSITIONS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.journey.attribution import build_attribution
from pipelines.analytics.journey.channels import build_channel_behaviour
from pipelines.analytics.journey.flow import build_journey_flow
from pipelines.analytics.journey.funnels import build_funnel_steps
from pipelines.analytics.journey.paths import build_path_differences, build_path_transitions
from pipelines.analytics.journey.retention import build_retention


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


def _attribution(frames: Frames, run: Run) -> pl.DataFrame:
    return build_attribution(paths=frames[TOUCH_PATHS], spend=frames[CHANNEL_SPEND], **vars(run))


BUILDS: dict[str, TableBuild] = {
    "funnel_steps": TableBuild(
        {
            LEVELS: columns(
                "funnel_id customer_id entered_at entered_date entry_step level "
                "step_2_at step_3_at step_4_at step_5_at step_6_at step_7_at step_8_at "
                "region device_category channel is_excluded is_mature"
            ),
            FUNNELS: columns("funnel_id is_open breakdowns n_steps step_order step"),
            RUN: columns("as_of"),
            **IS_STAFF,
            **KEY_SEGMENTS,
        },
        _funnel_steps,
    ),
    "path_transitions": TableBuild(PATHS, _path_transitions),
    "path_differences": TableBuild(PATHS, _path_differences),
    "channel_behaviour": TableBuild(
        {
            CROSS_CHANNEL: columns(
                "customer_id behaviour region net_amount_reporting is_carried_over is_carried_over_earlier "
                "share_of_month_met is_comparable"
            ),
            CHANNEL_PRICES: columns("currency online_price store_price"),
            BUYING: columns(
                "customer_id channel device_category seconds_to_purchase n_clicks n_form_steps n_obstacles"
            ),
            ONBOARDING: columns(
                "customer_id channel region is_mature has_account_use has_delivery has_help_page has_support "
                "has_return has_feedback has_repeat"
            ),
            TICKETS: columns("ticket_id customer_id opened_at channel topic region first_reply_minutes_calendar"),
            SURVEY: columns("customer_id region channel sat_overall sat_expectancy sat_ideal"),
            CUSTOMERS: columns("customer_id is_identified is_staff region"),
            **KEY_SEGMENTS,
        },
        _channel_behaviour,
    ),
    "journey_flow": TableBuild(
        {
            FLOW: columns(
                "customer_id phase phase_order quarter_number is_settled n_stock_start n_entered n_advanced n_lost "
                "n_recovered n_stock_end"
            ),
            REPEAT_ORDERS: columns("customer_id order_date is_direct"),
            CUSTOMERS: columns("customer_id region is_staff"),
            **KEY_SEGMENTS,
        },
        _journey_flow,
    ),
    "retention": TableBuild(
        {
            ORDERS: columns("customer_id order_date is_valid"),
            MONTHS: columns("customer_id month_number has_order"),
            CUSTOMER_STAGES: columns("customer_id first_stage first_stage_date"),
            CUSTOMERS: columns("customer_id region is_staff"),
        },
        _retention,
    ),
    "attribution": TableBuild(
        {
            TOUCH_PATHS: columns(
                "person_group buyer_kind order_channel path touch_position channel n_touches n_paths "
                "net_amount_reporting decay_orders decay_amount_reporting lookback_days"
            ),
            CHANNEL_SPEND: columns("channel n_campaigns n_campaigns_without_cost spend_amount_reporting"),
        },
        _attribution,
    ),
}
