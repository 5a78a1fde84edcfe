"""Tables of how customers are helped.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import BREAKDOWN, GROUP, PERIOD, STRING, Column, estimate, table

TABLES = (
    table(
        "support_kpis",
        "One row per measure, clock, breakdown, group and period.",
        "measure clock breakdown group_id period",
        Column("measure", STRING, "What is measured, a metric of the registry."),
        Column("clock", STRING, "calendar or business for times; none for the rest."),
        BREAKDOWN,
        GROUP,
        PERIOD,
        Column("unit", STRING, "minutes, share, or tickets per 100 orders."),
        *estimate(
            "Value of the measure; a time is null where too many tickets still wait to tell.",
            "Tickets, ratings or orders in the denominator.",
        ),
    ),
)
