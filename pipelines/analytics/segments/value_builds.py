"""What the tables of models of value are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import CUSTOMERS, PURCHASE_DAYS, Frames, Run, TableBuild, columns
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.segments.value_backtest import build_value_backtest
from pipelines.analytics.segments.value_forecast import build_value_model

DAYS = columns("customer_id order_date net_amount_reporting")
BASE = {CUSTOMERS: columns("customer_id is_identified is_staff")}


def _value_model(frames: Frames, run: Run) -> pl.DataFrame:
    return build_value_model(customers=base_customers(frames[CUSTOMERS]), days=frames[PURCHASE_DAYS], **vars(run))


def _value_backtest(frames: Frames, run: Run) -> pl.DataFrame:
    return build_value_backtest(customers=base_customers(frames[CUSTOMERS]), days=frames[PURCHASE_DAYS], **vars(run))


BUILDS: dict[str, TableBuild] = {
    "value_model": TableBuild({**BASE, PURCHASE_DAYS: DAYS}, _value_model),
    "value_backtest": TableBuild({**BASE, PURCHASE_DAYS: DAYS}, _value_backtest),
}
