"""Metrics of how customers feel.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "acsi_style_index",
        "Satisfaction index (ACSI-style)",
        "Mean over respondents of three items (satisfaction, expectations met, closeness to the ideal) on 0-100. "
        "Bases survey3, single_item and stars are never compared. Equal weights; not the registered index.",
        "100 * sum(w * (x - 1)) / 9, w = 1/3, mean over complete answers",
        "points 0-100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs, satisfaction_benchmark, segment_profiles",
    ),
    Definition(
        "nps",
        "Net promoter score",
        "Share who would recommend with 9-10 minus share with 0-6, in points.",
        "100 * (promoters - detractors) / answers; adjusted Wald interval",
        "points -100 to 100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs",
    ),
    Definition(
        "csat_top2",
        "Satisfied reviewers (top-2 box)",
        "Share of reviews with four or five stars.",
        "reviews with stars 4-5 / reviews with stars; Wilson interval",
        "share",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs",
    ),
    Definition(
        "ces_mean",
        "Customer effort, mean",
        "Mean agreement that the company made it easy.",
        "mean of the 1-7 item; t interval",
        "points 1-7",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs",
    ),
    Definition(
        "ces_top3",
        "Customer effort, found it easy",
        "Share who agree at all (5-7 of 7) that the company made it easy.",
        "answers 5-7 / answers; Wilson interval",
        "share",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs",
    ),
    Definition(
        "ces_net",
        "Customer effort, net",
        "Share who found it easy (6-7) minus share who did not (1-3), in points.",
        "100 * (answers 6-7 - answers 1-3) / answers; adjusted Wald interval",
        "points -100 to 100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, satisfaction_delta_pairs",
    ),
    Definition(
        "spend_per_point",
        "Spend that goes with a point of satisfaction",
        "Change of the next quarter's expected spend with one point of the index; an association, told with a placebo.",
        "exp(b) - 1 of a Poisson regression on the index; past spend, quarter, region, line held; clustered",
        "percent",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "order_size_per_point",
        "Spend of buyers that goes with a point",
        "Change of the next quarter's spend of those who bought with one point of the index; an association.",
        "exp(b) - 1 of a regression of log spend on the index; same covariates",
        "percent",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "buying_per_point",
        "Buyers that go with a point",
        "Change of the share who buy in the next quarter with one point of the index; an association.",
        "100 * b of a linear regression of having bought on the index; same covariates",
        "percentage points",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "value_of_point_year",
        "Revenue that goes with a point, a year",
        "One point of the index for every customer, at the revenue of the last 365 days; an association.",
        "spend_per_point * net revenue of 365 days",
        "reporting currency a year",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "impact_of_change",
        "Revenue that goes with an observed change",
        "An observed change of the index at the group's revenue of the last 365 days; an association.",
        "change * spend_per_point * net revenue of 365 days; interval from both errors",
        "reporting currency a year",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "bought_after_saying",
        "Bought after saying so",
        "Share of promoters, passives and detractors with an order in the 180 days after their answer.",
        "customers with an order / customers, latest answer at least 180 days old; Wilson interval",
        "share",
        INSIGHT,
        "satisfaction_value",
    ),
    Definition(
        "say_do_gap",
        "Say-do gap",
        "How much more often promoters bought again than detractors; none means words do not tell deeds.",
        "share of promoters who bought - share of detractors who bought; Newcombe interval",
        "difference of shares",
        INSIGHT,
        "satisfaction_value",
    ),
)
