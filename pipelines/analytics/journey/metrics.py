"""Metrics of what customers do.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import COMMERCE, CRM, INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "next_step_share",
        "Share of the next step",
        "Of the times people left a step of their journey, the share that this step came next. "
        "Silence of 30 days ends a journey.",
        "transitions / exits of the step, END included; persons as the unit of the interval",
        "share",
        COMMERCE,
        "path_transitions, path_differences",
    ),
    Definition(
        "path_entropy_bits",
        "Openness of the paths",
        "How open the next step is, on average over the steps: 0 where it is certain, 1 bit where two are equal.",
        "-sum(p * log2(p)) of a step's exits, weighted by how often it is left",
        "bits",
        COMMERCE,
        "path_transitions",
    ),
    Definition(
        "path_distance",
        "Distance of a segment's paths",
        "Share of next steps that would have to change for the segment to go everybody else's ways. "
        "Chance alone makes it greater than 0: path_distance_by_chance stands beside it.",
        "sum of |p - q| / 2 per step left, weighted by how often the company leaves it",
        "share",
        COMMERCE,
        "path_differences",
    ),
    Definition(
        "step_conversion",
        "Funnel step conversion",
        "Share of the units at a step that reach the next in time order within the window.",
        "reached step k / reached step k - 1 among units whose window is over; Wilson interval",
        "share",
        COMMERCE,
        "funnel_steps",
    ),
    Definition(
        "phase_advance_rate",
        "Going on from a phase",
        "Of the visits of a phase that ended in a quarter, those that led to a later phase or an order.",
        "advanced / (advanced + lost); Wilson interval; end = start + entered - advanced - lost + recovered",
        "share",
        INSIGHT,
        "journey_flow",
    ),
    Definition(
        "loyalty_loop_share",
        "Loyalty loop",
        "Share of second and later orders whose buyer showed no sign of evaluating in the 30 days before.",
        "direct re-orders / repeat orders; Wilson interval",
        "share",
        INSIGHT,
        "journey_flow",
    ),
    Definition(
        "order_retention",
        "Order retention",
        "Share of the persons whose first order was in a month who ordered in the k-th month after.",
        "ordered in month k / cohort, cohorts whose month k is over; Wilson interval",
        "share",
        CRM,
        "retention",
    ),
    Definition(
        "active_retention",
        "Activity retention",
        "Share of the persons first seen in a month who ordered, visited the site or wrote in the k-th month after.",
        "active in month k / cohort, cohorts whose month k is over; Wilson interval",
        "share",
        CRM,
        "retention",
    ),
    Definition(
        "repeat_purchase_rate",
        "Repeat purchase",
        "Share of buyers with a second order within 365 days of the first, of first orders at least that old.",
        "buyers with a second order within 365 days / buyers whose 365 days are over; Wilson interval",
        "share",
        CRM,
        "retention",
    ),
    Definition(
        "attributed_order_share",
        "Attributed orders",
        "Share of the orders of twelve months that a rule allots to an entry channel, from the touches of the buyer in "
        "the look-back window. An allocation of what happened together, not what the channel caused.",
        "credited orders / orders; first, last, last non-direct, linear, position 40/20/40, time decay "
        "2^(-days/7), Markov removal effect; orders without a touch are a class of their own; persons resampled",
        "share",
        COMMERCE,
        "attribution",
    ),
    Definition(
        "removal_effect",
        "Removal effect",
        "Share of the orders with a touch that a first-order chain of touches loses if the channel leads to nothing. "
        "A property of the chain, not a forecast of switching the channel off.",
        "1 - P(order | channel leads to nothing) / P(order)",
        "share",
        COMMERCE,
        "attribution",
    ),
    Definition(
        "attributed_cost_per_order",
        "Cost per attributed order",
        "What the campaigns of a channel cost in twelve months, per order allotted to it.",
        "cost of campaigns / credited orders; only where every campaign of the channel has a cost",
        "reporting currency",
        COMMERCE,
        "attribution",
    ),
)
