"""Channels by hand and by simulation: shares above chance, equivalence that must be earned, repeats, parity."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart

from pipelines.analytics.journey import channels
from pipelines.analytics.journey.channel_gaps import MARGIN, pair_gaps

BOUGHT = "journey.fct_cross_channel_purchases"


def rooming(rng, *, customers, buyers, real, chance):
    """Purchases of which a share is real and everything else meets chance; by measure, the company's row."""
    ids = [f"c{number}" for number in range(customers)]
    n = 4 * buyers
    is_real = rng.random(n) < real
    purchases = mart(
        BOUGHT,
        purchase_id=[f"b{number}" for number in range(n)],
        customer_id=[ids[number % buyers] for number in range(n)],
        behaviour=["webrooming"] * n,
        region=["North"] * n,
        net_amount_reporting=[100] * n,
        is_carried_over=is_real | (rng.random(n) < chance),
        is_carried_over_earlier=rng.random(n) < chance,
        share_of_month_met=[0.25] * n,
        is_comparable=rng.random(n) < 0.9,
    ).with_columns(pl.col("net_amount_reporting").cast(pl.Float64))
    people = mart("core.dim_customers", customer_id=ids, is_identified=[True] * customers)
    rows = pl.concat(channels.rooming_rows(purchases, people), how="diagonal_relaxed")
    return {row["measure"]: row for row in rows.filter(breakdown="company").to_dicts()}, is_real.mean()


def test_shares_above_chance_cover_the_truth():
    rng, covered = np.random.default_rng(5), 0
    for _ in range(40):
        found, _truth = rooming(rng, customers=600, buyers=400, real=0.12, chance=0.08)
        row = found["webrooming_purchase_share"]
        covered += row["lo"] <= 0.12 <= row["hi"]
    assert covered >= 36
    assert row["observed_share"] == pytest.approx(0.19, abs=0.03)
    assert row["shuffled_share"] == 0.25
    money = found["ropo_revenue_share"]
    assert money["value"] == pytest.approx(row["value"])
    assert money["amount_reporting"] == pytest.approx(money["value"] * 1600 * 100)


def test_customers_without_a_purchase_count_in_the_base():
    rng = np.random.default_rng(6)
    all_buy, _ = rooming(rng, customers=400, buyers=400, real=0.1, chance=0.0)
    half_buy, _ = rooming(rng, customers=800, buyers=400, real=0.1, chance=0.0)
    assert all_buy["webroomer_share"]["value"] == pytest.approx(1 - 0.9**4, abs=0.06)
    assert half_buy["webroomer_share"]["value"] == pytest.approx((1 - 0.9**4) / 2, abs=0.04)
    assert half_buy["webroomer_share"]["n"] == 800


def test_no_real_share_is_found_where_there_is_chance_alone():
    rng = np.random.default_rng(7)
    found = [
        rooming(rng, customers=500, buyers=300, real=0.0, chance=0.15)[0]["webrooming_purchase_share"]
        for _ in range(30)
    ]
    assert sum(row["lo"] > 0 or row["hi"] < 0 for row in found) <= 4


def answers(rng, gap, *, n, factor=None):
    channel = np.array(["store", "web"])[np.arange(n) % 2]
    region = np.array(["North", "South"])[
        (rng.random(n) < (np.where(channel == "web", 0.8, 0.2) if factor else 0.5)) * 1
    ]
    index = 70 + gap * (channel == "store") + (factor or 0) * (region == "South") + rng.normal(0, 15, n)
    return pl.DataFrame(
        {"customer_id": [f"c{i // 2}" for i in range(n)], "channel": channel, "region": region, "index": index}
    )


@pytest.mark.parametrize(
    ("gap", "n", "verdict"), [(0.0, 8000, "equivalent"), (8.0, 2000, "different"), (0.0, 80, "inconclusive")]
)
def test_equivalence_is_shown_or_not_claimed(gap, n, verdict):
    (found,) = pair_gaps(answers(np.random.default_rng(1), gap, n=n), "index", ("region",), MARGIN)
    assert (found["group_id"], found["verdict"]) == ("store - web", verdict)
    assert found["lo"] <= gap <= found["hi"]


def test_the_mix_of_regions_is_no_gap_between_channels():
    mixed = answers(np.random.default_rng(2), 0.0, n=6000, factor=20.0)
    (raw,) = pair_gaps(mixed, "index", (), MARGIN)
    (held,) = pair_gaps(mixed, "index", ("region",), MARGIN)
    assert raw["verdict"] == "different"
    assert abs(held["value"]) < 1.5
    assert held["verdict"] == "equivalent"


def test_repeats_on_another_channel_by_hand():
    start = datetime.fromisoformat("2026-06-01")
    rows = [
        *(("a", 0, "email", "delivery"), ("a", 7, "phone", "delivery")),  # exactly seven days: repeated
        *(("b", 0, "email", "delivery"), ("b", 2, "email", "delivery")),  # the same channel
        *(("c", 0, "email", "delivery"), ("c", 2, "phone", "payment")),  # another topic
        *(("d", 0, "email", "delivery"), ("d", 8, "phone", "delivery")),  # later
    ]
    tickets = mart(
        "feedback.fct_tickets",
        ticket_id=[f"t{number}" for number in range(len(rows))],
        customer_id=[who for who, *_ in rows],
        opened_at=[start + timedelta(days=day) for _, day, *_ in rows],
        channel=[channel for *_, channel, _ in rows],
        topic=[topic for *_, topic in rows],
    )
    (row,) = channels.repeat_rows(tickets, AS_OF).filter(breakdown="company").to_dicts()
    assert (row["value"], row["n"]) == (1 / 8, 8)
    # A week before as_of they may all still be followed.
    assert channels.repeat_rows(tickets, (start + timedelta(days=7)).date()).is_empty()


def test_prices_one_in_a_hundred_apart_are_the_same():
    prices = mart(
        "journey.agg_channel_prices",
        product_id=list("abcd"),
        currency=["EUR"] * 4,
        online_price=[100.0] * 4,
        store_price=[100.0, 101.0, 101.1, 98.9],
    )
    (row,) = channels.price_rows(prices).filter(breakdown="company").to_dicts()
    assert (row["value"], row["n"]) == (0.5, 4)


def test_the_interval_of_a_median_covers_it():
    rng, covered = np.random.default_rng(9), 0
    for _ in range(60):
        sessions = mart("journey.fct_buying_sessions", seconds_to_purchase=rng.exponential(100.0, 80))
        (row,) = (
            pl.concat(channels.effort_rows(sessions))
            .filter(breakdown="company", measure="seconds_to_purchase")
            .to_dicts()
        )
        covered += row["lo"] <= 100 * np.log(2) <= row["hi"]
    assert covered >= 54
