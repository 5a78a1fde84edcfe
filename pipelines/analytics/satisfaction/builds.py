"""What the tables of how customers feel and how they are helped are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    ANSWERS,
    CUSTOMERS,
    FEEDBACK,
    INVITATIONS,
    IS_STAFF,
    LINES,
    MEMBERSHIP,
    ORDERS,
    PRODUCTS,
    SEGMENTS,
    SURVEY,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.satisfaction.deltas import build_satisfaction_deltas
from pipelines.analytics.satisfaction.scores import build_satisfaction_scores
from pipelines.analytics.satisfaction.support import build_support_kpis


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


BUILDS: dict[str, TableBuild] = {
    "satisfaction_scores": TableBuild(
        {
            **ANSWERS,
            CUSTOMERS: columns("customer_id is_staff is_identified region n_orders"),
            **LINES,
            **SEGMENTS,
            INVITATIONS: columns("survey_ref response_id sent_date status division product_line region"),
        },
        _satisfaction_scores,
    ),
    "satisfaction_deltas": TableBuild({**ANSWERS, **IS_STAFF, **LINES, **SEGMENTS}, _satisfaction_deltas),
    "support_kpis": TableBuild(
        {
            TICKETS: columns(
                "customer_id opened_at opened_date solved_at channel is_open product_line division region n_reopens "
                "first_reply_minutes_calendar first_reply_minutes_business resolution_minutes_calendar "
                "resolution_minutes_business is_one_touch rating is_repeat_contact"
            ),
            ORDERS: columns("customer_id order_date region main_product_line main_division is_valid"),
            **IS_STAFF,
            **LINES,
            **SEGMENTS,
        },
        _support_kpis,
    ),
}
