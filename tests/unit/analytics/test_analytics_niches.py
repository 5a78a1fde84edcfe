"""Niches: a planted one is found, a content one is served, top payers make a model, and nobody counts unasked."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import AS_OF, mart
from satisfaction_frames import row

from pipelines.analytics import stats
from pipelines.analytics.segments.niches import build_niches

CELLS = {("North", "family"): 44, **{(region, "from_55"): 300 for region in ("North", "South", "West")}}


def people(*, content=60, design=(33, 60, 60, 60), consent=True, business=0, paying=0):
    """People of four cells. So many of each cell lead with design, those of the first this content (out of 100)."""
    customers, members, scored, value, survey = [], [], [], [], []
    for (region, stage), size, leading in zip(CELLS, CELLS.values(), design, strict=True):
        is_first = stage == "family"
        for number in range(size):
            customer = f"{region}{stage}{number}"
            is_business = number < business
            placed = {"region": region, "life_stage": stage, "business": "b2b" if is_business else "b2c"}
            members += [{"scheme_id": s, "customer_id": customer, "segment_id": g} for s, g in placed.items()]
            customers.append({"customer_id": customer, "is_identified": True, "has_profiling_consent": consent})
            need = "design" if number < leading else ("price", "mixed")[number % 2]
            scored.append({"customer_id": customer, "need": need, "need_basis": "stated"})
            pays = is_business and number < paying
            value.append({"customer_id": customer, "monetary": 1000.0 + number if pays else 1.0 + number / 1000})
            # Two answers apart, so that means have a spread.
            mark = (content if is_first else 80) / 100 * 9 + 1 + (-1, 1)[number % 2]
            marks = {f"sat_{side}": mark for side in ("overall", "expectancy", "ideal")}
            survey.append({"customer_id": customer, "is_customer": True, **marks})
    return {
        "customers": mart("core.dim_customers", customers),
        "membership": pl.DataFrame(members),
        "scored": pl.DataFrame(scored),
        "value": pl.DataFrame(value),
        "survey": pl.DataFrame(survey),
        "days": mart(
            "journey.fct_purchase_days",
            [
                {"customer_id": one["customer_id"], "order_date": day, "net_amount_reporting": 10}
                for one in customers
                for day in (date(2025, 6, 1), date(2026, 6, 1))
            ],
        ),
    }


def niches(**frames):
    return build_niches(**frames, as_of=AS_OF, run_id="r", min_cell=11)


def test_a_small_cell_with_a_need_it_is_not_content_about_is_a_niche():
    found = row(niches(**people()), segment_id="North__family", trait="design")
    # 33 of 44 beside 213 of 944.
    assert found["value"] == pytest.approx(33 / 44 / (213 / 944))
    assert (found["n"], found["n_with_trait"], found["base_share"]) == (44, 33, pytest.approx(44 / 944))
    # 60 beside 80, and beside the 60 of the 11 others of its cell; 33 is odd.
    assert found["satisfaction_gap"] == pytest.approx(60 - (80 * 900 + 60 * 11) / 911, abs=0.4)
    assert found["growth"] == pytest.approx(1)
    assert found["verdict"] == "niche"


def test_a_content_cell_is_served_and_a_lift_below_half_again_is_no_niche():
    assert row(niches(**people(content=80)), segment_id="North__family", trait="design")["verdict"] == "served"
    close = niches(**people(design=(14, 75, 75, 75)))
    assert row(close, segment_id="North__family", trait="design")["verdict"] == "no_niche"


def test_where_paying_much_is_common_prospects_look_alike():
    found = niches(**people(business=20, paying=20))
    model = row(found, segment_id="b2b", trait="top_payer")
    # A tenth of 944 pay most: 80 business buyers who all do, and the next by what they paid.
    assert (model["verdict"], model["n"], model["rate"]) == ("model", 80, 1.0)
    assert model["n_prospects"] == 80
    assert row(found, segment_id="North__family", trait="price")["verdict"] in {"suppressed", "no_niche"}


def test_who_did_not_agree_is_not_looked_at():
    assert niches(**people(consent=False)).is_empty()


def test_the_exact_test_is_fishers():
    p = stats.exact_p([8, 0], [10, 10], [10, 5], [20, 20])
    # Of 184756 ways to draw ten of twenty, 2126 hold eight or more of the marked ten.
    assert p[0] == pytest.approx(2 * 2126 / 184756)
    assert p[1] == pytest.approx(2 * 252 / 15504)
