"""Tables of how customers are helped.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import BOOL, BREAKDOWN, FLOAT, GROUP, PERIOD, STRING, Column, estimate, table

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
    table(
        "service_policies",
        "One row per policy and period of opening: how often the promise was kept.",
        "policy period",
        Column("policy", STRING, "Policy of the seed service_policies."),
        PERIOD,
        Column("policy_name", STRING, "Policy in words."),
        Column("topic", STRING, "Topic it is for, or any."),
        Column("channel", STRING, "Channel it is for, or any."),
        Column("priority", STRING, "Priority it is for, or any."),
        Column("measure", STRING, "first_reply or resolution: what is promised."),
        Column("clock", STRING, "Clock the time is told on: calendar or business."),
        Column("target_minutes", FLOAT, "Minutes promised."),
        Column("target_share", FLOAT, "Share of tickets for which the promise shall be kept."),
        Column("owner", STRING, "Who answers for the promise."),
        *estimate(
            "sla_attainment: share of tickets for which the promise was kept.",
            "Tickets opened in the period whose time is up.",
        ),
        Column("verdict", STRING, "met, missed (the whole interval on that side of the target), unclear, suppressed."),
    ),
    table(
        "service_coverage",
        "One row per topic and measure that can be promised: whether a policy covers it.",
        "topic measure",
        Column("stage", STRING, "Stage of the journey the topic belongs to (seed topic_stages)."),
        Column("topic", STRING, "Topic of tickets; other for rare ones, unknown where the ticket has none."),
        Column("measure", STRING, "first_reply or resolution."),
        Column("policies", STRING, "Policies that hold for some of the tickets, joined by +."),
        Column("is_gap", BOOL, "Most tickets on the topic fall under no policy; null without tickets."),
        *estimate("policy_coverage: share of tickets that fall under a policy.", "Tickets on the topic."),
    ),
)
