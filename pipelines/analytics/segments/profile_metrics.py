"""Metrics of segments beside each other and beside people who did not buy.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CRM, INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "non_customer_gap",
        "Gap to people who did not buy",
        "How differently people who did not buy answer a survey question, beside customers; each person counts once.",
        "mean of those who did not buy - mean of customers; Welch interval; Hedges' g",
        "points of the question",
        INSIGHT,
        "customer_gaps",
    ),
    Definition(
        "affinity_index",
        "Affinity index",
        "How much more a segment uses a channel, buys of a line or clicks on an offer than everybody; 100 is alike.",
        "100 * rate of the segment / rate of all; delta method on the logarithm, errors by customer",
        "100 = everybody",
        CRM,
        "segment_affinity",
    ),
    Definition(
        "priority_score",
        "Priority of a segment",
        "How attractive a segment is and how well it fits, beside the others of its scheme; its rank with a range.",
        "mean place in customers, revenue per customer, growth * mean place in satisfaction, retention, reach",
        "0-1",
        INSIGHT,
        "segment_priority",
    ),
    Definition(
        "niche_lift",
        "Lift of a niche",
        "How much more often a need, or paying much, is found in a cell of segments than among everybody.",
        "share of the cell with the trait / share of everybody; delta method on the logarithm, Fisher's exact test",
        "ratio",
        INSIGHT,
        "niches",
    ),
    Definition(
        "lookalike_score",
        "Likeness to those who pay most",
        "Chance that a person who has not bought yet would be in the tenth that pays most, by what is known before.",
        "ridge logistic regression on region, business, firm size, life stage, stated need; five-fold area, DeLong",
        "0-1",
        CRM,
        "customer_lookalikes",
    ),
    Definition(
        "persona_effect_size",
        "What sets a segment apart",
        "How far the mean of a fact in a segment is from that of everybody else; shares are told by their index.",
        "(mean of the segment - mean of the rest) / pooled standard deviation (Hedges' g); Welch test",
        "standard deviations",
        INSIGHT,
        "personas",
    ),
)
