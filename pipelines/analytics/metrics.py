"""The registry of metrics: what each number means, how it is computed, who answers for it.

Belongs here: one entry per metric or measure that stands in a published table. Stays out: the computation.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date

import polars as pl

from pipelines.analytics import metrics_channels
from pipelines.analytics.tables import TABLES


@dataclass(frozen=True)
class Definition:
    """One row of ``metrics``, in the order of its columns."""

    metric_id: str
    name: str
    definition: str
    formula: str
    unit: str
    owner: str
    source: str


INSIGHT, COMMERCE, CARE, CRM = "customer-insight", "e-commerce", "customer-care", "crm"

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
        "ces_net",
        "Customer effort, net",
        "Share who found it easy (6-7) minus share who did not (1-3), in points.",
        "100 * (answers 6-7 - answers 1-3) / answers; adjusted Wald interval",
        "points -100 to 100",
        INSIGHT,
        "satisfaction_scores, satisfaction_deltas",
    ),
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
        "early_exit_rate",
        "Carts left before the checkout",
        "Share of carts with value that brought no order and never began a checkout.",
        "abandoned without checkout / carts with value whose 24 hours are over; interval clustered by customer",
        "share",
        COMMERCE,
        "segment_contrasts",
    ),
    Definition(
        "returned_order_share",
        "Orders with a return",
        "Share of valid orders of which something was refunded.",
        "valid orders with a refund / valid orders; interval clustered by customer",
        "share",
        COMMERCE,
        "segment_contrasts",
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
        "pain_urgency",
        "Does a pain grow",
        "Change of the share of units that meet it, a quarter, against its level over the last four complete quarters.",
        "slope of quarterly frequency / mean frequency; normal interval",
        "share a quarter",
        INSIGHT,
        "pain_points",
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
    Definition(
        "customers", "Customers", "Identified persons who are not staff.", "count", "customers", CRM, "segment_profiles"
    ),
    Definition(
        "share",
        "Share of customers",
        "Customers of the segment among all of the base.",
        "customers / all customers; Wilson interval",
        "share",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "revenue_share",
        "Share of revenue",
        "Net revenue of the segment among all.",
        "net revenue / all net revenue; linearised ratio interval over customers",
        "share",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "average_order_value",
        "Average order value",
        "Net revenue for each order.",
        "net revenue / orders; linearised ratio interval over customers",
        "reporting currency",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "orders_per_customer",
        "Orders per customer",
        "Orders so far for each customer of the segment.",
        "mean; t interval",
        "orders",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "net_revenue_per_customer",
        "Net revenue per customer",
        "Net revenue so far for each customer of the segment.",
        "mean; t interval",
        "reporting currency",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "tickets_per_customer",
        "Tickets per customer",
        "Tickets so far for each customer of the segment.",
        "mean; t interval",
        "tickets",
        CARE,
        "segment_profiles",
    ),
    Definition(
        "revenue_gini",
        "Concentration of revenue",
        "How unevenly net revenue is spread over the buyers: 0 equal, towards 1 one buyer has all.",
        "2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n, x ascending and above 0",
        "0-1",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "email_reachable_share",
        "Reachable by e-mail",
        "Share of customers who consent to marketing e-mail in every record of theirs.",
        "consenting / customers; Wilson interval",
        "share",
        CRM,
        "segment_profiles",
    ),
    Definition(
        "simple_clv",
        "Simple customer lifetime value",
        "Margin of the coming years if the last year repeats itself with 80 % retained a year.",
        "m * r / (1 + d - r), r = 0.8, d = 0.1",
        "reporting currency",
        CRM,
        "customer_value",
    ),
    *(Definition(*row, metrics_channels.TABLE) for row in metrics_channels.ROWS),
)


def build_metrics(*, as_of: date, run_id: str) -> pl.DataFrame:
    """One row per metric of the registry."""
    table = TABLES["metrics"]
    names = [column for column in table.schema if column not in ("as_of", "run_id")]
    rows = pl.DataFrame([astuple(definition) for definition in DEFINITIONS], schema=names, orient="row")
    return table.conform(rows, as_of=as_of, run_id=run_id)
