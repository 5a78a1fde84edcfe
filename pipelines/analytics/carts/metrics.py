"""Metrics of carts, why they are left and what that costs.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import COMMERCE, INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "cart_abandonment_rate",
        "Cart abandonment",
        "Share of carts with value that brought no order within 24 hours of their last activity.",
        "abandoned carts / carts with value whose 24 hours are over; Wilson interval",
        "share",
        COMMERCE,
        "cart_abandonment, segment_profiles",
    ),
    Definition(
        "checkout_abandonment_rate",
        "Checkout abandonment",
        "The same among carts that began a checkout.",
        "abandoned / carts with a checkout; Wilson interval, by customer in segment_contrasts",
        "share",
        COMMERCE,
        "cart_abandonment, segment_contrasts",
    ),
    Definition(
        "recovery_rate",
        "Carts recovered",
        "Share of abandoned carts whose basket was ordered later, within 30 days.",
        "recovered / abandoned carts whose 30 days are over; Wilson interval",
        "share",
        COMMERCE,
        "cart_abandonment",
    ),
    Definition(
        "bought_elsewhere_rate",
        "Carts bought in another channel",
        "Share of abandoned carts whose product line the person bought in another channel within 14 days.",
        "bought elsewhere / abandoned carts whose 14 days are over; Wilson interval",
        "share",
        COMMERCE,
        "cart_abandonment",
    ),
    Definition(
        "risk_ratio",
        "Abandonment with and without a cause",
        "How many times likelier a cart is abandoned when the customer met the cause, among carts that reached the "
        "step where it can be met. An association: customers were not assigned to meet it.",
        "(a / (a + b)) / (c / (c + d)), log interval, 0.5 added where a cell is 0",
        "ratio",
        COMMERCE,
        "cart_abandonment_causes",
    ),
    Definition(
        "model_risk_difference",
        "Abandonment with a cause, other things equal",
        "By how much the share of abandoned carts is higher where the cause was met, with region, device, cart value, "
        "new or returning, part of the day and product line held fixed. An association all the same.",
        "average marginal effect of a logistic model, errors clustered by customer, delta method",
        "share",
        COMMERCE,
        "cart_abandonment_causes",
    ),
    Definition(
        "recoverable_revenue_year",
        "Recoverable revenue a year",
        "What mending a cause could bring back in a year if the association were causal and 30 % of it came true. "
        "Carts meet several causes, so the causes' amounts overlap and have no sum. Assumes the realisation shown "
        "beside it, and for the margin the rate shown beside it.",
        "sum over exposed carts of (p exposed - p not exposed) * value * 365 / days * 0.3, at least 0",
        "reporting currency a year",
        COMMERCE,
        "cart_abandonment_causes",
    ),
    Definition(
        "cause_interaction",
        "Does a cause weigh differently by segment",
        "Test that the effect of a cause is the same in every segment of a scheme that has enough carts.",
        "Wald chi-square of equal log odds ratios, errors clustered by customer; Benjamini-Hochberg over causes",
        "chi-square",
        COMMERCE,
        "cart_abandonment_causes",
    ),
    Definition(
        "shipping_profit_change_year",
        "Profit of another free-shipping threshold",
        "What another threshold would change in a year's profit: carts that order or leave, carts filled up to it, and "
        "the fee given away on orders that come anyway. Assumes the margin shown, and a parcel that costs the standard "
        "fee. A simulation from associations: try it on a holdout.",
        "sum over carts of orders * (margin * value + fee - parcel), against today's; bootstrap over customers",
        "reporting currency a year",
        COMMERCE,
        "shipping_what_if",
    ),
    Definition(
        "pain_amount_year",
        "Amount a year that goes with a pain",
        "Units a year that meet it, times how many more of them are lost, times what one is worth. An association; "
        "customers meet several pains, so the amounts overlap and have no sum.",
        "units a year * share exposed * (share lost exposed - share lost not) * mean value; bootstrap over customers",
        "reporting currency a year",
        INSIGHT,
        "pain_points",
    ),
    Definition(
        "pain_frequency",
        "How often a pain is met",
        "Share of the units at risk in a quarter that met the pain, all known customers together.",
        "units that met it / units at risk; Wilson interval, as if each unit stood alone",
        "share",
        INSIGHT,
        "pain_quarters",
    ),
    Definition(
        "pain_urgency",
        "Does a pain grow",
        "Change of the share of units that meet it, a quarter, against its level over the last four complete quarters.",
        "slope of quarterly frequency / mean frequency; normal interval",
        "share a quarter",
        INSIGHT,
        "pain_points",
    ),
)
