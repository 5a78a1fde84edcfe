"""Changes against changes, and the company against published indices: known answers."""

from __future__ import annotations

import polars as pl
import pytest
from analytics_frames import mart
from satisfaction_frames import Q2, Q3, answers, row, table

from pipelines.analytics import stats

CELLS = {
    # group: change, its error; four cells of 200 answers with a standard deviation of 20 make an error of 2 each.
    "Home": (4.0, 2.0),
    "Table": (1.0, 2.0),
}


def deltas(changes, **columns):
    rows = [
        {
            "metric_id": "acsi_style_index",
            "basis": "survey3",
            "dimension": "division",
            "group_id": group,
            "period": "2026Q3",
            "value": value,
            "p_raw": 0.5,
            "minimum_detectable": error * stats.DETECTABLE,
            "n": 200,
            "n_previous": 180,
        }
        | columns.get(group, {})
        for group, (value, error) in changes.items()
    ]
    return pl.DataFrame(rows)


def pairs_of(frame):
    return table("satisfaction_delta_pairs", deltas=frame)


def test_delta_of_deltas_known_answer():
    pair = row(pairs_of(deltas(CELLS)))
    assert (pair["group_id"], pair["other_group"]) == ("Home", "Table")
    assert pair["value"] == pytest.approx(3)
    assert pair["minimum_detectable"] / stats.DETECTABLE == pytest.approx(2.8284, abs=5e-5)
    assert pair["p_raw"] == pytest.approx(0.2888, abs=5e-5)
    assert (pair["lo"], pair["hi"]) == pytest.approx((3 - 1.96 * 2.8284, 3 + 1.96 * 2.8284), abs=1e-3)
    assert (pair["n"], pair["verdict"]) == (180, "no_evidence")
    # Of two changes Q is the square of z.
    assert pair["heterogeneity_q"] == pytest.approx(1.0607**2, abs=1e-3)
    assert (pair["heterogeneity_df"], pair["heterogeneity_p"]) == (1, pytest.approx(0.2888, abs=5e-5))


def test_the_sign_turns_with_the_groups():
    turned = row(pairs_of(deltas({"Home": CELLS["Table"], "Table": CELLS["Home"]})))
    assert turned["value"] == pytest.approx(-row(pairs_of(deltas(CELLS)))["value"])


def test_pairs_of_a_dimension_are_one_family_and_only_clear_ones_are_named():
    found = pairs_of(deltas({"Home": (8.0, 1.0), "Outdoor": (0.0, 1.0), "Table": (0.5, 1.0)}))
    verdicts = {(each["group_id"], each["other_group"]): each["verdict"] for each in found.to_dicts()}
    assert verdicts == {
        ("Home", "Outdoor"): "higher",
        ("Home", "Table"): "higher",
        ("Outdoor", "Table"): "no_evidence",
    }
    assert set(found["family_size"]) == {3}
    assert (found["p_adj"] >= found["p_raw"]).all()
    assert found["heterogeneity_df"].to_list() == [2, 2, 2]


def test_changes_without_a_test_are_not_paired():
    assert pairs_of(deltas(CELLS, Table={"p_raw": None})).is_empty()


def test_a_clear_but_small_difference_is_no_evidence():
    pair = row(pairs_of(deltas({"Home": (1.5, 0.1), "Table": (0.0, 0.1)})))
    assert pair["p_adj"] < 0.001
    assert pair["verdict"] == "no_evidence"


def benchmarks(*rows):
    return mart(
        "seeds.satisfaction_benchmarks",
        [
            {"benchmark": name, "sector": name, "level": "sector", "year": year, "value": value, "source": "report"}
            for name, year, value in rows
        ],
    )


def compared(cells, *rows):
    scores = table("satisfaction_scores", survey=answers(cells))
    return table("satisfaction_benchmark", scores=scores, benchmarks=benchmarks(*rows))


def test_the_company_is_held_against_indices_of_the_same_year():
    found = compared([(Q2, "Sofas", 70, 100), (Q3, "Sofas", 80, 300)], ("shops", 2026, 74.0), ("shops", 2019, 81.0))
    gap = row(found)
    assert (gap["year"], gap["quarters"], gap["n"]) == (2026, "2026Q2 2026Q3", 400)
    # 100 answers of 70 and 300 of 80.
    assert gap["company_value"] == pytest.approx(77.5, abs=0.3)
    assert gap["value"] == pytest.approx(3.5, abs=0.3)
    assert gap["lo"] < gap["value"] < gap["hi"]
    assert gap["verdict"] == "above"


@pytest.mark.parametrize(
    ("number", "published", "verdict"),
    [(400, 84.0, "below"), (400, 79.0, "no_evidence"), (25, 90.0, "insufficient_n")],
)
def test_a_gap_needs_size_and_answers(number, published, verdict):
    assert row(compared([(Q3, "Sofas", 80, number)], ("shops", 2026, published)))["verdict"] == verdict
