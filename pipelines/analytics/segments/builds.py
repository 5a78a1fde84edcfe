"""What the tables of who customers are and what they are worth are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CARTS,
    CUSTOMER_COSTS,
    CUSTOMERS,
    HABITS,
    IS_STAFF,
    KEY_SEGMENTS,
    MEMBERSHIP,
    ORDERS,
    PURCHASE_DAYS,
    PURCHASES,
    RESPONSES,
    SEGMENTS,
    SURVEY,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.metrics import build_metrics
from pipelines.analytics.segments import profile_builds, scheme_builds, value_builds
from pipelines.analytics.segments.contrasts import build_segment_contrasts
from pipelines.analytics.segments.needs import NEED_HABITS, NEED_PURCHASES, build_customer_needs
from pipelines.analytics.segments.profiles import build_segment_profiles
from pipelines.analytics.segments.value import build_customer_value
from pipelines.analytics.segments.value_builds import COSTS, DAYS


def _customer_value(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_value(
        customers=frames[CUSTOMERS],
        days=frames[PURCHASE_DAYS],
        costs=frames[CUSTOMER_COSTS],
        as_of=run.as_of,
        run_id=run.run_id,
    )


def _customer_needs(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_needs(
        customers=frames[CUSTOMERS],
        purchases=frames[PURCHASES],
        habits=frames[HABITS],
        as_of=run.as_of,
        run_id=run.run_id,
    )


def _segment_profiles(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_profiles(
        customers=frames[CUSTOMERS],
        carts=frames[CARTS],
        survey=frames[SURVEY],
        membership=frames[MEMBERSHIP],
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


def _metrics(frames: Frames, run: Run) -> pl.DataFrame:  # noqa: ARG001 (a table without inputs)
    return build_metrics(as_of=run.as_of, run_id=run.run_id)


BUILDS: dict[str, TableBuild] = {
    "metrics": TableBuild({}, _metrics),
    "customer_value": TableBuild(
        {
            CUSTOMERS: columns(
                "customer_id is_identified is_staff last_order_at n_orders n_order_days_365d net_amount_reporting "
                "net_amount_reporting_365d margin_amount_reporting"
            ),
            PURCHASE_DAYS: DAYS,
            CUSTOMER_COSTS: COSTS,
        },
        _customer_value,
    ),
    **value_builds.MODELS,
    "customer_needs": TableBuild(
        {
            CUSTOMERS: columns("customer_id is_identified is_staff"),
            PURCHASES: NEED_PURCHASES,
            HABITS: NEED_HABITS,
        },
        _customer_needs,
    ),
    **scheme_builds.BUILDS,
    "segment_profiles": TableBuild(
        {
            CUSTOMERS: columns(
                "customer_id is_identified is_staff n_orders net_amount_reporting n_tickets has_email_marketing_consent"
            ),
            CARTS: columns("customer_id is_mature value_amount_reporting is_abandoned"),
            **RESPONSES,
            **SEGMENTS,
        },
        _segment_profiles,
    ),
    "segment_contrasts": TableBuild(
        {
            CARTS: columns("customer_id region value_amount_reporting has_checkout is_abandoned is_mature"),
            ORDERS: columns("customer_id region is_valid refund_amount"),
            TICKETS: columns("customer_id region"),
            **IS_STAFF,
            **KEY_SEGMENTS,
        },
        _segment_contrasts,
    ),
    **value_builds.BY_SEGMENT,
    **profile_builds.BUILDS,
}
