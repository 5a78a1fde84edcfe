"""Concentration, cost to serve and price dispersion: known answers, planted differences, hidden parts."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart

from pipelines.analytics import stats
from pipelines.analytics.segments import value_concentration, value_costs
from pipelines.analytics.segments.value_concentration import gini, top_share
from pipelines.analytics.segments.value_costs import build_cost_to_serve
from pipelines.analytics.segments.value_prices import build_price_dispersion

STAMP = {"as_of": AS_OF, "run_id": "r1", "min_cell": 11}


def told(frame, **wanted):
    (found,) = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    return found


def nobody(*segments):
    """Membership of the key schemes in which everybody is in one segment."""
    return pl.DataFrame(
        [
            {"scheme_id": scheme, "customer_id": customer, "segment_id": "one"}
            for scheme in ("value_rfm", "lifecycle")
            for customer in segments
        ]
    )


def test_concentration_of_known_amounts():
    assert float(gini(np.array([1.0, 1, 1, 1, 6])).value) == pytest.approx(0.4)
    assert float(gini(np.full(50, 7.0)).value) == pytest.approx(0.0)
    assert float(top_share(np.array([50.0] + [50 / 9] * 9)).value) == pytest.approx(0.5)
    # Of fifteen the top tenth is one and a half: the first, and half of the second.
    assert float(top_share(np.array([30.0, 20.0] + [50 / 13] * 13)).value) == pytest.approx(0.4)
    assert float(top_share(np.full(25, 3.0)).value) == pytest.approx(0.1)


@pytest.mark.parametrize(("statistic", "slow"), [(gini, stats.gini), (top_share, lambda y: float(top_share(y).value))])
def test_the_interval_by_parts_is_as_wide_as_the_bootstrap(statistic, slow):
    rng = np.random.default_rng(11)
    amounts = rng.lognormal(4.0, 0.8, 400)
    found = statistic(amounts)
    draws = [slow(rng.choice(amounts, amounts.size)) for _ in range(300)]
    assert (found.hi - found.lo) / 2 == pytest.approx(1.96 * np.std(draws, ddof=1), rel=0.2)


def test_concentration_of_a_company_and_its_divisions():
    ids = [f"c{number:03d}" for number in range(60)]
    value = pl.DataFrame({"customer_id": ids, "monetary": [10.0] * 54 + [100.0] * 6, "clv": [5.0] * 59 + [None]})
    bought = mart(
        "journey.agg_customer_prices",
        customer_id=[*ids, "stranger"],
        division=["Home"] * 30 + ["Table"] * 30 + ["Home"],
        net_amount_reporting=[10] * 60 + [10_000],
    ).with_columns(pl.col("net_amount_reporting").cast(pl.Float64))
    found = value_concentration.build_value_concentration(
        value=value,
        customers=pl.DataFrame({"customer_id": ids, "region": ["North"] * 60}),
        bought=bought,
        membership=nobody(*ids),
        **STAMP,
    )
    share = told(found, scheme_id="company", measure="top_decile_revenue_share")
    assert share["value"] == pytest.approx(600 / 1140)
    assert told(found, scheme_id="company", measure="top_decile_clv_share")["n"] == 59
    # The stranger is not of the base: all of it pays the same.
    assert told(found, group_id="Home", measure="revenue_gini_year")["value"] == pytest.approx(0.0)


def house(n=80, *, begins="2026-03-01"):
    ids = [f"c{number:03d}" for number in range(n)]
    customers = mart(
        "core.dim_customers",
        customer_id=ids,
        region=["North"] * (n // 2) + ["South"] * (n - n // 2),
        # A quarter new, of whom none came back; a quarter back; the others neither.
        first_order_at=[datetime.fromisoformat(begins if number % 4 == 0 else "2020-01-01") for number in range(n)],
        n_order_days_365d=[1 if number % 4 < 2 else 0 for number in range(n)],
        net_amount_reporting_365d=[100 if number % 4 < 2 else 0 for number in range(n)],
    )
    costs = mart(
        "journey.agg_customer_costs",
        customer_id=ids[: n // 2],
        contact_cost_reporting=[4.0] * (n // 2),
        return_cost_reporting=[2.0] * (n // 2),
        shipping_subsidy_reporting=[1.0] * (n // 2),
        acquisition_cost_reporting=[3.0] * (n // 2),
        retention_cost_reporting=[1.5] * (n // 2),
    ).with_columns(pl.col("^.*_cost_reporting$").fill_null(0.0))
    return customers.with_columns(pl.col("net_amount_reporting_365d").cast(pl.Float64)), costs, nobody(*ids)


def test_costs_a_head_are_those_of_the_parts():
    customers, costs, membership = house()
    found = build_cost_to_serve(customers=customers, costs=costs, membership=membership, **STAMP)
    company = {row["measure"]: row for row in found.filter(pl.col("scheme_id") == "company").to_dicts()}
    assert {name: company[name]["value"] for name in company} == pytest.approx(
        {
            "contact_cost_per_customer": 2.0,
            "return_cost_per_customer": 1.0,
            "shipping_subsidy_per_customer": 0.5,
            "service_cost_per_customer": 3.5,
            "service_cost_share": 280 / 4000,
            "acquisition_cost_per_new": 120 / 20,
            "retention_cost_per_back": 60 / 20,
            "acquisition_to_retention": 2.0,
        }
    )
    assert (company["service_cost_per_customer"]["n"], company["acquisition_cost_per_new"]["n"]) == (80, 20)
    assert told(found, group_id="South", measure="service_cost_per_customer")["value"] == 0.0
    assert told(found, group_id="North", measure="service_cost_per_customer")["value"] == 7.0


def test_a_second_day_or_an_earlier_first_makes_a_customer_come_back():
    first = [datetime.fromisoformat(at) for at in ("2026-05-01", "2026-05-01", "2020-05-01", "2020-05-01")]
    people = mart("core.dim_customers", customer_id=list("abcd"), first_order_at=first, n_order_days_365d=[1, 2, 1, 0])
    found = value_costs.people_of(people, mart("journey.agg_customer_costs"), AS_OF).sort("customer_id")
    assert found["is_new"].to_list() == [1, 1, 0, 0]
    assert found["is_back"].to_list() == [0, 1, 1, 0]


def test_a_ratio_is_hidden_with_the_row_it_would_give_away():
    customers, costs, membership = house(64, begins="2026-03-01")
    found = build_cost_to_serve(customers=customers, costs=costs, membership=membership, **{**STAMP, "min_cell": 20})
    hidden = found.filter(pl.col("suppressed")).select("scheme_id", "group_id", "measure").rows()
    assert ("region", "North", "acquisition_cost_per_new") in hidden
    assert ("region", "North", "acquisition_to_retention") in hidden


def bought_by(n, dearer=1.0, seed=1):
    rng = np.random.default_rng(seed)
    ids = [f"c{number:04d}" for number in range(n)]
    region = np.array(["North", "South", "West"])[np.arange(n) % 3]
    usual = rng.gamma(3.0, 30.0, n)
    asked = usual * np.where(region == "South", dearer, 1.0) * rng.normal(1.0, 0.02, n)
    paid = asked * 0.95
    rows = mart(
        "journey.agg_customer_prices",
        customer_id=ids,
        division=["Home"] * n,
        n_lines=[1] * n,
        paid_amount_reporting=paid,
        asked_amount_reporting=asked,
        usual_amount_reporting=usual,
        off_usual_amount_reporting=np.abs(paid - usual),
    )
    return {
        "customers": pl.DataFrame({"customer_id": ids, "region": region}),
        "bought": rows,
        "membership": nobody(*ids),
    }


def test_a_region_that_pays_more_for_the_same_goods_is_named_and_no_other():
    found = build_price_dispersion(**bought_by(300, dearer=1.1), **STAMP)
    index = found.filter(pl.col("measure") == "price_index", pl.col("scheme_id") == "region")
    assert told(index, group_id="South")["verdict"] == "higher"
    assert told(index, group_id="South")["lo"] < 110 * 0.95 < told(index, group_id="South")["hi"]
    # The two others look cheap beside the rest, which holds the dear one.
    assert set(index["verdict"]) == {"higher", "lower"}
    discount = found.filter(pl.col("measure") == "discount_share", pl.col("scheme_id") == "region")
    assert discount["value"].to_list() == pytest.approx([0.05] * 3)
    assert "higher" not in set(discount["verdict"])


def test_equal_prices_name_nobody():
    found = build_price_dispersion(**bought_by(300), **STAMP)
    assert set(found["verdict"]) <= {"no_evidence", "untested", "insufficient_n"}
    assert found.filter(pl.col("p_adj") < pl.col("p_raw")).is_empty()
