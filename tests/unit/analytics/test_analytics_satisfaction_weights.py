"""Answers weighted to the customer base: raking, its effective number, and who has no weight."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import mart
from satisfaction_frames import Q2, Q3, answers, row, table

from pipelines.analytics import stats


def company(segments, regions=None, **columns):
    """Customers c0, c1 … of the base with their lifecycle segment and region; membership beside."""
    people = len(segments)
    ids = [f"c{number}" for number in range(people)]
    customers = mart(
        "core.dim_customers",
        customer_id=ids,
        is_identified=[True] * people,
        region=regions or ["North"] * people,
        n_orders=[1] * people,
        **columns,
    )
    membership = pl.DataFrame({"customer_id": ids, "segment_id": segments}).with_columns(
        pl.lit("lifecycle").alias("scheme_id")
    )
    return {"customers": customers, "membership": membership}


def whole(frame, **wanted):
    return row(frame, **({"basis": "survey3", "dimension": "company", "period": "2026Q3"} | wanted))


def test_raked_counts_have_both_margins():
    counts = np.array([[[10.0, 30.0, 0.0], [25.0, 5.0, 10.0]], [[8.0, 1.0, 1.0], [0.0, 2.0, 8.0]]])
    weights = stats.rake(counts, [3, 1], [5, 3, 2])
    assert np.isnan(weights[0, 0, 2])
    fitted = np.nan_to_num(weights) * counts
    for table_, size in zip(fitted, (80, 20), strict=True):
        assert table_.sum(axis=1) == pytest.approx([size * 0.75, size * 0.25])
        assert table_.sum(axis=0) == pytest.approx([size * 0.5, size * 0.3, size * 0.2])


def test_a_group_nobody_answered_for_leaves_its_share_to_the_others():
    weights = stats.rake([[[10.0, 0.0], [30.0, 0.0]]], [1, 1], [3, 7])
    assert weights[0, :, 0] == pytest.approx([2.0, 2 / 3])


def test_margins_that_no_weights_can_reach_give_none():
    # The first row answers in one column only, the second in the other: one share decides both margins.
    assert np.isnan(stats.rake([[[10.0, 0.0], [0.0, 10.0]]], [0.9, 0.1], [0.5, 0.5])).all()


def test_answers_count_as_much_as_their_segment_weighs_among_customers():
    """Active customers answer four times as often as lapsed ones; there are as many of each."""
    survey = answers([(Q3, "Sofas", 80, 80), (Q3, "Sofas", 60, 20)])
    people = company(["active"] * 80 + ["lapsed"] * 20 + ["lapsed"] * 60)
    found = whole(table("satisfaction_scores", survey=survey, **people))
    assert found["value"] == pytest.approx(76, abs=0.5)
    assert found["weighted_value"] == pytest.approx(70, abs=0.5)
    # sum(w)^2 / sum(w^2) with 80 of 0.625 and 20 of 2.5.
    assert found["n_eff"] == pytest.approx(100**2 / (80 * 0.625**2 + 20 * 2.5**2))
    wide, plain = found["weighted_value_hi"] - found["weighted_value_lo"], found["hi"] - found["lo"]
    assert wide > plain


def test_every_quarter_is_weighted_to_the_base_by_itself():
    cells = [(Q2, "Sofas", 80, 20), (Q2, "Sofas", 60, 80), (Q3, "Sofas", 80, 80), (Q3, "Sofas", 60, 20)]
    people = company((["active"] * 20 + ["lapsed"] * 80) + (["active"] * 80 + ["lapsed"] * 20))
    scores = table("satisfaction_scores", survey=answers(cells), **people)
    for period in ("2026Q2", "2026Q3", "all"):
        assert whole(scores, period=period)["weighted_value"] == pytest.approx(70, abs=0.5)


def test_net_scores_and_shares_are_weighted_too():
    people = company(["active"] * 80 + ["lapsed"] * 80)
    survey = mart(
        "feedback.fct_survey_answers",
        [
            {
                "response_id": f"r{n}",
                "customer_id": f"c{n}",
                "answer_date": Q3,
                "is_customer": True,
                "nps": 10 if n < 80 else 0,
                "ces": 7 if n < 80 else 1,
            }
            for n in range(100)
        ],
    )
    scores = table("satisfaction_scores", survey=survey, **people)
    nps = whole(scores, basis="nps_item")
    assert (nps["value"], nps["weighted_value"]) == pytest.approx((60, 0))
    assert nps["weighted_value_lo"] < 0 < nps["weighted_value_hi"]
    easy = whole(scores, basis="ces_item", metric_id="ces_top3")
    assert (easy["value"], easy["weighted_value"]) == pytest.approx((0.8, 0.5))


def test_who_is_not_of_the_base_has_no_weight_and_too_few_answers_no_weighted_score():
    survey = answers([(Q3, "Sofas", 80, 40), (Q3, "Kitchen", 60, 40)])
    people = company(["active"] * 80)
    people["customers"] = people["customers"].with_columns(
        pl.when(pl.int_range(pl.len()) >= 50).then(0).otherwise("n_orders").alias("n_orders")
    )
    scores = table("satisfaction_scores", survey=survey, **people)
    found = whole(scores)
    assert (found["n"], found["n_eff"]) == (80, pytest.approx(50))
    few = whole(scores, dimension="division", group_id="Table")
    assert few["n"] == 40
    assert [few[name] for name in ("weighted_value", "weighted_value_lo", "weighted_value_hi", "n_eff")] == [None] * 4
