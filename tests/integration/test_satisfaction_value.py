"""What satisfaction goes with in money and deeds: planted slopes found, placebos that can fail, impacts by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import mart
from satisfaction_frames import row, table

from pipelines.analytics import stats
from pipelines.analytics.satisfaction import money, spend

FIRST = date(2025, 2, 15)
QUARTERS = 6
PEOPLE = 700
LAST_QUARTER = 2026 * 4 + 2


def frames(*, per_point=0.02, placebo=0.0, seed=1):
    """Answers and order days of six quarters: an index point makes the next quarter's spend larger by ``per_point``.

    ``placebo`` lets spend move the next quarter's index instead: time turned round.
    """
    rng = np.random.default_rng(seed)
    items = np.clip(np.rint(rng.normal(7.5, 1.5, (QUARTERS, PEOPLE))), 1, 10)
    answers, days = [], []
    for quarter in range(QUARTERS):
        day = FIRST + timedelta(days=91 * quarter)
        before = 100 * (items[quarter - 1] - 1) / 9 if quarter else np.full(PEOPLE, 72.0)
        shock = rng.normal(0, 0.5, PEOPLE)
        buys = rng.random(PEOPLE) < 0.4
        amount = np.exp(4 + per_point * (before - 72) + shock)
        if quarter + 1 < QUARTERS and placebo:
            items[quarter + 1] = np.clip(items[quarter + 1] + np.rint(placebo * shock * buys), 1, 10)
        for person in range(PEOPLE):
            item = int(items[quarter, person])
            answers.append(
                {
                    "response_id": f"r{quarter}-{person}",
                    "customer_id": f"c{person}",
                    "answer_date": day,
                    "is_customer": True,
                    "region": "North",
                    "product_line": "Sofas",
                    **dict.fromkeys(("sat_overall", "sat_expectancy", "sat_ideal"), item),
                }
            )
            if buys[person]:
                days.append(
                    {"customer_id": f"c{person}", "order_date": day, "net_amount_reporting": round(amount[person], 2)}
                )
    return mart("feedback.fct_survey_answers", answers), mart("journey.fct_purchase_days", days)


def fitted(**planted):
    survey, days = frames(**planted)
    days = days.with_columns(pl.col("net_amount_reporting").cast(pl.Float64))
    customers = mart("core.dim_customers", [{"customer_id": "none", "is_staff": False}])
    return spend.fits(spend.person_quarters(survey, customers, days, LAST_QUARTER))


def test_a_planted_slope_is_found_and_its_placebo_is_clean():
    fits = fitted()
    for measure in ("spend_per_point", "order_size_per_point"):
        assert fits[measure].lo <= 0.02 <= fits[measure].hi
        assert fits[measure].lo > 0
        placebo = fits[f"{measure}_placebo"]
        assert placebo.lo <= 0 <= placebo.hi
    buying = fits["buying_per_point"]
    assert buying.lo <= 0 <= buying.hi


def test_where_spend_moves_satisfaction_the_placebo_says_so():
    placebo = fitted(per_point=0.0, placebo=2.0)["order_size_per_point_placebo"]
    assert placebo.lo > 0


def test_too_few_who_bought_give_no_slope():
    survey, days = frames()
    days = days.head(40).with_columns(pl.col("net_amount_reporting").cast(pl.Float64))
    customers = mart("core.dim_customers", [{"customer_id": "none", "is_staff": False}])
    fits = spend.fits(spend.person_quarters(survey, customers, days, LAST_QUARTER))
    assert fits["spend_per_point"] is None
    assert fits["order_size_per_point"] is None


def test_more_rows_than_needed_are_thinned_by_whole_customers(monkeypatch):
    monkeypatch.setattr(spend, "MAX_ROWS", 100)
    rows = pl.DataFrame({"customer_id": [f"c{n:03d}" for n in range(90) for _ in range(4)]})
    kept = spend.thinned(rows)
    assert kept.height <= 100
    assert set(kept["customer_id"].value_counts()["count"]) == {4}


def test_an_impact_is_change_times_slope_times_revenue_and_its_error_has_both():
    point = spend.Fit(0.02, 0.005, 1000)
    base = pl.DataFrame({"dimension": ["company", "division"], "group_id": ["all", "Home"]}).with_columns(
        pl.Series("base_amount_reporting", [300_000.0, 100_000.0])
    )
    deltas = pl.DataFrame(
        {
            "metric_id": ["acsi_style_index", "nps"],
            "basis": ["survey3", "nps_item"],
            "dimension": ["division", "division"],
            "group_id": ["Home", "Home"],
            "period": ["2026Q3", "2026Q3"],
            "value": [4.0, 9.0],
            "minimum_detectable": [stats.DETECTABLE * 1.5, 1.0],
            "n": [200, 200],
            "verdict": ["improved", "improved"],
        }
    )
    found = money.worth(point, base, deltas)
    year, impact = row(found, measure="value_of_point_year"), row(found, measure="impact_of_change")
    share, error = np.expm1(0.02), np.exp(0.02) * 0.005
    assert year["value"] == pytest.approx(300_000 * share)
    assert impact["value"] == pytest.approx(4 * share * 100_000)
    spread = np.sqrt((share * 1.5) ** 2 + (4 * error) ** 2 + (1.5 * error) ** 2)
    assert (impact["hi"] - impact["lo"]) / 2 == pytest.approx(stats.Z95 * spread * 100_000)
    assert impact["change_verdict"] == "improved"


def said(promoters, detractors, *, bought=()):
    day = date(2026, 3, 1)
    people = [(f"p{n}", 10) for n in range(promoters)] + [(f"d{n}", 2) for n in range(detractors)]
    survey = mart(
        "feedback.fct_survey_answers",
        [
            {"response_id": f"{person}-{back}", "customer_id": person, "answer_date": day - timedelta(days=back)}
            | {"is_customer": True, "nps": 10 - nps if back else nps}
            for person, nps in people
            for back in (0, 100)
        ],
    )
    days = mart(
        "journey.fct_purchase_days",
        [
            {"customer_id": person, "order_date": day + timedelta(days=after), "net_amount_reporting": 10}
            for person, after in bought
        ],
    )
    found = table("satisfaction_value", survey=survey, days=days)
    return found.filter(pl.col("dimension") == "nps_group")


def test_words_are_held_against_the_orders_after_them():
    """The latest answer counts, an order on the day itself or after half a year does not."""
    bought = [(f"p{n}", 30) for n in range(20)] + [("p20", 0), ("p21", 181), ("d0", 180)]
    found = said(50, 40, bought=bought)
    promoters = row(found, measure="bought_after_saying", group_id="promoter")
    assert (promoters["n"], promoters["value"]) == (50, pytest.approx(0.4))
    detractors = row(found, measure="bought_after_saying", group_id="detractor")
    assert (detractors["n"], detractors["value"]) == (40, pytest.approx(1 / 40))
    gap = row(found, measure="say_do_gap")
    assert gap["value"] == pytest.approx(0.4 - 1 / 40)
    assert 0 < gap["lo"] < gap["value"] < gap["hi"]


def test_a_small_group_hides_all_three():
    found = said(50, 5)
    assert set(found["status"]) == {"suppressed"}
    assert found["n"].null_count() == found["value"].null_count() == found.height
