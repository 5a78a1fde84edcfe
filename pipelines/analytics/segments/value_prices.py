"""Do segments pay different prices for the same goods: paid against the usual price of the product in the quarter.

Belongs here: price level, discount and spread by group, against the rest. Stays out: prices between channels
(channel_behaviour), and what a price does to demand.

The usual price is the median all buyers paid for the product in that quarter and currency, so neither what is bought,
nor when, nor the currency, makes a group look dear.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import disclosure
from pipelines.analytics.segments import value_groups
from pipelines.analytics.segments.value_groups import SCHEMES, Ratio
from pipelines.analytics.tables import TABLES

SUMMED = ("paid_amount_reporting", "asked_amount_reporting", "usual_amount_reporting", "off_usual_amount_reporting")
PAID, ASKED, USUAL, OFF = (pl.col(name) for name in SUMMED)
PRACTICAL = {"price_index": 1.0, "discount_share": 0.01, "price_spread": 0.01}
"""A price level that differs by less than a point, or a share by less than one in a hundred, is named by nobody."""

BASIS = "same product, quarter and currency; customers"
RATIOS = (
    Ratio("price_index", 100 * PAID, USUAL, USUAL > 0, "points", BASIS),
    Ratio("discount_share", ASKED - PAID, ASKED, USUAL > 0, "share", BASIS),
    Ratio("price_spread", OFF, USUAL, USUAL > 0, "share", BASIS),
)


def build_price_dispersion(
    *,
    customers: pl.DataFrame,
    bought: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme (company, division, region, key schemes), group and measure. ``customers`` are the base's."""
    table = TABLES["price_dispersion"]
    rows = bought.join(customers.select("customer_id", "region"), on="customer_id").filter(USUAL > 0)
    if rows.is_empty():
        return table.empty()
    people = value_groups.by_scheme(rows, membership, SUMMED, ("division", *SCHEMES))
    valued = value_groups.with_values(value_groups.moments(people, RATIOS))
    tested = value_groups.against_rest(value_groups.protected(valued, min_cell), "price_dispersion")
    blanked = disclosure.blank(tested, table, pl.col("hide_n"))
    practical = pl.col("measure").replace_strict(PRACTICAL, return_dtype=pl.Float64)
    return table.conform(
        blanked.with_columns(value_groups.verdict(practical).alias("verdict")), as_of=as_of, run_id=run_id
    )
