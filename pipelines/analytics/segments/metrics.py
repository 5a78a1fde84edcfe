"""Metrics of who customers are and what they are worth.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CARE, COMMERCE, CRM, Definition
from pipelines.analytics.segments import profile_metrics, scheme_metrics, value_metrics

DEFINITIONS = (
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
    *value_metrics.DEFINITIONS,
    *scheme_metrics.DEFINITIONS,
    *profile_metrics.DEFINITIONS,
)
