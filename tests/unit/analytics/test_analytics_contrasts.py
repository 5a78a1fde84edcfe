"""Groups against the rest: who is named, against whom, and who is not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics.build import build_table
from pipelines.analytics.segments import contrasts


def frames(tickets_of, orders=400):
    """Regions with as many orders, each of a customer of its own, and tickets by these customers."""
    placed, asked = [], []
    for region, tickets in tickets_of.items():
        placed += [{"customer_id": f"{region}{n}", "region": region, "is_valid": True} for n in range(orders)]
        asked += [{"customer_id": f"{region}{n}", "region": region} for n in range(tickets)]
    return {
        "core.fct_orders": mart("core.fct_orders", placed),
        "feedback.fct_tickets": mart("feedback.fct_tickets", asked),
    }


def contacts(made, min_cell=11):
    table = build_table("segment_contrasts", reader(made), as_of=AS_OF, run_id="r1", min_cell=min_cell)
    rows = table.filter((pl.col("scheme_id") == "region") & (pl.col("measure") == "tickets_per_100_orders"))
    return {row["group_id"]: row for row in rows.to_dicts()}


def test_one_group_far_above_does_not_make_the_others_low():
    found = contacts(frames({"North": 100, "South": 200, "West": 100, "East": 100, None: 390}))
    assert {group: row["verdict"] for group, row in found.items()} == {
        "North": "no_evidence",
        "South": "higher",
        "West": "no_evidence",
        "East": "no_evidence",
        "unknown": "untested",
    }
    south = found["South"]
    assert (south["value"], south["rest_value"], south["ratio"]) == pytest.approx((50, 25, 2))
    # Two independent shares: sqrt(p (1 - p) / n) each, and the small-sample factor of clusters.
    se = 100 * np.sqrt(0.5 * 0.5 / 399 + 0.25 * 0.75 / 1199)
    assert south["difference_hi"] - south["difference"] == pytest.approx(1.959964 * se)
    assert south["says"] == "writes to support"


def test_where_most_differ_each_is_compared_with_all_others():
    found = contacts(frames({"North": 40, "South": 120, "West": 200, "East": 280, "Alpine": 360}))
    assert found["North"]["rest_value"] == pytest.approx(100 * 960 / 1600)


def test_a_sure_but_tiny_difference_is_nobodys_name():
    found = contacts(frames({"North": 10500, "South": 10000, "West": 10000, "East": 10000}, orders=20000))
    assert found["North"]["p_adj"] < 0.05
    assert found["North"]["verdict"] == "no_evidence"


def test_many_tickets_of_few_customers_are_less_sure_than_as_many_of_many():
    spread = frames({"North": 100, "South": 200})
    heavy = {**spread}
    heavy["feedback.fct_tickets"] = spread["feedback.fct_tickets"].with_columns(
        pl.when(pl.col("region") == "South").then(pl.lit("South0")).otherwise("customer_id").alias("customer_id")
    )
    assert contacts(heavy)["South"]["value"] == contacts(spread)["South"]["value"]
    assert contacts(spread)["South"]["verdict"] == "higher"
    assert contacts(heavy)["South"]["verdict"] == "no_evidence"


def test_few_units_have_no_verdict_and_very_few_no_number():
    found = contacts(frames({"North": 20, "South": 4}, orders=25))
    assert found["North"]["verdict"] == "insufficient_n"
    assert contacts(frames({"North": 5, "South": 4}, orders=9))["North"]["verdict"] == "suppressed"


def test_nothing_stands_out_of_noise():
    rng = np.random.default_rng(3)
    named = 0
    for _ in range(200):
        y = rng.binomial(500, 0.3, 6).astype(float)
        x = np.full(6, 500.0)
        named += int(not contrasts.reference(np.column_stack([y, x, y, y, x, x])).all())
    assert named <= 20
