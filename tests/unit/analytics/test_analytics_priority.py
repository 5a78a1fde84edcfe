"""Priority: a segment that is better in everything leads, close ones contend, and thin ones have no rank."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, DEFINITIONS, mart
from satisfaction_frames import row

from pipelines.analytics.segments import priority
from pipelines.analytics.segments.priority import PROFILED, build_segment_priority

SEGMENTS = ("price", "service", "design")
NOW, BEFORE = date(2026, 6, 1), date(2025, 6, 1)


def profiles(values, *, half=0.0, n=200):
    """Profiles of the needs scheme from {segment: values of PROFILED}; ``half`` is half of each interval."""
    return pl.DataFrame(
        [
            {
                "scheme_id": "needs",
                "segment_id": segment,
                "measure": measure,
                "value": float(value),
                "lo": value - half,
                "hi": value + half,
                "n": n,
                "suppressed": False,
            }
            for segment, given in values.items()
            for measure, value in zip(PROFILED, given, strict=True)
        ]
    )


def bought(people=60, again=(30, 30, 30), spent=(100, 100, 100)):
    """Order days and membership: everybody of a segment bought the year before, ``again`` of them this year too."""
    days, members = [], []
    for segment, back, amount in zip((*SEGMENTS, "mixed"), (*again, 10), (*spent, 100), strict=True):
        for number in range(people):
            customer = f"{segment}{number}"
            members.append({"scheme_id": "needs", "customer_id": customer, "segment_id": segment})
            years = (BEFORE, NOW)[: 1 + (number < back)]
            days += [{"customer_id": customer, "order_date": day, "net_amount_reporting": amount} for day in years]
    return {"days": mart("journey.fct_purchase_days", days), "membership": pl.DataFrame(members)}


def priority_of(given, **sides):
    return build_segment_priority(
        profiles=given, definitions=DEFINITIONS, as_of=AS_OF, run_id="r", min_cell=11, **{**bought(), **sides}
    )


CLEAR = {"price": (100, 50, 60, 0.2), "service": (200, 80, 70, 0.4), "design": (300, 120, 80, 0.6)}


def test_better_in_everything_leads_whatever_the_weights():
    found = priority_of(profiles(CLEAR, half=0.01), **bought(again=(10, 30, 50)))
    design, service, price = (row(found, segment_id=name) for name in ("design", "service", "price"))
    assert (design["value"], design["rank"], design["first_share"]) == (1.0, 1, 1.0)
    assert (design["rank_lo"], design["rank_hi"], design["verdict"]) == (1, 1, "leads")
    assert (price["value"], price["rank"], price["verdict"]) == (0.0, 3, "behind")
    # Halfway in customers, content, reach, growth and retention; 30 of 70 in revenue.
    assert service["attractiveness"] == pytest.approx((0.5 + 3 / 7 + 0.5) / 3)
    assert service["fit"] == pytest.approx(0.5)
    assert service["value"] == pytest.approx(service["attractiveness"] * service["fit"])
    assert (design["growth"], design["retained_share"]) == (pytest.approx(50 / 60), pytest.approx(50 / 60))
    # The rest of a scheme is nobody's target.
    assert set(found["segment_id"]) == set(SEGMENTS)


def test_an_order_that_hangs_on_weights_says_so():
    mixed = {"price": (300, 50, 60, 0.6), "service": (100, 120, 80, 0.2), "design": (100, 50, 80, 0.6)}
    found = priority_of(profiles(mixed))
    assert not set(found["verdict"]) & {"leads"}
    assert row(found, segment_id="price")["rank_weights_hi"] > row(found, segment_id="price")["rank_weights_lo"]


def test_errors_widen_ranks():
    sure, unsure = (priority_of(profiles(CLEAR, half=half), **bought(again=(10, 30, 50))) for half in (0.01, 300))
    assert row(sure, segment_id="design")["first_share"] > row(unsure, segment_id="design")["first_share"] + 0.1
    assert row(unsure, segment_id="design")["rank_weights_hi"] == 1


def test_thin_and_hidden_segments_have_no_rank_and_two_are_no_order():
    thin = profiles(CLEAR).with_columns(
        pl.when((pl.col("segment_id") == "price") & (pl.col("measure") == "acsi_style_index"))
        .then(12)
        .otherwise("n")
        .alias("n")
    )
    found = priority_of(thin)
    # Two are left, and two are no order.
    assert set(found["verdict"]) == {"insufficient_n"}
    assert found["rank"].null_count() == 3
    hidden = profiles(CLEAR).with_columns((pl.col("segment_id") == "price").alias("suppressed"))
    price = row(priority_of(hidden), segment_id="price")
    assert (price["verdict"], price["n"], price["growth"]) == ("suppressed", None, None)


def test_placing_and_ranking():
    places = priority.placed(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]))
    assert places.tolist() == [[0.0, 0.5], [0.5, 0.5], [1.0, 0.5]]
    assert priority.ranks(np.array([0.2, 0.9, 0.2])).tolist() == [2, 1, 3]
