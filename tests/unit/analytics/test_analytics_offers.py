"""Offers: the gates, the draw of the hold-out, and what an offer brought."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from analytics_frames import mart
from offer_frames import OFFER, RUN, told, trial

from pipelines.analytics.opportunities.offer_results import PASSED, REVENUE, build_offer_results
from pipelines.analytics.opportunities.offers import build_customer_offers, draws
from pipelines.analytics.segments.history import HISTORY

ABLE = {"is_identified": True, "has_email_marketing_consent": True, "net_amount_reporting": 100.0}


def test_the_draw_is_the_same_anywhere_even_and_another_for_each_offer():
    # Computed with whole numbers of any size. If these change, everybody's group does.
    assert draws(pl.Series(["winback:c0000000", "winback:ü"])) == pytest.approx([0.39172638, 0.07293655], abs=1e-8)
    persons = [f"c{number}" for number in range(4000)]
    drawn = {offer: draws(pl.Series([f"{offer}:{person}" for person in persons])) for offer in ("one", "two")}
    for numbers in drawn.values():
        assert np.histogram(numbers, 4, (0, 1))[0] == pytest.approx([1000] * 4, abs=100)
    assert abs(np.corrcoef(drawn["one"], drawn["two"])[0, 1]) < 0.05
    assert (draws(pl.Series([f"one:{person}" for person in persons[::-1]]))[::-1] == drawn["one"]).all()


def gates(*people, **changes):
    customers = mart("core.dim_customers", [{"margin_amount_reporting": 40, **ABLE, **person} for person in people])
    members = customers.select("customer_id", scheme_id=pl.lit("lifecycle"), segment_id=pl.lit("lapsed"))
    found = build_customer_offers(
        offers=mart("seeds.offers", [{**OFFER, **changes}]),
        customers=customers.with_columns(pl.col("net_amount_reporting", "margin_amount_reporting").cast(pl.Float64)),
        membership=members,
        **RUN,
    )
    return dict(found.select("customer_id", "status").iter_rows())


def test_each_person_stops_at_the_first_gate_and_the_rest_are_drawn():
    people = [
        {"customer_id": "silent", "has_email_marketing_consent": False, "n_open_tickets": 1},
        {"customer_id": "waits", "n_open_tickets": 1, "last_email_sent_at": datetime.fromisoformat("2026-10-30")},
        {"customer_id": "written", "last_email_sent_at": datetime.fromisoformat("2026-10-20")},
        {"customer_id": "cheap", "margin_amount_reporting": 29},
        {"customer_id": "new", "net_amount_reporting": 0, "margin_amount_reporting": 0},
        {"customer_id": "fine", "last_email_sent_at": datetime.fromisoformat("2026-10-01")},
        {"customer_id": "staff", "is_staff": True},
        {"customer_id": "nobody", "is_identified": False},
    ]
    found = gates(*people)
    assert {person: found.pop(person) for person in ("silent", "waits", "written", "cheap")} == {
        "silent": "no_consent",
        "waits": "open_ticket",
        "written": "recently_contacted",
        "cheap": "margin_floor",
    }
    assert set(found) == {"new", "fine"}
    assert set(found.values()) <= {"offered", "holdout"}
    assert gates(*people, ends_on=date(2026, 10, 30)) == {}
    assert set(gates(*people, channel="sms").values()) == {"no_consent"}


def test_a_planted_uplift_is_told_and_none_is_not():
    found = trial(1, 0.15)
    buyers, revenue = told(found), told(found, REVENUE)
    assert (buyers["verdict"], revenue["verdict"]) == ("more", "more")
    assert buyers["lo"] < 0.15 < buyers["hi"]
    assert revenue["value"] == pytest.approx(50 * buyers["value"])
    assert (buyers["n"] + buyers["n_holdout"], buyers["n_reached"], buyers["n_breached"]) == (1200, buyers["n"], 0)
    assert told(trial(2))["verdict"] == "no_evidence"
    assert told(trial(2, breach=True))["n_breached"] == told(trial(2))["n_holdout"]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"starts_on": date(2026, 11, 1)}, "not_started"),
        ({"starts_on": date(2026, 10, 20)}, "running"),
        ({"valid_from": date(2026, 8, 1)}, "no_history"),
        ({"n": 60}, "too_few"),
        ({"holdout_share": 0.0}, "too_few"),
    ],
)
def test_without_a_fair_comparison_there_is_no_number(changes, verdict):
    row = told(trial(3, 0.15, **changes))
    assert (row["verdict"], row["value"], row["n_holdout"]) == (verdict, None, None)


def test_statuses_add_up_and_a_small_one_takes_a_companion_along():
    status = ["no_consent"] * 40 + ["open_ticket"] * 5 + ["holdout"] * 20 + ["offered"] * 60
    candidates = pl.DataFrame({"offer_id": "back", "customer_id": [f"c{n}" for n in range(125)], "status": status})
    nothing = {name: mart(f"core.{name}") for name in ("customer_consents", "fct_orders", "fct_campaign_touches")}
    found = build_offer_results(
        offers=mart("seeds.offers", [OFFER]),
        candidates=candidates,
        history=pl.DataFrame(schema=HISTORY),
        consents=nothing["customer_consents"],
        tickets=mart("feedback.fct_tickets"),
        orders=nothing["fct_orders"].with_columns(pl.col("net_amount_reporting").cast(pl.Float64)),
        sends=nothing["fct_campaign_touches"],
        customers=mart("core.dim_customers"),
        **RUN,
    ).filter(measure=PASSED)
    assert dict(found.select("group_id", "n").iter_rows()) == {
        "all": 125,
        "no_consent": 40,
        "offered": 60,
        "recently_contacted": 0,
        "margin_floor": 0,
        "open_ticket": None,
        "holdout": None,
    }
