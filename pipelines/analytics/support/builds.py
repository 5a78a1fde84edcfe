"""What the tables of how customers are helped are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    AGENT_WEEKS,
    BACKLOG,
    CUSTOMERS,
    IS_STAFF,
    KEY_SEGMENTS,
    LINES,
    MEMBERSHIP,
    ORDERS,
    PRODUCTS,
    SERVICE_POLICIES,
    TICKETS,
    TOPIC_STAGES,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.support.agents import build_agent_quality
from pipelines.analytics.support.backlog import build_support_backlog
from pipelines.analytics.support.employees import build_employee_links
from pipelines.analytics.support.kpis import build_support_kpis
from pipelines.analytics.support.policies import build_service_coverage, build_service_policies


def _support_kpis(frames: Frames, run: Run) -> pl.DataFrame:
    return build_support_kpis(
        tickets=frames[TICKETS],
        orders=frames[ORDERS],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _service_policies(frames: Frames, run: Run) -> pl.DataFrame:
    return build_service_policies(
        tickets=frames[TICKETS], policies=frames[SERVICE_POLICIES], customers=frames[CUSTOMERS], **vars(run)
    )


def _service_coverage(frames: Frames, run: Run) -> pl.DataFrame:
    return build_service_coverage(
        tickets=frames[TICKETS],
        policies=frames[SERVICE_POLICIES],
        topics=frames[TOPIC_STAGES],
        customers=frames[CUSTOMERS],
        **vars(run),
    )


def _agent_quality(frames: Frames, run: Run) -> pl.DataFrame:
    return build_agent_quality(weeks=frames[AGENT_WEEKS], tickets=frames[TICKETS], **vars(run))


def _employee_links(frames: Frames, run: Run) -> pl.DataFrame:
    return build_employee_links(weeks=frames[AGENT_WEEKS], tickets=frames[TICKETS], **vars(run))


def _support_backlog(frames: Frames, run: Run) -> pl.DataFrame:
    return build_support_backlog(frames[BACKLOG], **vars(run))


POLICIES = columns(
    "policy policy_order policy_name topic channel priority measure clock target_minutes target_share owner"
)
BUILDS: dict[str, TableBuild] = {
    "support_kpis": TableBuild(
        {
            TICKETS: columns(
                "customer_id opened_date solved_at channel topic product_line division region n_reopens n_stations "
                "is_out_of_hours first_reply_minutes_calendar first_reply_minutes_business "
                "first_resolution_minutes_calendar first_resolution_minutes_business resolution_minutes_calendar "
                "resolution_minutes_business age_minutes_calendar age_minutes_business is_one_touch is_open rating "
                "is_repeat_contact is_channel_switch is_first_contact_resolution"
            ),
            ORDERS: columns("customer_id order_date region main_product_line main_division is_valid"),
            **IS_STAFF,
            **LINES,
            **KEY_SEGMENTS,
        },
        _support_kpis,
    ),
    "service_policies": TableBuild(
        {
            TICKETS: columns(
                "customer_id opened_date topic channel priority is_open n_reopens first_reply_minutes_calendar "
                "first_reply_minutes_business resolution_minutes_calendar resolution_minutes_business "
                "age_minutes_calendar age_minutes_business"
            ),
            SERVICE_POLICIES: POLICIES,
            **IS_STAFF,
        },
        _service_policies,
    ),
    "service_coverage": TableBuild(
        {
            TICKETS: columns("customer_id topic channel priority"),
            SERVICE_POLICIES: POLICIES,
            TOPIC_STAGES: columns("topic stage"),
            **IS_STAFF,
        },
        _service_coverage,
    ),
    "agent_quality": TableBuild(
        {
            AGENT_WEEKS: columns("agent_id week_start_date team_ref team_name enps_score qa_score"),
            TICKETS: columns("system agent_ref team_ref opened_date rating is_one_touch is_first_contact_resolution"),
        },
        _agent_quality,
    ),
    "employee_links": TableBuild(
        {
            AGENT_WEEKS: columns("agent_id week_start_date team_ref tool_downtime_minutes enps_score qa_score"),
            TICKETS: columns("team_ref opened_date rating"),
        },
        _employee_links,
    ),
    "support_backlog": TableBuild(
        {BACKLOG: columns("calendar_date region channel n_opening n_created n_reopened n_solved n_closing")},
        _support_backlog,
    ),
}
