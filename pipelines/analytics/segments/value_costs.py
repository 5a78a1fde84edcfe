"""What customers cost: contacts, returns and parcels of serving them, campaigns to win and to keep them.

Belongs here: costs of the last 365 days by group, for each customer, and of revenue. Stays out: what one contact,
return or parcel costs, which is assumed in the seed service_costs, and margins.

Winning is what campaigns to people without an order cost, over those who ordered first; keeping is what campaigns to
buyers cost, over those who came back. Neither says that the campaigns did it.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.analytics import disclosure, stats
from pipelines.analytics.segments import value_groups
from pipelines.analytics.segments.value_groups import Ratio
from pipelines.analytics.tables import TABLES

YEAR_DAYS = 365
MONEY = "reporting currency"
CUSTOMERS = pl.col("is_customer")
SERVICE = ("contact_cost", "return_cost", "shipping_subsidy")
COSTS = (*SERVICE, "acquisition_cost", "retention_cost")
SUMMED = (*COSTS, "service_cost", "revenue", "is_customer", "is_new", "is_back")
BOTH = "acquisition_to_retention"

ASSUMED = "customers; assumed cost of one contact, return and parcel"
RATIOS = (
    *(
        Ratio(f"{name}_per_customer", pl.col(name), CUSTOMERS, CUSTOMERS > 0, MONEY, ASSUMED)
        for name in (*SERVICE, "service_cost")
    ),
    Ratio("service_cost_share", pl.col("service_cost"), pl.col("revenue"), pl.col("revenue") > 0, "share", ASSUMED),
    Ratio(
        "acquisition_cost_per_new",
        pl.col("acquisition_cost"),
        pl.col("is_new"),
        pl.col("is_new") > 0,
        MONEY,
        "campaign sends before a first order, and first orders",
    ),
    Ratio(
        "retention_cost_per_back",
        pl.col("retention_cost"),
        pl.col("is_back"),
        pl.col("is_back") > 0,
        MONEY,
        "campaign sends to buyers, and buyers who came back",
    ),
)
"""Costs a head, or of the revenue. ``n`` is the customers counted below the line."""


def people_of(customers: pl.DataFrame, costs: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row a customer: region, costs (0 where there were none), revenue, and whether new or back in the year."""
    begin = as_of - timedelta(days=YEAR_DAYS - 1)
    is_new = (pl.col("first_order_at").dt.date() >= begin).fill_null(value=False)
    named = costs.rename({f"{name}_reporting": name for name in COSTS})
    return (
        customers.join(named.select("customer_id", *COSTS), on="customer_id", how="left")
        .with_columns(pl.col(COSTS).fill_null(0.0))
        .with_columns(
            pl.sum_horizontal(SERVICE).alias("service_cost"),
            pl.col("net_amount_reporting_365d").cast(pl.Float64).alias("revenue"),
            pl.lit(1.0).alias("is_customer"),
            is_new.cast(pl.Float64).alias("is_new"),
            # A first order makes nobody come back; a second order day does, and any of somebody who was there before.
            (pl.col("n_order_days_365d") > is_new.cast(pl.Int64)).cast(pl.Float64).alias("is_back"),
        )
    )


def compared(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a group: acquisition over retention, by the log method; the two are costs of different people.

    No value where either is 0, but a row all the same: a hidden group needs its companions beside it.
    """
    value = pl.when(pl.col("value") > 0).then("value")
    error = (pl.col("hi") - pl.col("value")) / stats.Z95 / value
    known = frame.with_columns(value.alias("value"), error.alias("_error"))
    new = known.filter(pl.col("measure") == "acquisition_cost_per_new")
    back = known.filter(pl.col("measure") == "retention_cost_per_back")
    both = new.join(back, on=["scheme_id", "group_id"], suffix="_back")
    times = pl.col("value") / pl.col("value_back")
    spread = stats.Z95 * (pl.col("_error") ** 2 + pl.col("_error_back") ** 2).sqrt()
    return both.select(
        "scheme_id",
        "group_id",
        pl.lit(BOTH).alias("measure"),
        pl.min_horizontal("n", "n_back").alias("n"),
        pl.lit("ratio").alias("unit"),
        pl.lit("the two rows above").alias("basis"),
        times.alias("value"),
        (times * (-spread).exp()).alias("lo"),
        (times * spread.exp()).alias("hi"),
    )


def build_cost_to_serve(
    *,
    customers: pl.DataFrame,
    costs: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (company, region, key schemes), group and measure. ``customers`` are those of the base."""
    table = TABLES["cost_to_serve"]
    people = people_of(customers, costs, as_of)
    if people.is_empty():
        return table.empty()
    summed = value_groups.moments(value_groups.by_scheme(people, membership, SUMMED), RATIOS)
    valued = value_groups.with_values(summed.filter(pl.col("x") > 0)).with_columns(pl.col("lo").clip(lower_bound=0.0))
    together = pl.concat([valued, compared(valued)], how="diagonal_relaxed")
    marked = value_groups.protected(together, min_cell)
    # A ratio of two rows would give away one of them that is hidden.
    cell = ["scheme_id", "group_id"]
    is_part = pl.col("measure").is_in(("acquisition_cost_per_new", "retention_cost_per_back"))
    hidden = pl.col("hide_n") | ((pl.col("measure") == BOTH) & (pl.col("hide_n") & is_part).any().over(cell))
    return table.conform(disclosure.blank(marked, table, hidden), as_of=as_of, run_id=run_id)
