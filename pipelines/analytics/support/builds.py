"""What the tables of how customers are helped are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMERS,
    IS_STAFF,
    LINES,
    MEMBERSHIP,
    ORDERS,
    PRODUCTS,
    SEGMENTS,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.support.kpis import build_support_kpis


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
            **SEGMENTS,
        },
        _support_kpis,
    ),
}
