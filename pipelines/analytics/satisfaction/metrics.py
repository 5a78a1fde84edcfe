"""Metrics of how customers feel and how they are helped.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CARE, INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "acsi_style_index",
        "Satisfaction index (ACSI-style)",
        "Mean over respondents of three items (satisfaction, expectations met, closeness to the ideal) on 0-100. "
        "Bases survey3, single_item and stars are never compared. Equal weights; not the registered index.",
        "100 * sum(w * (x - 1)) / 9, w = 1/3, mean over complete answers",
        "points 0-100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas, segment_profiles",
    ),
    Definition(
        "nps",
        "Net promoter score",
        "Share who would recommend with 9-10 minus share with 0-6, in points.",
        "100 * (promoters - detractors) / answers; adjusted Wald interval",
        "points -100 to 100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
    Definition(
        "csat_top2",
        "Satisfied reviewers (top-2 box)",
        "Share of reviews with four or five stars.",
        "reviews with stars 4-5 / reviews with stars; Wilson interval",
        "share",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
    Definition(
        "ces_mean",
        "Customer effort, mean",
        "Mean agreement that the company made it easy.",
        "mean of the 1-7 item; t interval",
        "points 1-7",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
    Definition(
        "ces_top3",
        "Customer effort, found it easy",
        "Share who agree at all (5-7 of 7) that the company made it easy.",
        "answers 5-7 / answers; Wilson interval",
        "share",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
    Definition(
        "ces_net",
        "Customer effort, net",
        "Share who found it easy (6-7) minus share who did not (1-3), in points.",
        "100 * (answers 6-7 - answers 1-3) / answers; adjusted Wald interval",
        "points -100 to 100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
    Definition(
        "tickets_per_100_orders",
        "Contact rate",
        "Support tickets opened in a period for every 100 orders placed in it.",
        "100 * tickets / valid orders; exact Poisson interval, by customer in segment_contrasts",
        "tickets per 100 orders",
        CARE,
        "support_kpis, segment_contrasts",
    ),
    *(
        Definition(
            f"first_reply_{name}",
            f"First reply time, {words}",
            "Minutes from opening to the first public reply of an agent, calendar or business clock.",
            f"{words} over replied tickets; order statistic interval",
            "minutes",
            CARE,
            "support_kpis",
        )
        for name, words in (("median", "median"), ("p90", "90th percentile"))
    ),
    *(
        Definition(
            f"resolution_{name}",
            f"Resolution time, {words}",
            "Minutes from opening to the last solve, calendar or business clock.",
            f"{words}; calendar: Kaplan-Meier with open tickets censored; business: solved tickets, order statistics",
            "minutes",
            CARE,
            "support_kpis",
        )
        for name, words in (("median", "median"), ("p90", "90th percentile"))
    ),
    Definition(
        "one_touch_share",
        "One-touch tickets",
        "Share of solved tickets that needed at most one agent reply.",
        "one-touch / solved tickets; Wilson interval",
        "share",
        CARE,
        "support_kpis",
    ),
    Definition(
        "reopen_share",
        "Reopened tickets",
        "Share of solved tickets that were reopened at least once.",
        "reopened / solved tickets; Wilson interval",
        "share",
        CARE,
        "support_kpis",
    ),
    Definition(
        "repeat_contact_share",
        "Repeat contacts",
        "Share of tickets by a person who wrote about the same topic in the 7 days before.",
        "repeat contacts / tickets; Wilson interval",
        "share",
        CARE,
        "support_kpis",
    ),
    Definition(
        "csat_good_share",
        "Good ticket ratings",
        "Share of rated tickets rated good; a two-way rating, not top-2 of five.",
        "good / rated tickets; Wilson interval",
        "share",
        CARE,
        "support_kpis",
    ),
)
