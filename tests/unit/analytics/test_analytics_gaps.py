"""Customers beside people who did not buy: a planted gap, persons counted once, small sides."""

from __future__ import annotations

import numpy as np
import pytest
from analytics_frames import AS_OF, mart
from satisfaction_frames import row

from pipelines.analytics import stats
from pipelines.analytics.segments.gaps import build_customer_gaps


def survey(customers, others, *, regions=("North",), answers=1):
    """Importance of design of customers and of the others, as given; everybody answers price with 5, 6 or 7."""
    given = [*customers, *others]
    size = len(given)
    return mart(
        "feedback.fct_survey_answers",
        response_id=[f"r{number}" for number in range(size * answers)],
        customer_id=[f"p{number // answers}" for number in range(size * answers)],
        is_customer=np.repeat(np.arange(size) < len(customers), answers),
        region=[regions[number % len(regions)] for number in range(size) for _ in range(answers)],
        importance_design=np.repeat(given, answers),
        importance_price=np.repeat([5 + number % 3 for number in range(size)], answers),
    )


def gaps(answers, staff=(), min_cell=11):
    customers = mart("core.dim_customers", customer_id=[*staff, "nobody"], is_staff=[True] * len(staff) + [False])
    return build_customer_gaps(survey=answers, customers=customers, as_of=AS_OF, run_id="r", min_cell=min_cell)


def around(middle, number):
    """Values whose mean is the middle: one below, on and above it in turn."""
    return [middle + (-1, 0, 1)[place % 3] for place in range(number)]


def test_a_planted_gap_is_found_and_nothing_else():
    found = gaps(survey(around(5, 300), around(6, 60)))
    design = row(found, item="importance_design", dimension="company")
    assert (design["value"], design["n"], design["n_customers"]) == (pytest.approx(1), 60, 300)
    assert (design["non_customers"], design["customers"]) == (pytest.approx(6), pytest.approx(5))
    # A third each one below, on and above the mean: a variance of 2 / 3, and Hedges' correction for 358 degrees.
    assert design["effect_size"] == pytest.approx(1 / (2 / 3) ** 0.5 * (1 - 3 / (4 * 358 - 1)), rel=0.01)
    assert design["lo"] < 1 < design["hi"]
    assert design["verdict"] == "higher"
    price = row(found, item="importance_price", dimension="company")
    assert (price["verdict"], price["value"]) == ("no_evidence", pytest.approx(0, abs=1e-9))
    assert set(found.filter(dimension="company")["family_size"]) == {2}


def test_who_answers_ten_times_is_one_person():
    once, often = (
        row(gaps(survey(around(5, 90), around(6, 60), answers=n)), item="importance_design", dimension="company")
        for n in (1, 10)
    )
    assert {name: once[name] for name in ("value", "lo", "hi", "n")} == {
        name: often[name] for name in ("value", "lo", "hi", "n")
    }


def test_a_sure_but_small_gap_is_named_by_nobody():
    others = [value + (place % 10 == 0) for place, value in enumerate(around(5, 2000))]
    found = row(gaps(survey(around(5, 6000), others)), item="importance_design", dimension="company")
    assert found["value"] == pytest.approx(0.1, abs=1e-3)
    assert found["p_adj"] < 0.001
    assert found["verdict"] == "no_evidence"


def test_small_sides_have_no_verdict_and_smaller_ones_no_number():
    found = gaps(survey(around(5, 100), around(8, 25)))
    assert row(found, item="importance_design", dimension="company")["verdict"] == "insufficient_n"
    few = row(gaps(survey(around(5, 100), around(8, 9))), item="importance_design", dimension="company")
    assert (few["verdict"], few["value"], few["n"], few["n_customers"]) == ("suppressed", None, None, None)


def test_staff_are_asked_elsewhere():
    answers = survey(around(5, 60), around(6, 60))
    staff = [f"p{number}" for number in range(10)]
    assert row(gaps(answers, staff), item="importance_design", dimension="company")["n_customers"] == 50


def test_effect_size_known_answer():
    # Means 10 and 8, both standard deviations 4, ten on each side: d = .5, corrected by 1 - 3 / 71.
    found = stats.hedges_g(mean_1=10, sd_1=4, n_1=10, mean_0=8, sd_0=4, n_0=10)
    assert float(found.value) == pytest.approx(0.5 * (1 - 3 / 71))
    assert float(found.hi - found.value) == pytest.approx(1.96 * (0.2 + found.value**2 / 40) ** 0.5, abs=1e-4)
    assert np.isnan(stats.hedges_g(mean_1=10, sd_1=0, n_1=10, mean_0=8, sd_0=0, n_0=10).value)
