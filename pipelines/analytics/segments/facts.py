"""What is known of each customer when segments are decided: one row a person, every column declared.

Belongs here: the declared facts, and the frame of them. Stays out: the rules (the segments file) and scores of needs.
Base: identified customers who are not staff. A fact nobody knows is null, and no rule but ``is unknown`` matches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from pipelines.analytics.inputs import (
    ACCOUNTS,
    CUSTOMER_STAGES,
    CUSTOMERS,
    HABITS,
    NEEDS,
    PURCHASES,
    VALUE,
    Frames,
    columns,
)
from pipelines.analytics.segments import needs
from pipelines.analytics.segments.conditions import Fact
from pipelines.analytics.segments.value import base_customers

DEFAULT_GAP_DAYS = 90.0

FACT_INPUTS: Mapping[str, tuple[str, ...]] = {
    CUSTOMERS: columns(
        "customer_id is_identified is_staff account_id is_business region age_band n_children n_orders first_order_at "
        "last_order_at last_web_at last_store_at net_amount_reporting n_tickets n_reviews has_profiling_consent "
        "has_email_marketing_consent"
    ),
    VALUE: columns("customer_id recency_days monetary r_score f_score simple_clv"),
    NEEDS: columns("customer_id need need_basis"),
    PURCHASES: columns(
        "customer_id n_valid_orders n_online_orders n_store_orders n_agent_orders discount_share coupon_order_share "
        "returned_order_share express_order_share price_index main_product_line main_line_share"
    ),
    HABITS: columns(
        "customer_id n_sessions n_app_sessions n_product_views n_messages n_messages_clicked n_quotes_asked "
        "n_webroomed n_showroomed n_tickets_opened"
    ),
    CUSTOMER_STAGES: columns("customer_id current_stage"),
    ACCOUNTS: columns("account_id employee_band is_public"),
}
"""The tables facts come from, with their columns."""

_DECLARED = (
    Fact("n_orders", "number", "Orders so far, cancelled ones left out."),
    Fact("recency_days", "number", "Days from the last order to as_of; unknown without an order."),
    Fact("usual_gap_days", "number", "Median days between the orders of those who came back: the same for everybody."),
    Fact("rfm_cell", "text", "Scores of recency and frequency such as R5F1; unknown without an order."),
    Fact("revenue_year", "number", "Net revenue of the 365 days before as_of, reporting currency."),
    Fact("revenue_rank", "number", "Share of the year's buyers whose revenue is lower, 0-1; unknown for others."),
    Fact("value_rank", "number", "Share of buyers whose simple lifetime value is lower, 0-1; unknown for others."),
    Fact("order_value", "number", "Net revenue / orders, reporting currency; unknown without an order."),
    Fact("has_profiling_consent", "boolean", "The person agreed to be profiled."),
    Fact("has_email_consent", "boolean", "The person may be sent e-mail."),
    Fact("age_band", "text", "Age at as_of.", ("under 25", "25-34", "35-44", "45-54", "55-64", "65 and over")),
    Fact("n_children", "number", "Children in the household."),
    Fact("region", "text", "Sales region."),
    Fact("is_business", "boolean", "A business record or account."),
    Fact("employee_band", "text", "Size of the account.", ("1-9", "10-49", "50-249", "250 and over")),
    Fact("is_public", "boolean", "The account is a listed company."),
    Fact("need", "text", "Primary need, or mixed.", (*needs.NEEDS, needs.MIXED)),
    Fact("need_basis", "text", "How the need is known.", ("stated", "observed", "none")),
    Fact("days_since_web", "number", "Days since the last web or app event; unknown where there was none."),
    Fact("days_since_store", "number", "Days since the last store event; unknown where there was none."),
    Fact("online_share", "number", "Share of orders on the web or in the app; unknown without an order."),
    Fact("store_share", "number", "Share of orders in a store; unknown without an order."),
    Fact("n_agent_orders", "number", "Orders an agent placed for the person."),
    Fact("discount_share", "number", "Discounts / value before discounts; unknown without an order."),
    Fact("coupon_order_share", "number", "Share of orders with a coupon; unknown without an order."),
    Fact("returned_order_share", "number", "Share of orders with money given back; unknown without an order."),
    Fact("express_order_share", "number", "Share of express deliveries; unknown without an order outside stores."),
    Fact("price_index", "number", "Price paid / middle price of the product line; unknown without an order."),
    Fact("main_product_line", "text", "Product line with the most net revenue; unknown without an order."),
    Fact("main_line_share", "number", "Its share of the net revenue."),
    Fact("n_sessions", "number", "Web and app sessions."),
    Fact("app_share", "number", "Share of sessions in the app; unknown without a session."),
    Fact("views_per_order", "number", "Product pages seen per order; unknown without an order."),
    Fact("contacts_per_order", "number", "Tickets per order; unknown without an order."),
    Fact("n_tickets", "number", "Tickets."),
    Fact("n_reviews", "number", "Reviews."),
    Fact("n_messages", "number", "Campaign messages sent."),
    Fact("n_messages_clicked", "number", "Of those, clicked."),
    Fact("n_quotes_asked", "number", "Quotes or contacts asked for on the site."),
    Fact("n_webroomed", "number", "Store purchases of a line looked at online shortly before."),
    Fact("n_showroomed", "number", "Online purchases of a line looked at in a store shortly before."),
    Fact("current_stage", "text", "Stage of the journey at as_of, lapsed where none is left; unknown if never seen."),
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _DECLARED}
"""Every fact a condition may name."""

TYPES = {"number": pl.Float64(), "text": pl.String(), "boolean": pl.Boolean()}


def usual_gap_days(customers: pl.DataFrame) -> float:
    """Median, over customers with two orders on different days, of the mean days between their orders.

    90 days where nobody ever came back.
    """
    span = (pl.col("last_order_at") - pl.col("first_order_at")).dt.total_seconds() / 86_400
    gaps = customers.filter((pl.col("n_orders") >= 2) & (span >= 1)).select((span / (pl.col("n_orders") - 1)).median())
    gap = gaps.item()
    return DEFAULT_GAP_DAYS if gap is None else float(gap)


def rank_share(value: pl.Expr) -> pl.Expr:
    """Share of the known values that are lower, 0 to below 1: equal values share one."""
    return (value.rank(method="min") - 1) / value.count()


def customer_facts(frames: Frames, as_of: date) -> pl.DataFrame:
    """``customer_id`` and every declared fact, one row per identified customer who is not staff.

    ``frames`` are the tables of ``FACT_INPUTS``.
    """
    base = base_customers(frames[CUSTOMERS])
    people = base.join(frames[ACCOUNTS], on="account_id", how="left")
    for table in (VALUE, NEEDS, PURCHASES, HABITS, CUSTOMER_STAGES):
        people = people.join(frames[table], on="customer_id", how="left")
    is_buyer, orders = pl.col("n_orders") > 0, pl.col("n_valid_orders")

    def days_since(moment: str) -> pl.Expr:
        return (pl.lit(as_of) - pl.col(moment).dt.date()).dt.total_days()

    found = people.with_columns(
        pl.lit(usual_gap_days(base)).alias("usual_gap_days"),
        pl.format("R{}F{}", "r_score", "f_score").alias("rfm_cell"),
        pl.col("monetary").alias("revenue_year"),
        rank_share(pl.when(pl.col("monetary") > 0).then(pl.col("monetary"))).alias("revenue_rank"),
        rank_share(pl.when(is_buyer).then(pl.col("simple_clv"))).alias("value_rank"),
        pl.when(is_buyer).then(pl.col("net_amount_reporting") / pl.col("n_orders")).alias("order_value"),
        pl.col("has_email_marketing_consent").alias("has_email_consent"),
        days_since("last_web_at").alias("days_since_web"),
        days_since("last_store_at").alias("days_since_store"),
        (pl.col("n_online_orders") / orders).alias("online_share"),
        (pl.col("n_store_orders") / orders).alias("store_share"),
        pl.when(pl.col("n_sessions") > 0).then(pl.col("n_app_sessions") / pl.col("n_sessions")).alias("app_share"),
        (pl.col("n_product_views") / orders).alias("views_per_order"),
        (pl.col("n_tickets_opened") / orders).alias("contacts_per_order"),
    )
    return found.select("customer_id", *(pl.col(fact.name).cast(TYPES[fact.kind]) for fact in FACTS.values()))
