"""Effect 2 in twenty companies: North leaves at the checkout, South writes to support, nobody else is named.

The companies are the generator's own carts, orders, store purchases and tickets, without the exports around them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.analytics.segments.contrasts import build_segment_contrasts
from pipelines.synth import effects
from pipelines.synth.base import REGION_NAMES, Chunk
from pipelines.synth.catalogue import world
from pipelines.synth.simulation import simulate

SEEDS = range(1, 21)
CUSTOMERS = 3000
NAMED = {("North", "checkout_abandonment_rate", "higher"), ("South", "tickets_per_100_orders", "higher")}


def contrasts(seed: int) -> dict[tuple[str, str], dict[str, Any]]:
    """By region and measure the row of one company, all regions compared."""
    made = simulate(Chunk(seed, 0, 0, CUSTOMERS, 1), world(seed))
    regions = np.array(REGION_NAMES)[made.people["region_no"].to_numpy()]

    def of_people(frame: pl.DataFrame, **values: pl.Expr) -> pl.DataFrame:
        person = frame["p"].to_numpy()
        return frame.select(
            pl.col("p").cast(pl.String).alias("customer_id"),
            pl.Series("region", regions[person]),
            **values,
        )

    bought = pl.concat(
        [
            made.orders.orders.filter("cancelled").select("p", is_valid=pl.lit(value=False)),
            made.orders.orders.filter(~pl.col("cancelled")).select("p", is_valid=pl.lit(value=True)),
            made.stores.receipts.filter(pl.col("kind") == "sale").select("p", is_valid=pl.lit(value=True)),
        ]
    )
    found = build_segment_contrasts(
        carts=of_people(
            made.carts.carts,
            is_mature=pl.lit(value=True),
            value_amount_reporting=(pl.col("subtotal") - pl.col("discount")) / 100,
            has_checkout=pl.col("reached") >= 1,
            is_abandoned=pl.col("reached") < 4,
        ),
        orders=of_people(bought, is_valid=pl.col("is_valid"), refund_amount=pl.lit(0.0)),
        tickets=of_people(made.support.tickets),
        customers=pl.DataFrame(schema={"customer_id": pl.String, "is_staff": pl.Boolean}),
        membership=pl.DataFrame(schema=dict.fromkeys(("scheme_id", "customer_id", "segment_id"), pl.String)),
        as_of=date(2026, 10, 31),
        run_id="r",
        min_cell=11,
    ).filter(pl.col("scheme_id") == "region")
    return {(row["group_id"], row["measure"]): row for row in found.to_dicts()}


@pytest.fixture(scope="module")
def companies() -> list[dict[tuple[str, str], dict[str, Any]]]:
    return [contrasts(seed) for seed in SEEDS]


def test_intervals_cover_the_planted_sizes(companies: list[dict[tuple[str, str], dict[str, Any]]]) -> None:
    north = [each["North", "checkout_abandonment_rate"] for each in companies]
    south = [each["South", "tickets_per_100_orders"] for each in companies]
    drop, ratio = effects.NORTH_CHECKOUT_DROP, effects.SOUTH_CONTACT_RATIO
    assert np.mean([row["difference_lo"] <= drop <= row["difference_hi"] for row in north]) >= 0.9
    assert np.mean([row["ratio_lo"] <= ratio <= row["ratio_hi"] for row in south]) >= 0.9


def test_exactly_these_two_are_named(companies: list[dict[tuple[str, str], dict[str, Any]]]) -> None:
    named = [
        {(*where, row["verdict"]) for where, row in each.items() if row["verdict"] in ("higher", "lower")}
        for each in companies
    ]
    assert np.mean([each >= NAMED for each in named]) >= 0.9
    # One of 20 families may name somebody more by chance at a false discovery rate of 5 %.
    assert sum(bool(each - NAMED) for each in named) <= 3
