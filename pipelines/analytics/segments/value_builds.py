"""What the tables of models of value are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMER_COSTS,
    CUSTOMER_PRICES,
    CUSTOMERS,
    KEY_SEGMENTS,
    MEMBERSHIP,
    PURCHASE_DAYS,
    VALUE,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.segments.value_backtest import build_value_backtest
from pipelines.analytics.segments.value_concentration import build_value_concentration
from pipelines.analytics.segments.value_costs import build_cost_to_serve
from pipelines.analytics.segments.value_forecast import build_value_model
from pipelines.analytics.segments.value_prices import build_price_dispersion

DAYS = columns("customer_id order_date net_amount_reporting")
COSTS = columns(
    "customer_id contact_cost_reporting return_cost_reporting shipping_subsidy_reporting acquisition_cost_reporting "
    "retention_cost_reporting"
)
BASE = {CUSTOMERS: columns("customer_id is_identified is_staff")}


def _value_model(frames: Frames, run: Run) -> pl.DataFrame:
    return build_value_model(customers=base_customers(frames[CUSTOMERS]), days=frames[PURCHASE_DAYS], **vars(run))


def _value_backtest(frames: Frames, run: Run) -> pl.DataFrame:
    return build_value_backtest(customers=base_customers(frames[CUSTOMERS]), days=frames[PURCHASE_DAYS], **vars(run))


def _value_concentration(frames: Frames, run: Run) -> pl.DataFrame:
    return build_value_concentration(
        value=frames[VALUE],
        customers=frames[CUSTOMERS],
        bought=frames[CUSTOMER_PRICES],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _cost_to_serve(frames: Frames, run: Run) -> pl.DataFrame:
    return build_cost_to_serve(
        customers=base_customers(frames[CUSTOMERS]),
        costs=frames[CUSTOMER_COSTS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _price_dispersion(frames: Frames, run: Run) -> pl.DataFrame:
    return build_price_dispersion(
        customers=base_customers(frames[CUSTOMERS]),
        bought=frames[CUSTOMER_PRICES],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


MODELS: dict[str, TableBuild] = {
    "value_model": TableBuild({**BASE, PURCHASE_DAYS: DAYS}, _value_model),
    "value_backtest": TableBuild({**BASE, PURCHASE_DAYS: DAYS}, _value_backtest),
}
BY_SEGMENT: dict[str, TableBuild] = {
    "value_concentration": TableBuild(
        {
            VALUE: columns("customer_id monetary clv"),
            CUSTOMERS: columns("customer_id region"),
            CUSTOMER_PRICES: columns("customer_id division net_amount_reporting"),
            **KEY_SEGMENTS,
        },
        _value_concentration,
    ),
    "cost_to_serve": TableBuild(
        {
            CUSTOMERS: columns(
                "customer_id is_identified is_staff region first_order_at n_order_days_365d net_amount_reporting_365d"
            ),
            CUSTOMER_COSTS: COSTS,
            **KEY_SEGMENTS,
        },
        _cost_to_serve,
    ),
    "price_dispersion": TableBuild(
        {
            CUSTOMERS: columns("customer_id is_identified is_staff region"),
            CUSTOMER_PRICES: columns(
                "customer_id division paid_amount_reporting asked_amount_reporting usual_amount_reporting "
                "off_usual_amount_reporting"
            ),
            **KEY_SEGMENTS,
        },
        _price_dispersion,
    ),
}
