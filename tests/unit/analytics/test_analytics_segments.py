"""Segments divide the base, and the scores behind them treat equals equally."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, DEFINITIONS, mart, reader
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.analytics import stats
from pipelines.analytics.build import build_table
from pipelines.analytics.segments.facts import usual_gap_days
from pipelines.analytics.segments.profiles import as_share
from pipelines.analytics.segments.schemes import schemes_of
from pipelines.analytics.segments.value import score, simple_clv

END = datetime.fromisoformat("2026-10-31T12:00:00")


def people(rows):
    return mart(
        "core.dim_customers", [{"customer_id": f"c{n}", "is_identified": True, **row} for n, row in enumerate(rows)]
    )


def membership(frame):
    frames = {"core.dim_customers": frame, "raw.segment_definitions": DEFINITIONS}
    for name in ("customer_value", "customer_needs", "segment_membership"):
        frames[f"analytics.{name}"] = build_table(name, reader(frames), as_of=AS_OF, run_id="r", min_cell=11)
    return frames["analytics.segment_membership"]


def segments(frame, scheme):
    rows = membership(frame).filter(pl.col("scheme_id") == scheme)
    return dict(rows.select("customer_id", "segment_id").iter_rows())


def test_the_25_cells_are_each_in_exactly_one_segment():
    (scheme,) = [found for found in schemes_of(DEFINITIONS) if found.scheme_id == "value_rfm"]
    cells = [f"R{r}F{f}" for r in range(1, 6) for f in range(1, 6)]
    facts = pl.DataFrame({"rfm_cell": cells, "n_orders": 1})
    named = [rule.condition.matches.alias(str(place)) for place, rule in enumerate(scheme.rules) if rule.condition]
    assert facts.select(pl.sum_horizontal(named)).to_series().to_list() == [1] * 25


def test_scores_share_ties_and_span_one_to_five():
    frame = pl.DataFrame({"x": [1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6]})
    scores = frame.select(score(pl.col("x"))).to_series().to_list()
    assert scores == [1, 1, 1, 1, 1, 1, 3, 4, 4, 5, 5]


def test_score_of_one_person_is_one():
    assert pl.DataFrame({"x": [7]}).select(score(pl.col("x"))).item() == 1


def test_simple_clv_known_answer():
    assert pl.select(simple_clv(pl.lit(1.0))).item() == pytest.approx(2.6667, abs=5e-5)


def test_customer_value_counts_days_and_leaves_prospects_unscored():
    frame = people(
        [
            {
                "n_orders": 2,
                "n_order_days_365d": 2,
                "last_order_at": END - timedelta(days=10),
                "net_amount_reporting": 200,
                "net_amount_reporting_365d": 100,
                "margin_amount_reporting": 80,
            },
            {"n_orders": 0},
        ]
    )
    read = reader({"core.dim_customers": frame})
    buyer, prospect = build_table("customer_value", read, as_of=AS_OF, run_id="r", min_cell=11).to_dicts()
    assert buyer["recency_days"] == 10
    assert buyer["simple_clv"] == pytest.approx(100 * 0.4 * 8 / 3)
    assert (prospect["recency_days"], prospect["r_score"], prospect["simple_clv"]) == (None, None, 0.0)


def test_one_order_this_year_is_new_and_buyers_of_earlier_years_sleep():
    def buyer(days, recent):
        return {"n_orders": 1, "n_order_days_365d": recent, "last_order_at": END - timedelta(days=days)}

    frame = people([buyer(5, 1), buyer(300, 1), buyer(200, 1), buyer(9, 6), *[buyer(500 + n, 0) for n in range(20)]])
    found = segments(frame, "value_rfm")
    assert [found[f"c{number}"] for number in range(4)] == ["new", "hibernating", "hibernating", "loyal"]
    assert {found[f"c{number}"] for number in range(4, 24)} == {"hibernating"}


def test_lifecycle_follows_the_usual_days_between_orders():
    def buyer(orders, first, last):
        return {
            "n_orders": orders,
            "first_order_at": END - timedelta(days=first),
            "last_order_at": END - timedelta(days=last),
        }

    rows = [
        {"n_orders": 0},
        buyer(1, 20, 20),
        buyer(2, 110, 60),
        buyer(3, 250, 150),
        buyer(2, 350, 300),
        buyer(1, 95, 95),
    ]
    frame = people(rows)
    assert usual_gap_days(frame) == 50
    assert list(segments(frame, "lifecycle").values()) == ["prospect", "new", "active", "at_risk", "lapsed", "active"]


def test_staff_and_unidentified_devices_are_in_no_segment():
    frame = people([{"n_orders": 1, "last_order_at": END, "is_staff": True}, {"is_identified": False}, {}])
    assert set(membership(frame)["customer_id"]) == {"c2"}


def test_channel_and_business_and_region():
    frame = people(
        [
            {"last_web_at": END, "last_store_at": END, "is_business": True, "region": "North"},
            {"last_web_at": END},
            {"last_store_at": END},
            {},
        ]
    )
    assert list(segments(frame, "journey_channel").values()) == ["both", "web_only", "store_only", "none"]
    assert list(segments(frame, "business").values()) == ["b2b", "b2c", "b2c", "b2c"]
    assert list(segments(frame, "region").values()) == ["North", "unknown", "unknown", "unknown"]


customer = st.fixed_dictionaries(
    {
        "n_orders": st.integers(0, 4),
        "n_order_days_365d": st.integers(0, 4),
        "is_staff": st.booleans(),
        "is_business": st.booleans(),
        "recency": st.integers(0, 700),
        "span": st.integers(0, 300),
    }
)


@settings(max_examples=6)
@given(st.lists(customer, min_size=1, max_size=30))
def test_every_scheme_divides_the_base(rows):
    filled = []
    for row in rows:
        last = END - timedelta(days=row["recency"]) if row["n_orders"] else None
        first = last - timedelta(days=row["span"]) if last else None
        kept = {name: row[name] for name in ("n_orders", "n_order_days_365d", "is_staff", "is_business")}
        filled.append({**kept, "last_order_at": last, "first_order_at": first})
    frame = people(filled)
    base = set(frame.filter(~pl.col("is_staff"))["customer_id"])
    found = membership(frame)
    for scheme in (scheme.scheme_id for scheme in schemes_of(DEFINITIONS)):
        members = found.filter(pl.col("scheme_id") == scheme)
        assert members["segment_id"].null_count() == 0
        assert sorted(members["customer_id"]) == sorted(base)
    shuffled = membership(frame.sample(fraction=1.0, shuffle=True, seed=1))
    assert shuffled.equals(found)


def test_a_share_of_the_whole_carries_no_rounding_and_its_interval_stays_a_share() -> None:
    interval = stats.Interval(
        np.array([1.000000000000011, 0.0002, -0.01, 1.01]),
        np.array([1.000000000000011, -0.0001, -0.02, 0.99]),
        np.array([1.000000000000011, 0.0005, 0.0, 1.02]),
    )
    share = as_share(interval)
    assert share.value.tolist() == [1.0, 0.0002, -0.01, 1.01]
    assert share.lo.tolist() == [1.0, 0.0, -0.01, 0.99]
    assert share.hi.tolist() == [1.0, 0.0005, 0.0, 1.01]
