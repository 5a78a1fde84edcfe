"""Relative importance: known answers of the decomposition, drivers that cannot be told apart, small groups."""

from __future__ import annotations

import numpy as np
import pytest
from analytics_frames import mart
from satisfaction_frames import Q3, row, table

from pipelines.analytics.satisfaction import importance


def matrix(*rows):
    return np.array(rows, dtype=float)


TWO = matrix([1, 0.6, 0.4], [0.6, 1, 0.5], [0.4, 0.5, 1])


def test_two_correlated_drivers_known_answer():
    # R2 = (.36 + .16 - 2 * .6 * .4 * .5) / (1 - .25); each driver is the mean of coming first and coming second.
    whole = 0.28 / 0.75
    assert importance.shapley(TWO) == pytest.approx([(0.36 + whole - 0.16) / 2, (0.16 + whole - 0.36) / 2], abs=1e-8)


def test_drivers_that_share_nothing_keep_their_squares():
    free = matrix([1, 0.6, 0.3, 0.1], [0.6, 1, 0, 0], [0.3, 0, 1, 0], [0.1, 0, 0, 1])
    assert importance.shapley(free) == pytest.approx([0.36, 0.09, 0.01], abs=1e-8)
    assert importance.inflation(free) == pytest.approx([1, 1, 1], abs=1e-8)


def test_the_parts_sum_to_what_a_regression_explains():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    y = x @ [1.0, 0.5, 0.0, -0.4] + rng.normal(size=200)
    summed = importance.moments(np.column_stack([y, x]), np.arange(200) % importance.BUCKETS).sum(axis=0)
    correlation, deviation = importance.correlations(summed)
    design = np.column_stack([x, np.ones(200)])
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ fitted
    assert importance.shapley(correlation).sum() == pytest.approx(1 - residual.var() / y.var())
    assert importance.slopes(correlation) * deviation[0] / deviation[1:] == pytest.approx(fitted[:4])
    others = np.column_stack([x[:, 1:], np.ones(200)])
    rest = x[:, 0] - others @ np.linalg.lstsq(others, x[:, 0], rcond=None)[0]
    assert importance.inflation(correlation)[0] == pytest.approx(x[:, 0].var() / rest.var())


def test_twins_share_alike_and_a_driver_that_never_varies_explains_nothing():
    rng = np.random.default_rng(4)
    x = rng.normal(size=100)
    values = np.column_stack([x + rng.normal(size=100), x, x, np.full(100, 7.0)])
    correlation, _ = importance.correlations(importance.moments(values, np.arange(100)).sum(axis=0))
    first, second, constant = importance.shapley(correlation)
    assert first == pytest.approx(second)
    assert constant == pytest.approx(0)


def test_more_drivers_than_can_be_solved_exactly_are_refused():
    with pytest.raises(ValueError, match="9 drivers"):
        importance.shapley(np.eye(10))


def clipped(values, top):
    return np.clip(np.rint(values), 1, top).astype(int)


def survey(number=900, *, twins=False, seed=5, line="Home"):
    """Quality decides most and is poor, ease little and is well done; the rest is noise. One person answers twice."""
    rng = np.random.default_rng(seed)
    quality, ease = rng.normal(5, 2, number), rng.normal(6, 1, number)
    mood = 7 + 0.8 * (quality - 5) + 0.5 * (ease - 6)
    items = {
        name: clipped(mood + rng.normal(0, 0.7, number), 10) for name in ("sat_overall", "sat_expectancy", "sat_ideal")
    }
    return mart(
        "feedback.fct_survey_answers",
        response_id=[f"{line}{place}" for place in range(number)],
        customer_id=[f"c{place // 2}" for place in range(number)],
        answer_date=[Q3] * number,
        is_customer=[True] * number,
        division=[line] * number,
        region=["North"] * number,
        quality=clipped(quality, 10),
        value_for_money=clipped(quality + rng.normal(0, 0.3, number), 10)
        if twins
        else clipped(rng.normal(7, 2, number), 10),
        expectation=clipped(rng.normal(7, 2, number), 10),
        ces=clipped(ease, 7),
        has_complained=rng.random(number) < 0.1,
        **items,
    )


def test_the_planted_driver_comes_first_and_says_where_to_work():
    drivers = table("satisfaction_drivers", survey=survey())
    company = {"dimension": "company"}
    quality = row(drivers, driver="quality", **company)
    assert (quality["rank"], quality["rank_lo"], quality["rank_hi"], quality["rank_stability"]) == (1, 1, 1, 1.0)
    assert quality["lo"] < quality["value"] < quality["hi"]
    assert quality["value"] > 0.7
    assert quality["quadrant"] == "concentrate_here"
    # 0.8 points of ten for each of nine: the slope is of 0-100 on 0-100, ten points at a time.
    assert quality["slope"] == pytest.approx(8, abs=1)
    ease = row(drivers, driver="ease", **company)
    assert (ease["rank"], ease["quadrant"]) == (2, "no_gain")
    assert all(drivers.filter(status="measured")["is_separable"])
    assert row(drivers, driver="quality", dimension="division", group_id="Home")["n"] == 900


def test_drivers_that_go_together_are_told_as_one():
    drivers = table("satisfaction_drivers", survey=survey(twins=True))
    twins = {name: row(drivers, driver=name, dimension="company") for name in ("quality", "value_for_money", "ease")}
    assert not twins["quality"]["is_separable"]
    assert twins["quality"]["tangled_with"] == "value_for_money"
    assert twins["value_for_money"]["tangled_with"] == "quality"
    assert twins["ease"]["is_separable"]
    assert twins["ease"]["tangled_with"] is None


def test_small_groups_have_no_drivers_and_smaller_ones_no_count():
    both = survey(300).vstack(survey(60, line="Table")).vstack(survey(5, line="Outdoor"))
    drivers = table("satisfaction_drivers", survey=both)
    status = {
        group: row(drivers, driver="ease", dimension="division", group_id=group)["status"]
        for group in ("Home", "Table", "Outdoor")
    }
    # Five are hidden; sixty with them, for the company's number would tell the five.
    assert status == {"Home": "measured", "Table": "suppressed", "Outdoor": "suppressed"}
    assert row(drivers, driver="ease", dimension="division", group_id="Table")["n"] is None
    few = table("satisfaction_drivers", survey=survey(60))
    assert set(few["status"]) == {"insufficient_n"}
    assert few["value"].null_count() == few.height
