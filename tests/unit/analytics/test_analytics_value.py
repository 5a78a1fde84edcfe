"""Models of value: published examples, gradients, planted parameters, and the ways in which they decline to answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from value_histories import CDNOW, counted, simulated, simulated_days

from pipelines.analytics.segments import value_backtest, value_fit, value_forecast, value_model
from pipelines.analytics.segments.value import build_customer_value
from pipelines.analytics.segments.value_backtest import build_value_backtest
from pipelines.analytics.segments.value_forecast import build_value_model, fit, forecast, histories_of
from pipelines.analytics.segments.value_model import Histories

SPEND = np.array([6.25, 3.74, 15.44])
"""Gamma-Gamma on the same data (Fader and Hardie 2013)."""


def one(x, t_x, observed):
    return np.array([float(x)]), np.array([float(t_x)]), np.array([float(observed)])


def test_expected_purchases_of_the_published_example():
    x, t_x, observed = one(2, 30.43, 38.86)
    chance = value_model.p_alive(CDNOW, x, t_x, observed)
    assert chance * value_model.purchases_if_alive(CDNOW, x, observed, 39.0) == pytest.approx(1.226, abs=5e-4)


def test_expected_spend_of_the_published_examples():
    x, m = np.array([2.0, 1, 0, 7, 2]), np.array([22.35, 11.77, 0, 73.74, 25.55])
    expected = np.array([24.65, 18.91, 35.17, 71.46, 27.28])
    assert value_model.expected_spend(SPEND, x, m) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("weeks", [1.0, 39.0, 104.0])
def test_the_mean_over_chances_is_the_published_closed_form(weeks):
    r, alpha, a, b = CDNOW
    x, observed = np.arange(6.0), np.linspace(5, 60, 6)
    z = weeks / (alpha + observed + weeks)
    closed = 1 - (1 - z) ** (r + x) * special.hyp2f1(r + x, b + x, a + b + x - 1, z)
    closed *= (a + b + x - 1) / (a - 1)
    assert value_model.purchases_if_alive(CDNOW, x, observed, weeks) == pytest.approx(closed, rel=1e-6)


def test_a_customer_without_a_repeat_purchase_has_not_left_by_the_model():
    assert value_model.p_alive(CDNOW, *one(0, 0, 30)) == 1


@settings(max_examples=40)
@given(
    x=st.integers(1, 40),
    last=st.floats(1, 100),
    silent=st.floats(0, 100),
    log_parameters=st.lists(st.floats(-3, 5), min_size=4, max_size=4),
)
def test_longer_silence_never_makes_a_customer_likelier_to_be_there(x, last, silent, log_parameters):
    parameters = np.exp(log_parameters)
    now = value_model.p_alive(parameters, *one(x, last, last + silent))
    later = value_model.p_alive(parameters, *one(x, last, last + silent + 1))
    assert 0 <= later <= now <= 1


@settings(max_examples=40)
@given(
    x=st.integers(0, 60), observed=st.floats(0, 200), log_parameters=st.lists(st.floats(-9, 9), min_size=4, max_size=4)
)
def test_more_time_brings_more_purchases_and_never_more_than_without_departure(x, observed, log_parameters):
    parameters = np.exp(log_parameters)
    times = np.array([0.0, 1.0, 26.0, 52.0])
    found = value_model.purchases_if_alive(parameters, np.array([float(x)]), np.array([observed]), times)[:, 0]
    most = (parameters[0] + x) * times / (parameters[1] + observed)
    assert (np.diff(found) >= 0).all()
    assert (found <= most * (1 + 1e-6) + 1e-12).all()


def test_the_gradients_are_those_of_the_likelihoods():
    rng = np.random.default_rng(5)
    histories = counted(*simulated(rng, 300))
    x, m = rng.integers(1, 9, 200).astype(float), rng.gamma(2.0, 30.0, 200)
    for slope, theta in (
        (value_model.bg_nbd_slope(histories), np.log([0.4, 6.0, 0.9, 2.0])),
        (value_model.gamma_gamma_slope(x, m, np.ones(200)), np.log([3.0, 4.0, 20.0])),
    ):
        wrong = optimize.check_grad(lambda t, s=slope: s(t)[0], lambda t, s=slope: s(t)[1], theta)
        assert wrong < 1e-5 * np.abs(slope(theta)[1]).max()


def test_the_gradient_with_paces_of_newcomers_is_that_of_the_likelihood():
    histories = replace(counted(*simulated(np.random.default_rng(5), 300)), early=np.array([60.0, 40.0]))
    slope, theta = value_model.bg_nbd_slope(histories), np.log([0.4, 6.0, 0.9, 2.0, 2.5, 0.7])
    wrong = optimize.check_grad(lambda t: slope(t)[0], lambda t: slope(t)[1], theta)
    assert wrong < 1e-5 * np.abs(slope(theta)[1]).max()


def test_weeks_at_the_settled_rate_are_counted_by_hand():
    # Four weeks at twice the pace, nine at half of it, then one for one.
    weeks, pace = np.array([0.0, 3.0, 4.0, 8.0, 13.0, 20.0]), np.array([2.0, 0.5])
    assert value_model.settled_weeks(weeks, pace) == pytest.approx([0, 6, 8, 10, 12.5, 19.5])
    assert value_model.settled_weeks(weeks, np.ones(0)) is weeks


def test_equal_histories_counted_are_the_same_likelihood():
    x, t_x, observed = simulated(np.random.default_rng(6), 200)
    theta = np.log(CDNOW)
    once = value_model.bg_nbd_slope(Histories(x, t_x, observed, np.ones(x.size)))(theta)
    assert value_model.bg_nbd_slope(counted(x, t_x, observed))(theta)[0] == pytest.approx(once[0])


def test_planted_parameters_are_found_again():
    rng = np.random.default_rng(20)
    found = value_model.fit_bg_nbd(counted(*simulated(rng, 4000)))
    assert found.status == value_fit.CONVERGED
    away = np.abs(np.log(found.parameters / CDNOW)) / np.sqrt(np.diag(found.covariance))
    assert (away < 3).all()
    p, q, v = SPEND
    x = rng.integers(1, 6, 3000).astype(float)
    m = rng.gamma(p * x, 1 / (x * rng.gamma(q, 1 / v, 3000)))
    spending = value_model.fit_gamma_gamma(x, m, np.ones(3000))
    away = np.abs(np.log(spending.parameters / SPEND)) / np.sqrt(np.diag(spending.covariance))
    assert (away < 3).all()


def test_currency_changes_the_scale_of_spend_and_nothing_else():
    rng = np.random.default_rng(8)
    x = rng.integers(1, 6, 500).astype(float)
    m = rng.gamma(6 * x, 1 / (x * rng.gamma(4.0, 1 / 15.0, 500)))
    here, there = (value_model.fit_gamma_gamma(x, m * times, np.ones(500)) for times in (1, 100))
    assert there.parameters == pytest.approx(here.parameters * np.array([1, 1, 100]), rel=1e-5)
    # The likelihood is of the spend itself: a density per cent is a hundredth of one per euro.
    assert there.log_likelihood == pytest.approx(here.log_likelihood - 500 * np.log(100), rel=1e-9)


def purchases(customers, *, seed=3):
    return simulated_days(np.random.default_rng(seed), customers, AS_OF)


def people(days, *, margin=0.4):
    ids = days["customer_id"].unique().sort().to_list()
    return mart(
        "core.dim_customers",
        customer_id=[*ids, "prospect"],
        is_identified=[True] * (len(ids) + 1),
        n_orders=[1] * len(ids) + [0],
        net_amount_reporting=[100.0] * len(ids) + [0],
    ).with_columns(
        pl.col("net_amount_reporting").cast(pl.Float64),
        pl.lit(None if margin is None else 100.0 * margin, pl.Float64).alias("margin_amount_reporting"),
    )


def valued(days, **options):
    return build_customer_value(
        customers=people(days, **options),
        days=days,
        costs=mart("journey.agg_customer_costs"),
        as_of=AS_OF,
        run_id="r1",
    )


@pytest.fixture(scope="module")
def days():
    return purchases(300)


def test_a_history_is_days_from_the_first_to_the_last_and_to_the_end():
    bought = mart(
        "journey.fct_purchase_days",
        [
            {"customer_id": "a", "order_date": date(2026, 1, 1), "net_amount_reporting": 99},
            {"customer_id": "a", "order_date": date(2026, 1, 8), "net_amount_reporting": 10},
            {"customer_id": "a", "order_date": date(2026, 1, 22), "net_amount_reporting": 20},
            {"customer_id": "b", "order_date": date(2026, 1, 15), "net_amount_reporting": 5},
            {"customer_id": "c", "order_date": date(2026, 2, 1), "net_amount_reporting": 5},
        ],
    )
    found = histories_of(bought, until=date(2026, 1, 29)).select("customer_id", "x", "t_x", "T").rows()
    assert found == [("a", 2.0, 3.0, 4.0), ("b", 0.0, 0.0, 2.0)]
    spend = histories_of(bought, until=date(2026, 1, 29))["spend"].to_list()
    assert [None if amount is None else float(amount) for amount in spend] == [15.0, None]


@pytest.fixture(scope="module")
def found(days):
    return valued(days)


def test_every_buyer_has_a_forecast_and_nobody_else(found):
    assert found.filter(pl.col("customer_id") == "prospect").select("clv", "clv_status").row(0) == (None, "no_order")
    buyers = found.filter(pl.col("customer_id") != "prospect")
    assert buyers["clv_status"].unique().to_list() == ["converged"]
    assert (
        buyers.select(pl.col("p_alive", "expected_orders", "expected_revenue", "clv").is_null().sum()).row(0)
        == (0,) * 4
    )
    # Three years of margin at 40 %: below three times the first year's revenue at that rate, above one.
    ratio = buyers["clv"] / (buyers["expected_revenue"] * 0.4)
    assert 1 < ratio.min() <= ratio.max() < 3


def test_who_buys_twice_as_dear_at_half_the_margin_is_worth_the_same(days, found):
    other = valued(days.with_columns(pl.col("net_amount_reporting") * 2), margin=0.2)
    assert (other["expected_revenue"] / found["expected_revenue"]).drop_nulls().to_numpy() == pytest.approx(
        2.0, rel=1e-3
    )
    assert (other["clv"] / found["clv"]).drop_nulls().to_numpy() == pytest.approx(1.0, rel=1e-3)


def test_without_a_margin_there_is_revenue_but_no_lifetime_value(days):
    found = valued(days, margin=None).filter(pl.col("customer_id") != "prospect")
    assert found["clv_status"].unique().to_list() == ["no_margin"]
    assert found["clv"].null_count() == found.height
    assert found["expected_revenue"].null_count() == 0


def test_too_few_customers_are_told_and_nothing_is_forecast():
    few = purchases(40)
    found = valued(few).filter(pl.col("customer_id") != "prospect")
    assert found["clv_status"].unique().to_list() == ["too_few_customers"]
    assert found["p_alive"].null_count() == found.height
    model = build_value_model(customers=people(few), days=few, as_of=AS_OF, run_id="r1", min_cell=11)
    assert set(model.filter(pl.col("model") == "bg_nbd")["status"]) == {"too_few_customers"}
    assert model.filter(pl.col("model") == "bg_nbd")["value"].null_count() == 6


def test_a_small_number_of_buyers_is_not_shown():
    few = purchases(8)
    model = build_value_model(customers=people(few), days=few, as_of=AS_OF, run_id="r1", min_cell=11)
    assert model["suppressed"].all()
    assert model["n"].null_count() == model.height


def test_customers_who_never_leave_put_the_model_at_its_limit():
    rng = np.random.default_rng(4)
    observed = np.full(500, 60.0)
    rate = rng.gamma(2.0, 1 / 20.0, 500)
    x = rng.poisson(rate * observed).astype(float)
    # The last of x uniform moments, to the day.
    t_x = np.where(x > 0, np.round(observed * rng.random(500) ** (1 / np.maximum(x, 1)) * 7) / 7, 0.0)
    found = value_model.fit_bg_nbd(counted(x, t_x, observed))
    assert found.status == value_fit.AT_LIMIT
    assert value_model.p_alive(found.parameters, x, t_x, observed).min() > 0.95


def test_a_fit_that_comes_to_no_top_says_so():
    def rising(theta):
        return float(theta.sum() ** 2), 2 * theta.sum() * np.ones(2)

    found = value_fit.maximise(rising, ((1.1, 1.1),), 1.0)
    assert not found.is_usable
    assert found.status == value_fit.NOT_CONVERGED


def test_spend_that_goes_with_frequency_is_doubted(days):
    histories = histories_of(days, until=AS_OF)
    tied = histories.with_columns(
        pl.when(pl.col("x") > 0).then((pl.col("x") * 10 + pl.col("spend") / 50).round(2)).alias("spend")
    )
    models = fit(tied)
    assert models.correlation[0] > value_forecast.LARGEST_CORRELATION
    found = forecast(tied, models, days=365, margin_rate=0.4)
    assert found["clv_status"].unique().to_list() == ["spend_depends_on_frequency"]


def test_the_correlation_and_its_interval_are_those_of_the_rows():
    rng = np.random.default_rng(9)
    x = rng.integers(1, 5, 80).astype(float)
    y = x + rng.normal(0, 3, 80)
    r, lo, hi = value_forecast.correlation(x, y, np.ones(80))
    assert r == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert np.arctanh(hi) - np.arctanh(lo) == pytest.approx(2 * 1.959964 / np.sqrt(77), rel=1e-5)
    doubled = value_forecast.correlation(x, y, np.full(80, 2.0))
    assert doubled[0] == pytest.approx(np.corrcoef(np.tile(x, 2), np.tile(y, 2))[0, 1])


@pytest.fixture(scope="module")
def held(days):
    return build_value_backtest(customers=people(days), days=days, as_of=AS_OF, run_id="r1", min_cell=11)


def told(frame, **wanted):
    (found,) = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    return found


def test_the_best_tenth_shares_its_edge():
    # Of twenty, two: the first, and a quarter of each of the four who come next.
    predicted = np.array([9.0] + [5.0] * 4 + [1.0] * 15)
    assert value_backtest.top_weight(predicted) == pytest.approx([1] + [0.25] * 4 + [0] * 15)


def test_a_hold_out_is_half_of_what_is_known_up_to_a_year():
    def length(span):
        days = pl.DataFrame({"order_date": [AS_OF - timedelta(days=span - 1), AS_OF]})
        return value_backtest.holdout_days(days, AS_OF)

    assert [length(span) for span in (100, 179, 180, 300, 730, 2000)] == [0, 0, 90, 150, 365, 365]


def test_forecasts_know_nothing_of_the_hold_out(days):
    length = value_backtest.holdout_days(days, AS_OF)
    known = value_backtest.held_out(days, as_of=AS_OF, length=length)
    cutoff = AS_OF - timedelta(days=length)
    later = pl.col("order_date") > cutoff
    other = pl.concat([days.filter(~later), days.filter(later).with_columns(pl.lit(1.0).alias("net_amount_reporting"))])
    again = value_backtest.held_out(other, as_of=AS_OF, length=length)
    for method in ("model", "last_year", "mean_rate"):
        assert again[f"orders_{method}"].equals(known[f"orders_{method}"])
        assert again[f"revenue_{method}"].to_numpy() == pytest.approx(known[f"revenue_{method}"].to_numpy())
    assert not again["revenue"].equals(known["revenue"])
    assert (
        known["orders"].sum() == days.filter(later, pl.col("customer_id").is_in(known["customer_id"].implode())).height
    )


def test_statistics_of_a_hold_out_are_those_of_its_customers(days, held):
    known = value_backtest.held_out(days, as_of=AS_OF, length=held["holdout_days"][0])
    error = (known["orders_last_year"] - known["orders"]).to_numpy()
    model = (known["orders_model"] - known["orders"]).to_numpy()
    row = told(held, measure="orders", method="last_year", statistic="mean_absolute_error")
    assert row["value"] == pytest.approx(np.abs(error).mean())
    assert row["to_model"] == pytest.approx(np.abs(error).mean() - np.abs(model).mean())
    row = told(held, measure="orders", method="last_year", statistic="root_mean_square_error")
    assert row["value"] == pytest.approx(np.sqrt((error**2).mean()))
    assert row["to_model"] == pytest.approx(np.sqrt((error**2).mean()) - np.sqrt((model**2).mean()))
    row = told(held, measure="orders", method="last_year", statistic="total_ratio")
    assert row["value"] == pytest.approx(known["orders_last_year"].sum() / known["orders"].sum())


def test_customers_of_the_model_are_forecast_by_it(held):
    ratio = told(held, measure="orders", method="model", statistic="total_ratio")
    assert ratio["lo"] < 1 < ratio["hi"]
    assert told(held, measure="orders", method="last_year", statistic="root_mean_square_error")["to_model"] > 0
    assert (
        told(held, measure="orders", method="last_year", statistic="mean_absolute_error")["verdict"] == "model_better"
    )
    tenths = held.filter(
        pl.col("statistic") == "observed_mean", pl.col("decile") != "all", pl.col("measure") == "orders"
    )
    assert tenths.height == 10
    bought = tenths.sort("decile")["value"]
    assert bought[-1] > bought[0]


def test_newcomers_with_a_pace_of_their_own_are_not_taken_for_leavers():
    days = simulated_days(
        np.random.default_rng(12), 1200, AS_OF, parameters=(1.5, 90.0, 1.0, 30.0), weeks=(1, 104), pace=(6.0, 2.0)
    )
    buying = fit(histories_of(days, until=AS_OF)).buying
    away = np.abs(np.log(buying.parameters[4:] / [6.0, 2.0])) / np.sqrt(np.diag(buying.covariance)[4:])
    assert (away < 3).all()
    held = build_value_backtest(customers=people(days), days=days, as_of=AS_OF, run_id="r1", min_cell=11)
    ratio = told(held, measure="orders", method="model", statistic="total_ratio")
    assert ratio["lo"] < 1 < ratio["hi"]
    even = {"measure": "orders", "method": "model_even_pace"}
    assert told(held, **even, statistic="total_ratio")["hi"] < 1
    assert told(held, **even, statistic="root_mean_square_error")["verdict"] == "model_better"
    model = build_value_model(customers=people(days), days=days, as_of=AS_OF, run_id="r1", min_cell=11)
    assert set(value_forecast.PACE) < set(model["parameter"])


def test_customers_of_one_pace_keep_it(days, held):
    assert fit(histories_of(days, until=AS_OF)).buying.parameters.size == 4
    assert "model_even_pace" not in held["method"].to_list()


def test_a_small_tenth_hides_them_all(days):
    found = build_value_backtest(customers=people(days), days=days, as_of=AS_OF, run_id="r1", min_cell=40)
    tenths = found.filter(pl.col("decile") != "all")
    assert tenths.height
    assert tenths["suppressed"].all()
    assert tenths["predicted"].null_count() == tenths.height
    assert not found.filter(pl.col("decile") == "all")["suppressed"].any()


def test_short_histories_and_few_customers_are_not_judged(days):
    short = days.filter(pl.col("order_date") > AS_OF - timedelta(days=150))
    for rows in (short, days.filter(pl.col("customer_id") < "c000040")):
        assert build_value_backtest(customers=people(rows), days=rows, as_of=AS_OF, run_id="r1", min_cell=11).is_empty()
