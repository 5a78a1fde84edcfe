"""Tables of who customers are and what they are worth.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.segments import profile_tables, scheme_tables, value_tables
from pipelines.analytics.table import (
    FLOAT,
    GROUP,
    INT,
    SCHEME,
    SEGMENT,
    STRING,
    Column,
    estimate,
    interval,
    table,
    tested,
)

TABLES = (
    table(
        "segment_membership",
        "One row per segment scheme and identified customer who is not staff.",
        "scheme_id customer_id",
        SCHEME,
        Column("customer_id", STRING, "Person."),
        SEGMENT,
        Column("reason", STRING, "The rule that put the person there, in words."),
    ),
    table(
        "customer_tags",
        "One row per identified customer who is not staff, and tag of the person: any number of them, or none.",
        "customer_id tag",
        Column("customer_id", STRING, "Person."),
        Column("tag", STRING, "Tag of the segments file."),
        Column("reason", STRING, "What the tag means, in words."),
    ),
    table(
        "customer_needs",
        "One row per identified customer who is not staff: what the person needs most, and how that is known.",
        "customer_id",
        Column("customer_id", STRING, "Person."),
        Column("need", STRING, "price, convenience, quality, design, service; mixed without a lead or evidence."),
        Column("need_basis", STRING, "stated (measured), observed (inferred from what the person does), or none."),
        Column("margin", FLOAT, "Lead of the highest score over the next, standard deviations."),
        *(
            Column(need, FLOAT, f"Score of {need}: stated and observed, one weight an answer.")
            for need in ("price", "convenience", "quality", "design", "service")
        ),
        *(
            Column(f"stated_{need}", FLOAT, f"Importance of {need} beside the person's other answers, in SD.")
            for need in ("price", "convenience", "quality", "design", "service")
        ),
        *(
            Column(f"observed_{need}", FLOAT, f"Signs of {need} in what the person does, as a z-score.")
            for need in ("price", "convenience", "quality", "design", "service")
        ),
        Column("importance_answers", INT, "Surveys in which the person said what matters."),
        Column("valid_orders", INT, "Orders the observed scores rest on."),
        Column("texts", INT, "Texts written."),
    ),
    table(
        "segment_profiles",
        "One row per segment scheme, segment and measure.",
        "scheme_id segment_id measure",
        SCHEME,
        SEGMENT,
        Column("measure", STRING, "What is measured, a metric of the registry."),
        Column("unit", STRING, "Unit of value."),
        *estimate("Value of the measure in the segment.", "Persons, carts or answers the value rests on."),
    ),
    table(
        "customer_value",
        "One row per identified customer who is not staff.",
        "customer_id",
        Column("customer_id", STRING, "Person."),
        Column("recency_days", INT, "Days from the last order to as_of; null for prospects."),
        Column("frequency", INT, "Distinct order days in the 365 days before as_of."),
        Column("monetary", FLOAT, "Net revenue of those 365 days, reporting currency."),
        Column("r_score", INT, "1 (long ago) to 5 (just now) among the year's buyers; 1 before; null for prospects."),
        Column("f_score", INT, "1 (seldom) to 5 (often) in the same way; equal values share a score."),
        Column("m_score", INT, "1 (little) to 5 (much) in the same way; equal values share a score."),
        Column("historic_margin", FLOAT, "Margin so far, reporting currency; null where no unit cost is known."),
        Column("simple_clv", FLOAT, "Margin of the year x r / (1 + d - r), r = 0.8 retained, d = 0.1 discount a year."),
        *value_tables.FORECASTS,
        *value_tables.COSTS,
    ),
    *value_tables.TABLES,
    *scheme_tables.TABLES,
    *profile_tables.TABLES,
    table(
        "segment_contrasts",
        "One row per segment scheme, group and measure: the group against the groups that do not stand out.",
        "scheme_id group_id measure",
        SCHEME,
        GROUP,
        Column("measure", STRING, "early_exit_rate, checkout_abandonment_rate, tickets_per_100_orders and the like."),
        *estimate(
            "Value of the measure in the group, errors clustered by customer.", "Carts or orders below the line."
        ),
        Column("rest_value", FLOAT, "Value of the groups that do not stand out, this one left out."),
        *interval("difference", "value - rest_value."),
        *interval("ratio", "value / rest_value.", "log method"),
        *tested("Two-sided p of the difference; null below 30 units.", "the groups and measures of the scheme"),
        Column("verdict", STRING, "higher, lower, no_evidence, insufficient_n, suppressed, untested."),
        Column("says", STRING, "What a higher or lower group does, in words."),
    ),
    table(
        "metrics",
        "One row per metric.",
        "metric_id",
        Column("metric_id", STRING, "Metric or measure as it stands in the tables."),
        Column("name", STRING, "Name for people."),
        Column("definition", STRING, "What it means, in words."),
        Column("formula", STRING, "How it is computed."),
        Column("unit", STRING, "Unit."),
        Column("owner", STRING, "Who answers for the definition."),
        Column("source", STRING, "Tables it is computed from, or shown in."),
    ),
)
