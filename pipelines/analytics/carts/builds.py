"""What the tables of carts, why they are left and what that costs are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.carts.abandonment import build_cart_abandonment
from pipelines.analytics.carts.causes import CAUSES, build_cart_abandonment_causes
from pipelines.analytics.carts.pain_quarters import build_pain_quarters
from pipelines.analytics.carts.pain_units import Met
from pipelines.analytics.carts.pains import build_pain_points
from pipelines.analytics.carts.session_rule import build_cart_session_rule
from pipelines.analytics.carts.thresholds import build_shipping_what_if
from pipelines.analytics.inputs import (
    CARTS,
    CUSTOMERS,
    FEEDBACK,
    IS_STAFF,
    KEY_SEGMENTS,
    MEMBERSHIP,
    ORDERS,
    RUN,
    SESSIONS,
    THRESHOLDS,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
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


def _shipping_what_if(frames: Frames, run: Run) -> pl.DataFrame:
    return build_shipping_what_if(
        carts=frames[CARTS],
        customers=frames[CUSTOMERS],
        thresholds=frames[THRESHOLDS],
        currency=frames[RUN]["reporting_currency"].item(),
        **vars(run),
    )


def _met(frames: Frames) -> Met:
    return Met(
        carts=frames[CARTS],
        sessions=frames[SESSIONS],
        orders=frames[ORDERS],
        tickets=frames[TICKETS],
        feedback=frames[FEEDBACK],
    )


def _pain_points(frames: Frames, run: Run) -> pl.DataFrame:
    return build_pain_points(met=_met(frames), customers=frames[CUSTOMERS], membership=frames[MEMBERSHIP], **vars(run))


def _pain_quarters(frames: Frames, run: Run) -> pl.DataFrame:
    return build_pain_quarters(met=_met(frames), customers=frames[CUSTOMERS], **vars(run))


MET = {
    CARTS: (
        *columns(
            "cart_id customer_id region cart_date value_amount_reporting has_checkout has_shipping has_payment "
            "is_abandoned is_mature"
        ),
        *(cause.exposure for cause in CAUSES),
    ),
    SESSIONS: columns("session_id customer_id region session_date n_errors has_checkout has_purchase"),
    ORDERS: columns(
        "order_id customer_id region order_date is_valid net_amount_reporting delivered_at delivery_promised_at"
    ),
    TICKETS: columns("ticket_id order_id customer_id opened_date topic"),
    FEEDBACK: columns("feedback_id feedback_kind customer_id region feedback_date product_line stars"),
}
"""The columns pains are found in."""


BUILDS: dict[str, TableBuild] = {
    "cart_abandonment": TableBuild(
        {
            CARTS: columns(
                "customer_id cart_date last_activity_at region device_category product_line value_amount_reporting "
                "has_checkout recovery_type is_abandoned is_mature"
            ),
            **IS_STAFF,
            **KEY_SEGMENTS,
        },
        _cart_abandonment,
    ),
    "cart_session_rule": TableBuild(
        {CARTS: columns("customer_id state is_abandoned n_devices n_session_exits"), **IS_STAFF}, _cart_session_rule
    ),
    "cart_abandonment_causes": TableBuild(
        {
            CARTS: (
                *columns(
                    "customer_id region device_category product_line started_at cart_date value_amount_reporting "
                    "has_checkout has_shipping has_payment is_abandoned is_mature primary_cause"
                ),
                *(cause.exposure for cause in CAUSES),
            ),
            CUSTOMERS: columns("customer_id is_staff first_order_at net_amount_reporting margin_amount_reporting"),
            RUN: columns("reporting_time_zone"),
            **KEY_SEGMENTS,
        },
        _cart_abandonment_causes,
    ),
    "shipping_what_if": TableBuild(
        {
            CARTS: columns(
                "customer_id cart_date currency value_amount value_amount_reporting shipping_fee_share has_shipping "
                "is_abandoned is_mature"
            ),
            CUSTOMERS: columns("customer_id is_staff net_amount_reporting margin_amount_reporting"),
            THRESHOLDS: columns("currency valid_from free_shipping_from_amount"),
            RUN: columns("reporting_currency"),
        },
        _shipping_what_if,
    ),
    "pain_points": TableBuild({**MET, **IS_STAFF, **KEY_SEGMENTS}, _pain_points),
    "pain_quarters": TableBuild({**MET, **IS_STAFF}, _pain_quarters),
}
