"""What counts: clear lows, real moves, thin cells, complete maps; and files behind figures that no spreadsheet runs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.showroom import figures, maps, moves
from pipelines.showroom.figures import is_real
from pipelines.showroom.lint import lint_map
from pipelines.showroom.model import Estimate
from pipelines.showroom.pages import to_csv

STAMP = {"as_of": date(2026, 10, 31), "run_id": "r"}


def moods(*scores: tuple[float, float, int]) -> dict[str, Estimate]:
    return {f"s{place}": Estimate(v, v - half, v + half, n) for place, (v, half, n) in enumerate(scores)}


def test_a_low_is_clear_only_beyond_a_margin_for_all_looks() -> None:
    assert maps.clear_low(moods((1, 0.1, 90), (1, 0.1, 90), (0.5, 0.1, 90), (1, 0.1, 90))) == "s2"
    # Beyond its own margin, but one of four looks is that low by chance.
    assert maps.clear_low(moods((1, 0.1, 90), (1, 0.1, 90), (0.89, 0.1, 90), (1, 0.1, 90))) is None
    # A score nobody sees is no low point.
    assert maps.clear_low(moods((1, 0.1, 90), (1, 0.1, 90), (0.5, 0.1, 29), (1, 0.1, 90))) is None


@pytest.mark.parametrize(("n", "state"), [(29, "few"), (30, "thin"), (49, "thin"), (50, "shown")])
def test_answers_needed_for_a_score(n: int, state: str) -> None:
    assert maps.mood_state(Estimate(1.0, 0.5, 1.5, n)) == state


def test_a_hidden_score_has_no_state_but_few() -> None:
    assert maps.mood_state(Estimate(None, suppressed=True)) == "few"
    assert maps.mood_state(None) == "none"


def row(**values: Any) -> dict[str, Any]:
    return {"vs_rest_value": 0.05, "vs_rest_lo": 0.01, "vs_rest_hi": 0.09, "p_adj": 0.01, **values}


def test_a_funnel_difference_is_large_beyond_its_margin_and_survives_the_correction() -> None:
    assert is_real(row()) == 1
    assert is_real(row(vs_rest_value=-0.05, vs_rest_lo=-0.09, vs_rest_hi=-0.01)) == -1
    assert is_real(row(vs_rest_value=0.02)) == 0
    assert is_real(row(vs_rest_lo=-0.01)) == 0
    assert is_real(row(p_adj=0.2)) == 0
    assert is_real(row(vs_rest_value=None)) == 0


def score(group: str, period: str, value: float | None, n: int | None, **more: Any) -> dict[str, Any]:
    base = {"metric_id": moves.METRIC, "dimension": "region", "basis": moves.BASIS, "suppressed": value is None}
    ends = {"lo": None, "hi": None} if value is None else {"lo": value - 2, "hi": value + 2}
    return {**base, "group_id": group, "period": period, "value": value, **ends, "n": n, **STAMP, **more}


def delta(group: str, value: float, lo: float, hi: float, p: float) -> dict[str, Any]:
    own = score(group, "2026Q3", value, 100, lo=lo, hi=hi)
    return {**own, "previous_period": "2026Q2", "p_adj": p}


def test_moves_are_told_with_their_state_and_few_answers_never_show_a_score() -> None:
    scores = [score(group, "2026Q2", 70.0, 100) for group in ("down", "same", "thin")]
    scores += [score("down", "2026Q3", 64.0, 100), score("same", "2026Q3", 71.0, 100), score("new", "2026Q3", 75.0, 60)]
    scores += [score("thin", "2026Q3", 80.0, 40), score("few", "2026Q3", 80.0, 29), score("unknown", "2026Q3", 1.0, 99)]
    deltas = [delta("down", -6, -9, -3, 0.001), delta("same", 1, -2, 4, 0.5), delta("thin", 10, 5, 15, 0.001)]
    found = {move.group: move for move in moves.moves_of(scores, deltas, "region", "2026Q3")}
    assert {name: move.state for name, move in found.items()} == {
        "thin": "thin",
        "new": "first",
        "same": "none",
        "down": "down",
        "few": "few",
    }
    assert list(found) == ["thin", "new", "same", "down", "few"]
    assert (found["few"].now, found["thin"].change, found["down"].before) == (None, None, 70.0)
    chart = moves.moves_chart(list(found.values()), {}, figure_id="f", period="2026Q3", average=None)
    assert "80.0" not in str([drawn for drawn in chart.rows if drawn.name == "few"])
    assert b"few" in to_csv(chart.figure.rows)
    assert [drawn["value"] for drawn in chart.figure.rows if drawn["group_id"] == "few"] == [None]


def test_a_change_that_does_not_survive_the_correction_is_no_move() -> None:
    scores = [score("a", "2026Q2", 70.0, 100), score("a", "2026Q3", 64.0, 100)]
    (found,) = moves.moves_of(scores, [delta("a", -6, -9, -3, 0.08)], "region", "2026Q3")
    assert found.state == "none"


def ways(*shares: tuple[str, str, float]) -> list[dict[str, Any]]:
    hidden = {"value": None, "suppressed": True}
    return [{"from_step": a, "to_step": b, "value": v, "suppressed": False} for a, b, v in shares] + [
        {"from_step": "cart", "to_step": "END"} | hidden
    ]


def test_people_who_leave_are_not_counted_where_their_number_is_hidden() -> None:
    rows = ways(("product_page", "cart", 0.5), ("product_page", "END", 0.2), ("cart", "checkout", 0.4))
    drawn = figures.paths_drawing(rows, "New", figure_id="f", period="in a year")
    assert drawn.words == (
        "Of 1,000 at product page, 500 go on, 200 leave and 300 turn elsewhere; "
        "of 500 at cart, 200 go on and 300 leave or do something else"
    )
    assert "300 do not" in drawn.picture


def test_a_change_of_the_mix_is_read_as_one() -> None:
    scores = [score("a", "2026Q2", 70.0, 100), score("a", "2026Q3", 64.0, 100)]
    found = moves.moves_of(scores, [delta("a", -6, -9, -3, 0.001) | {"explained_by": "mix"}], "region", "2026Q3")
    (row,) = moves.moves_chart(found, {}, figure_id="f", period="2026Q3", average=None).rows
    assert row.cells[-1].text == "Slipped by 3.0 to 9.0 points; another mix of products, not lower scores"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert to_csv([{"name": text}]).decode().splitlines()[1].lstrip('"').startswith("'")


def test_numbers_and_nothing_in_files() -> None:
    assert to_csv([{"a": -1.5, "b": None, "c": True, "d": date(2026, 1, 2)}]) == b"a,b,c,d\n-1.5,,true,2026-01-02\n"


def line(lane: str, item: str, **values: Any) -> dict[str, Any]:
    kind = "judgement" if lane == "header" else "measured"
    base = {"lane": lane, "item": item, "stage": "look", "stage_order": 0 if lane == "header" else 1}
    return {**base, "text": item, "source_kind": kind, "suppressed": False, "review_by": None, **values}


COMPLETE = [
    *(line("header", item) for item in ("actor", "scenario", "goal", "owner")),
    *(
        line(lane, "x", stage=f"s{place}")
        for lane in ("actions", "touchpoints", "expectations", "questions", "emotions", "barriers", "backstage")
        for place in range(4)
    ),
]


def words(rows: list[dict[str, Any]]) -> list[str]:
    return [finding.words for finding in lint_map("Map", rows, date(2026, 10, 31))]


def test_a_complete_map_is_not_faulted() -> None:
    assert words(COMPLETE) == []


@pytest.mark.parametrize("header", ["actor", "scenario", "goal", "owner"])
def test_the_linter_misses_a_header(header: str) -> None:
    assert words([drawn for drawn in COMPLETE if drawn["item"] != header]) == [f"The map has no {header}."]


def test_the_linter_misses_a_lane_hidden_rows_do_not_fill() -> None:
    rows = [{**drawn, "suppressed": drawn["suppressed"] or drawn["lane"] == "questions"} for drawn in COMPLETE]
    assert words(rows) == ["The lane questions is empty."]


def test_the_linter_sees_overdue_and_long_judgements_and_too_many_columns() -> None:
    late = line("emotions", "late", source_kind="judgement", review_by=date(2026, 10, 30), stage="s0")
    long = line("emotions", "y" * 91, source_kind="judgement", stage="s0")
    many = [line("actions", "x", stage=f"m{place}") for place in range(5)]
    found = words([*COMPLETE, late, long, *many])
    assert [part in " ".join(found) for part in ("9 columns", "reviewed by 2026-10-30", "longer than 90")] == [True] * 3
    assert len(found) == 3
