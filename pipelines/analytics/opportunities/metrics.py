"""Metrics of opportunities.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CRM, INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "opportunity_value_year",
        "Value of an opportunity a year",
        "Revenue a year that mending it could bring back, as a range: what goes with one costed sign, times the share "
        "of it that comes back, which is an assumption of the catalogue. An association taken for a cause; signs "
        "overlap, within an opportunity and between them, so opportunities have no sum.",
        "amount of one supporting costed sign * share that comes back; ends with ends",
        "reporting currency a year",
        INSIGHT,
        "opportunities",
    ),
    Definition(
        "opportunity_payback",
        "Payback of an opportunity",
        "Months until the benefit has paid for the remedy: at best (least cost, high benefit) and at worst.",
        "cost * 12 / (value * margin rate - running cost)",
        "months",
        INSIGHT,
        "opportunities",
    ),
    Definition(
        "evidence_sources",
        "Independent sources of an opportunity",
        "Kinds of source (web, tickets, orders, reviews, surveys) in which a finding supports it. Two findings of one "
        "kind count once; two kinds that agree make it triangulated.",
        "distinct source kinds of supporting findings",
        "count",
        INSIGHT,
        "opportunities",
    ),
    Definition(
        "complaint_topic_share",
        "Topic among the complaints",
        "Of the year's texts of one kind of source that complain, those about the topic. It supports an opportunity "
        "where at least one in twenty does, at the lower end.",
        "complaining texts about the topic / complaining texts; Wilson interval",
        "share",
        INSIGHT,
        "opportunity_evidence",
    ),
    Definition(
        "before_after_difference",
        "Pain after and before a remedy",
        "Change of the share of units that meet the watched pain, from the days before a remedy was done to as many "
        "days after. An association: whatever else changed in those days is in it too.",
        "share after - share before; errors clustered by person",
        "share",
        INSIGHT,
        "opportunities",
    ),
    Definition(
        "offer_status_share",
        "Who may get an offer",
        "Share of an offer's segment that a gate stops (no consent, open ticket, message of late, margin too low), "
        "that is held out, and that may get it.",
        "persons with the status / persons of the segment; Wilson interval",
        "share",
        CRM,
        "offer_results",
    ),
    Definition(
        "offer_buyers_uplift",
        "Buyers an offer brought",
        "Share of buyers among those meant to get an offer, less that among those held out by chance: an effect, of "
        "being meant to get it. Who counts is settled by what was known before the start.",
        "share offered - share held out; Newcombe interval",
        "share",
        CRM,
        "offer_results",
    ),
    Definition(
        "offer_revenue_uplift",
        "Revenue an offer brought",
        "Net revenue per person meant to get an offer, less that per person held out by chance.",
        "mean offered - mean held out; Welch interval",
        "reporting currency a person",
        CRM,
        "offer_results",
    ),
)
