"""The statistics of carts recover what is planted in twenty companies, not in a lucky one.

The companies are the generator's own carts, without the exports around them: what a detector would see is taken as met.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.analytics import stats
from pipelines.analytics.carts import adjusted, causes, thresholds
from pipelines.synth import effects
from pipelines.synth import thresholds as truth
from pipelines.synth.base import EUR_PER_UNIT, LINES, NEEDS, REGION_NAMES, REGIONS, Chunk
from pipelines.synth.carts import Carts, carts
from pipelines.synth.catalogue import world
from pipelines.synth.people import people
from pipelines.synth.quarters import quarters
from pipelines.synth.trips import trips

SEEDS = range(1, 21)
CUSTOMERS = 8000
DETECTORS = {
    "shipping_cost": ("fee_exposed", "has_shipping"),
    "error": ("form_error", "has_checkout"),
    "out_of_stock": ("out_of_stock", None),
    "slow_page": ("slow_page", None),
    "information_gap": ("information_gap", None),
    "forced_account": ("forced_account", "has_checkout"),
    "coupon_failed": ("coupon_error", "has_checkout"),
    "returns_policy": ("returns_policy", "has_shipping"),
    "payment_problem": ("payment_declined", "has_payment"),
}
NULLS = ("is_weekend", "has_blue_card", "common_provider", "is_odd_minute", "is_short_name")
"""Nothing in the company depends on them."""


@dataclass(frozen=True)
class World:
    made: Carts
    carts: pl.DataFrame


def company(seed: int, customers: int = CUSTOMERS) -> World:
    """Carts as the marts show them, with the true need, the obstacles met, and five attributes that mean nothing."""
    chunk = Chunk(seed, 0, 0, customers, 1)
    here = world(seed)
    who = people(chunk)
    made = carts(chunk, here, who, trips(chunk, here, who, quarters(chunk, who)))
    frame = made.carts
    region = frame["region_no"].to_numpy()
    persons = who.select("card_colour", "provider", "given_name")[frame["p"].to_numpy()]
    rate = np.array([EUR_PER_UNIT[each.currency] for each in REGIONS])[region]
    net = (frame["subtotal"] - frame["discount"]).to_numpy() / 100
    started = frame["at_us"].cast(pl.Datetime("us"))
    seen = frame.select(
        pl.col("p").cast(pl.String).alias("customer_id"),
        pl.Series("region", np.array(REGION_NAMES)[region]),
        pl.Series("need", np.array(NEEDS)[frame["need_no"].to_numpy()]),
        pl.when("mobile").then(pl.lit("mobile")).otherwise(pl.lit("desktop")).alias("device_category"),
        pl.Series("product_line", np.array(LINES)[frame["line_no"].to_numpy()]),
        started.alias("started_at"),
        started.dt.date().alias("cart_date"),
        pl.Series("currency", np.array([each.currency for each in REGIONS])[region]),
        pl.Series("value_amount", net),
        pl.Series("value_amount_reporting", net * rate),
        pl.Series("shipping_fee_share", frame["fee"].to_numpy() / 100 / net),
        pl.lit(value=True).alias("is_mature"),
        (pl.col("reached") < 4).alias("is_abandoned"),
        *(
            (pl.col("reached") >= step).alias(f"has_{name}")
            for step, name in enumerate(("", "checkout", "shipping", "payment"))
            if step
        ),
        *(flag for flag, _ in DETECTORS.values()),
        started.dt.weekday().ge(6).alias("is_weekend"),
        (persons["card_colour"] == "blue").alias("has_blue_card"),
        (persons["provider"] == persons["provider"].mode()[0]).alias("common_provider"),
        (started.dt.minute() % 2 == 1).alias("is_odd_minute"),
        (persons["given_name"].str.len_chars() < 5).alias("is_short_name"),
    ).filter(pl.col("value_amount") > 0)
    return World(made, seen)


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [company(seed) for seed in SEEDS]


def ratio(seen: pl.DataFrame, flag: str, reached: str | None) -> stats.Interval:
    at_risk = seen.filter(reached) if reached else seen
    exposed, left = at_risk[flag].to_numpy(), at_risk["is_abandoned"].to_numpy()
    cells = ((exposed & left).sum(), (exposed & ~left).sum(), (~exposed & left).sum(), (~exposed & ~left).sum())
    return stats.two_by_two(*cells).risk_ratio


def covers(found: stats.Interval, planted: float) -> bool:
    return bool(found.lo <= planted <= found.hi)


def test_risk_ratios_cover_what_is_planted(worlds: list[World]) -> None:
    by_need = {
        need: [
            covers(ratio(each.carts.filter(pl.col("need") == need), *DETECTORS["shipping_cost"]), planted)
            for each in worlds
        ]
        for need, planted in effects.SHIPPING_RR.items()
    }
    of_obstacles = [
        covers(ratio(each.carts, flag, reached), effects.OBSTACLES[flag][1])
        for each in worlds
        for flag, reached in DETECTORS.values()
        if flag in effects.OBSTACLES
    ]
    assert np.mean(by_need["price"]) >= 0.9
    assert np.mean(by_need["convenience"]) >= 0.9
    assert np.mean([*np.concatenate(list(by_need.values())), *of_obstacles]) >= 0.9


def with_covariates(seen: pl.DataFrame) -> pl.DataFrame:
    first = pl.DataFrame(
        {"customer_id": [], "first_order_at": []},
        schema={"customer_id": pl.String, "first_order_at": pl.Datetime("us")},
    )
    return adjusted.with_covariates(seen, first, "Europe/Berlin")


@pytest.fixture(scope="module")
def shipping(worlds: list[World]) -> list[adjusted.Effects]:
    return [
        adjusted.effects_of(with_covariates(each.carts), ["need"], [("shipping_cost", *DETECTORS["shipping_cost"])])
        for each in worlds
    ]


def planted_difference(made: Carts) -> float:
    """By how much a fee of 8 % raises the chance of no order, on average over the carts that saw shipping."""
    frame = made.carts.filter(pl.col("reached") >= 2)
    need = frame["need_no"].to_numpy()
    planted = np.array([effects.SHIPPING_RR[name] for name in NEEDS])[need]
    exposed, factor = frame["fee_exposed"].to_numpy(), frame["fee_factor"].to_numpy()
    unexposed = np.array([factor[(need == place) & ~exposed].mean() for place in range(len(NEEDS))])[need]
    return float((frame["p_leave_after_shipping"].to_numpy() / factor * unexposed * (planted - 1)).mean())


def test_the_average_marginal_effect_covers_what_is_planted(
    worlds: list[World], shipping: list[adjusted.Effects]
) -> None:
    covered = []
    for each, found in zip(worlds, shipping, strict=True):
        (company_row,) = found.by_segment.filter(pl.col("scheme_id") == "company").to_dicts()
        lo, hi = company_row["model_risk_difference_lo"], company_row["model_risk_difference_hi"]
        covered.append(lo <= planted_difference(each.made) <= hi)
    assert np.mean(covered) >= 0.9


def test_the_fee_weighs_more_on_those_who_need_a_low_price(shipping: list[adjusted.Effects]) -> None:
    tests = [found.tests.to_dicts()[0] for found in shipping]
    assert np.mean([test["p_raw"] < 0.05 for test in tests]) >= 0.9
    highest = [
        found.by_segment.filter(pl.col("scheme_id") == "need").sort("model_risk_difference")["segment_id"][-1]
        for found in shipping
    ]
    assert np.mean([segment == "price" for segment in highest]) >= 0.9


def test_detectors_of_nothing_find_nothing() -> None:
    """Five null detectors at 5 %: two companies in forty find something, and hardly ever more than five."""
    nothing = [(name, name, None) for name in NULLS]
    p = np.array(
        [
            adjusted.effects_of(with_covariates(company(100 + seed, 2000).carts), [], nothing)
            .by_segment["_p"]
            .to_numpy()
            for seed in range(40)
        ]
    )
    assert p.shape == (40, len(NULLS))
    found = [(stats.benjamini_hochberg(row) <= causes.FALSE_DISCOVERIES).any() for row in p]
    assert sum(found) <= 5
    assert np.mean(p < 0.05) < 0.09


def test_the_best_threshold_is_among_the_first_two_and_free_shipping_for_all_does_harm() -> None:
    limits = pl.DataFrame(
        [
            {"currency": name, "valid_from": date(2000, 1, 1), "free_shipping_from_amount": at}
            for name, at in effects.FREE_SHIPPING.items()
        ]
    )
    places, safe = [], []
    today = thresholds.CANDIDATES.index(1.0)
    for seed in SEEDS[:8]:
        each = company(seed, 20_000)
        shop = thresholds.shop_of(each.carts, limits, truth.MARGIN)
        assert shop is not None
        middle, draws = thresholds.resampled(shop, 40)
        assert middle is not None
        lo, hi = np.quantile([draw.total for draw in draws], [0.025, 0.975], axis=0)
        places.append(int((middle.total > middle.total[today]).sum()))
        safe.append(int((lo > lo[today]).sum()))
        assert hi[0] < 0
    assert np.mean([place < 2 for place in places]) >= 0.75
    assert max(safe) < 2
