"""Models of value over many simulated companies: intervals cover what was planted, forecasts come true on average."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.analytics.segments import value_backtest, value_fit, value_model
from tests.value_histories import CDNOW, counted, simulated, simulated_days

SEEDS = range(20)
AS_OF = date(2026, 10, 31)
SPEND = np.array([6.25, 3.74, 15.44])


def covered(found: value_fit.Fit, truth: np.ndarray) -> np.ndarray:
    away = np.abs(np.log(found.parameters / truth)) / np.sqrt(np.diag(found.covariance))
    return away <= 1.96


def test_intervals_cover_the_planted_parameters_of_buying() -> None:
    """As many customers, seen as long, with the parameters published for them; 20 x 4 intervals of 95 %."""
    fits = [value_model.fit_bg_nbd(counted(*simulated(np.random.default_rng(seed), 2357))) for seed in SEEDS]
    assert {found.status for found in fits} == {value_fit.CONVERGED}
    hits = np.array([covered(found, CDNOW) for found in fits])
    # Of 20 intervals of 95 %, fewer than 16 would be a chance of one in four hundred.
    assert hits.sum(axis=0).min() >= 16
    assert hits.mean() >= 0.90
    # Mean of the logarithms: the estimates scatter around the truth, not beside it.
    logs = np.log([found.parameters for found in fits])
    away = np.abs(logs.mean(axis=0) - np.log(CDNOW)) / (logs.std(axis=0, ddof=1) / np.sqrt(len(SEEDS)))
    assert away.max() < 3.5


def test_intervals_cover_the_planted_parameters_of_spend() -> None:
    p, q, v = SPEND
    hits = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x = rng.geometric(0.4, 946).astype(float)
        m = rng.gamma(p * x, 1 / (x * rng.gamma(q, 1 / v, x.size)))
        found = value_model.fit_gamma_gamma(x, m, np.ones(x.size))
        assert found.status == value_fit.CONVERGED
        hits.append(covered(found, SPEND))
    assert np.sum(hits, axis=0).min() >= 16
    assert np.mean(hits) >= 0.90


@pytest.fixture(scope="module")
def holdouts() -> list[pl.DataFrame]:
    found = []
    for seed in SEEDS:
        days = simulated_days(np.random.default_rng(seed), 1500, AS_OF, weeks=(1, 104))
        length = value_backtest.holdout_days(days, AS_OF)
        known = value_backtest.held_out(days, as_of=AS_OF, length=length)
        assert known is not None
        found.append(known)
    return found


@pytest.mark.parametrize("measure", value_backtest.MEASURES)
def test_forecasts_of_customers_who_follow_the_model_come_true(holdouts: list[pl.DataFrame], measure: str) -> None:
    ratios = np.array([known[f"{measure}_model"].sum() / known[measure].sum() for known in holdouts])
    assert abs(ratios.mean() - 1) < 3.5 * ratios.std(ddof=1) / np.sqrt(len(ratios))
    assert abs(ratios.mean() - 1) < 0.05
    shown = [
        value_backtest.ratio_of(known[f"{measure}_model"].to_numpy(), known[measure].to_numpy()) for known in holdouts
    ]
    assert sum(float(found.lo) <= 1 <= float(found.hi) for found in shown) >= 15


def test_each_tenth_brings_what_was_forecast(holdouts: list[pl.DataFrame]) -> None:
    rows = [row for known in holdouts for row in value_backtest.calibration(known, "orders") if row["decile"] != "all"]
    tenths = pl.DataFrame(rows)
    assert tenths.filter(pl.col("predicted").is_between("lo", "hi")).height / tenths.height > 0.85
    top = tenths.filter(pl.col("decile") == "10")
    bottom = tenths.filter(pl.col("decile") == "01")
    assert top["value"].mean() > 4 * bottom["value"].mean()


def test_the_model_beats_both_naive_forecasts_where_it_holds(holdouts: list[pl.DataFrame]) -> None:
    def error(known: pl.DataFrame, method: str) -> float:
        return float(((known[f"orders_{method}"] - known["orders"]) ** 2).mean())

    for naive in (value_backtest.LAST_YEAR, value_backtest.MEAN_RATE):
        assert all(error(known, "model") < error(known, naive) for known in holdouts), naive
