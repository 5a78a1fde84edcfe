"""Tables of how customers feel and how they are helped.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    BREAKDOWN,
    DIMENSION,
    FLOAT,
    GROUP,
    INT,
    PERIOD,
    STRING,
    Column,
    estimate,
    interval,
    table,
    tested,
)

TABLES = (
    table(
        "satisfaction_scores",
        "One row per metric, basis, dimension, group and period.",
        "metric_id basis dimension group_id period",
        Column("metric_id", STRING, "acsi_style_index, nps, csat_top2, ces_mean, ces_top3, ces_net."),
        DIMENSION,
        GROUP,
        PERIOD,
        *estimate("The score, in the metric's unit.", "Answers with every item the metric needs."),
        Column("n_complete", INT, "Answers with every item the metric needs."),
        Column("n_partial", INT, "Answers with some of the items but not all."),
        Column("sd", FLOAT, "Standard deviation between answers, in the metric's unit."),
        *interval(
            "weighted_value",
            "The score weighted to the customers with an order (raked by region and lifecycle segment of as_of); null "
            "where the weights leave too few answers.",
            "from n_eff",
        ),
        Column("n_eff", FLOAT, "Effective number of answers behind weighted_value: sum(w)^2 / sum(w^2)."),
        Column(
            "response_rate",
            FLOAT,
            "Answered / delivered invitations; null where invitations lack the dimension.",
        ),
        Column("n_invited", INT, "Invitations delivered; null where they lack the dimension."),
        Column("weights_version", STRING, "Version of the item weights: a change of weights is no change of score."),
        Column("wording_version", STRING, "Versions of the questions in the cell, joined by +."),
    ),
    table(
        "satisfaction_deltas",
        "One row per metric, basis, dimension, group and quarter that is over: the change against the quarter before.",
        "metric_id basis dimension group_id period",
        Column("metric_id", STRING, "acsi_style_index, nps, csat_top2, ces_mean, ces_top3, ces_net."),
        DIMENSION,
        GROUP,
        PERIOD,
        Column("previous_period", STRING, "The quarter before."),
        *estimate("Score of the period - score of the previous period.", "Answers of the period."),
        Column("n_previous", INT, "Answers of the previous period."),
        *tested("Two-sided p of the change; null below 30 answers on a side.", "metric, basis, dimension and period"),
        *interval(
            "rate_effect",
            "Part of value from change inside product lines; company and divisions only.",
            "shares taken as given",
        ),
        Column("mix_effect", FLOAT, "Part of value from shifts between product lines; adds up with rate_effect."),
        Column("vs_rest_value", FLOAT, "Change of the group - change of the rest of the company."),
        Column("vs_rest_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("vs_rest_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("vs_rest_p", FLOAT, "Two-sided p of the difference of changes."),
        Column("minimum_detectable", FLOAT, "Smallest change found with 80 % power at these numbers, 5 % two-sided."),
        Column("verdict", STRING, "improved, declined, no_evidence, insufficient_n, suppressed."),
        Column("explained_by", STRING, "rate, mix or both where the verdict is a change and the split exists."),
    ),
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
        *estimate("Value of the measure.", "Tickets, ratings or orders in the denominator."),
    ),
)
