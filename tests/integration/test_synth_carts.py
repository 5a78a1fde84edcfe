"""What fifteen thousand customers' carts show of the planted obstacles, before any export is written."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.analytics import stats
from pipelines.synth import base, catalogue, effects, thresholds
from pipelines.synth.carts import CAUSE_OF, CAUSES, Carts, carts
from pipelines.synth.people import people
from pipelines.synth.quarters import quarters
from pipelines.synth.trips import trips

SEED = 5


@pytest.fixture(scope="module")
def world() -> catalogue.World:
    return catalogue.world(SEED)


def _carts_of(world: catalogue.World, seed: int, size: int) -> Carts:
    """The carts of a population alone, without sessions and exports."""
    chunk = base.Chunk(seed, 0, 0, size, 2)
    persons = people(chunk)
    return carts(chunk, world, persons, trips(chunk, world, persons, quarters(chunk, persons)))


@pytest.fixture(scope="module")
def many(world: catalogue.World) -> Carts:
    return _carts_of(world, SEED, 15_000)


STEP_OF = {
    "out_of_stock": 0,
    "slow_page": 0,
    "information_gap": 0,
    "forced_account": 1,
    "form_error": 1,
    "coupon_error": 1,
    "late_delivery": 2,
    "returns_policy": 2,
    "payment_declined": 3,
}


def _ratio(frame: pl.DataFrame, exposed: pl.Expr) -> stats.Interval:
    lost = pl.col("reached") < 4
    counts = [exposed & lost, exposed & ~lost, ~exposed & lost, ~exposed & ~lost]
    return stats.two_by_two(*frame.select(cell.sum().alias(str(i)) for i, cell in enumerate(counts)).row(0)).risk_ratio


@pytest.mark.parametrize("name", effects.OBSTACLES)
def test_an_obstacle_multiplies_leaving_as_planted_and_decides_nothing(many: Carts, name: str) -> None:
    """Among the carts that reached its step, as an analyst would compare them."""
    frame = many.carts.filter(pl.col("reached") >= STEP_OF[name])
    planted = effects.OBSTACLES[name][1]
    if name == "late_delivery":
        frame = frame.filter(pl.col("need_no") != base.NEEDS.index("convenience"))
    found = _ratio(frame, pl.col(name))
    error = np.log(found.hi / found.lo) / (2 * stats.Z95)
    assert abs(np.log(found.value / planted)) < 3 * error
    assert frame.filter(pl.col(name), pl.col("reached") == 4).height > 20, "some who meet it order"
    assert frame.filter(~pl.col(name), pl.col("reached") < 4).height > 20, "some leave who did not meet it"


def test_a_cause_is_an_obstacle_that_was_met_and_some_have_none(many: Carts) -> None:
    left = many.carts.filter(pl.col("reached") < 4)
    for name, cause in CAUSE_OF.items():
        named = left.filter(pl.col("cause_no") == CAUSES.index(cause))
        assert len(named) > 20, cause
        assert named["fee_exposed" if name == "shipping_fee" else name].mean() > 0.8, cause
    nothing = left["cause_no"].is_in([CAUSES.index("browsing"), CAUSES.index("unknown")]).mean()
    assert isinstance(nothing, float)
    assert 0.4 < nothing < 0.9
    assert many.carts.filter(pl.col("reached") == 4)["cause_no"].to_list() == [0] * many.carts["reached"].eq(4).sum()


def test_intervals_of_the_shipping_reveal_cover_the_truth_as_often_as_they_claim(world: catalogue.World) -> None:
    """Forty companies: covered in nine of ten, and no nearer to the truth than chance (draws must not be balanced)."""
    groups = {"price": ["price"], "convenience": ["convenience"], "others": ["quality", "design", "service"]}
    off = []
    for seed in range(40):
        frame = _carts_of(world, seed, 1_000).carts.filter(pl.col("reached") >= 2)
        for needs in groups.values():
            mine = frame.filter(pl.col("need_no").is_in([base.NEEDS.index(need) for need in needs]))
            found = _ratio(mine, pl.col("fee_exposed"))
            error = np.log(found.hi / found.lo) / (2 * stats.Z95)
            off.append(float(np.log(found.value / effects.SHIPPING_RR[needs[0]]) / error))
    off_by = np.array(off).reshape(40, 3)
    assert ((np.abs(off_by) < stats.Z95).mean(axis=0) >= 0.9).all()
    assert 0.85 < off_by.std() < 1.15
    assert (np.abs(off_by.mean(axis=0)) < 3 / 40**0.5).all()


def test_the_best_threshold_lies_between_the_candidates_and_the_outermost_do_harm(many: Carts) -> None:
    profit = thresholds.expected_profit(many)
    found = thresholds.summary([profit], len(many.carts))
    assert found["best"] == effects.FREE_SHIPPING["EUR"]
    assert found["harmful"] == [effects.THRESHOLD_CANDIDATES[0], effects.THRESHOLD_CANDIDATES[-1]]
    steps = np.diff(list(profit.values()))
    assert (np.sign(steps) == [1, 1, 1, -1, -1]).all(), "one summit"
