"""Whether a measure is recorded at all: where no system tells of tickets, no tickets is not a finding.

Belongs here: which measures count what some system has to record, and leaving them out where none does. Stays out: how
any measure is computed.
"""

from __future__ import annotations

import polars as pl

COUNTED = frozenset(
    {
        "acquisition_cost_per_new",
        "contact_cost_per_customer",
        "email_reachable_share",
        "onboarding_account_share",
        "onboarding_delivery_share",
        "onboarding_feedback_share",
        "onboarding_help_share",
        "onboarding_return_share",
        "onboarding_support_share",
        "retention_cost_per_back",
        "return_cost_per_customer",
        "returned_order_share",
        "service_cost_per_customer",
        "service_cost_share",
        "shipping_subsidy_per_customer",
        "tickets_per_100_orders",
        "tickets_per_customer",
    }
)
"""Measures that count what a system records. A median or a spread may truly be zero everywhere; these may not."""


def only_recorded(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out the measures of ``COUNTED`` that are zero in every group of the table; frames without measures pass."""
    if "measure" not in frame.columns or "value" not in frame.columns:
        return frame
    highest = pl.col("value").abs().max().over("measure")
    return frame.filter((~pl.col("measure").is_in(COUNTED) | (highest > 0)).fill_null(value=True))
