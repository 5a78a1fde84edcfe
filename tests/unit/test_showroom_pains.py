"""Pain points: quarters counted from events, cells that are too few, and who would mend what."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from xml.etree import ElementTree

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from pipelines.showroom import drivers, pain_history, pains
from pipelines.showroom.charts import spark
from pipelines.showroom.marts import Marts

QUARTER = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 0.2)).map(
    lambda at: (at[0], max(0.0, at[0] - at[1]), min(1.0, at[0] + at[1]))
)


def counts(*cells: tuple[int, int]) -> list[tuple[date, int, int]]:
    starts = pain_history.quarter_starts(date(2026, 10, 31))
    return [(start, *cell) for start, cell in zip(starts, cells, strict=False)]


def test_quarters_are_the_last_complete_ones() -> None:
    starts = pain_history.quarter_starts(date(2026, 10, 31))
    assert (starts[0], starts[-1], len(starts)) == (date(2024, 10, 1), date(2026, 7, 1), 8)
    assert pain_history.quarter_starts(date(2026, 1, 1))[-1] == date(2025, 10, 1)


def test_a_quarter_of_few_cases_is_a_gap_and_takes_another_with_it() -> None:
    found = pain_history.shown(counts((40, 200), (10, 200), (30, 200), (0, 200)), min_cell=11)
    # Ten cases are too few; alone they could be told from the total, so the next smallest goes too.
    assert [quarter.share for quarter in found] == [0.2, None, None, 0.0]
    assert found[1] == pain_history.Quarter("2025Q1", None, None, None, None)
    two = pain_history.shown(counts((40, 200), (10, 200), (30, 99)), min_cell=11)
    assert [quarter.n for quarter in two] == [200, None, None]


def test_a_share_lies_inside_its_margin() -> None:
    # Wilson's interval of 30 in 100, as published tables have it.
    lo, hi = pain_history.wilson(30, 100)
    assert (round(lo, 4), round(hi, 4)) == (0.2189, 0.3958)
    assert pain_history.wilson(0, 100)[0] == 0.0


def test_carts_count_among_those_that_reached_the_step() -> None:
    con = duckdb.connect()
    con.execute(
        "create table carts as select range as cart_id, date '2026-08-01' as cart_date, range < 200 as"
        " has_checkout, false as has_shipping, false as has_payment from range(300)"
    )
    con.execute(
        "create table cart_causes as select unnest(range(50)) as cart_id, 'error' as cause, 'checkout' as at_risk_step"
    )
    con.execute("insert into cart_causes values (0, 'error', 'checkout')")
    marts = Marts(con, {}, frozenset({"carts", "cart_causes"}), set())
    found = pain_history.histories(marts, date(2026, 10, 31), 11)
    # A cart that met it twice is one cart; kinds whose events are not published are left out.
    assert set(found) == {"cart:error"}
    assert found["cart:error"].last is not None
    assert (found["cart:error"].last.share, found["cart:error"].last.n) == (0.25, 200)


@given(st.lists(QUARTER, min_size=1, max_size=8))
def test_the_line_of_quarters_stays_in_its_picture_and_leaves_gaps(
    points: list[tuple[float, float, float] | None],
) -> None:
    drawn = spark.history(points)
    ElementTree.fromstring(drawn)
    assert drawn.count("<circle") == sum(point is not None for point in points)
    ends = [float(y) for y in re.findall(r"[ML]-?[\d.]+ (-?[\d.]+)", drawn)]
    assert all(0 <= y <= 34 for y in ends)


def test_of_several_remedies_the_open_one_worth_most_is_named() -> None:
    def idea(name: str, value: float, status: str) -> dict[str, Any]:
        return {"opportunity_id": name, "value": value, "status": status, "stage_order": 1}

    rows = [idea("done", 9.0, "done"), idea("small", 1.0, "idea"), idea("large", 5.0, "idea")]
    evidence = [
        {"opportunity_id": name, "found_in": "cart_abandonment_causes", "finding": "error"}
        for name in ("done", "small", "large")
    ] + [{"opportunity_id": "done", "found_in": "feedback_labels", "finding": "tickets:stock"}]
    found = pains.mended_by(rows, evidence)
    assert {pain: row["opportunity_id"] for pain, row in found.items()} == {
        "cart:error": "large",
        "support:stock": "done",
    }


def test_a_reading_goes_no_further_than_the_margins() -> None:
    row: dict[str, Any] = {"is_separable": True, "tangled_with": None, "lo": 0.3, "hi": 0.4}
    low = row | {"performance_lo": 60.0, "performance_hi": 65.0}
    assert drivers.reading(low, 5, 70.0) == drivers.BEGIN
    assert drivers.reading(low | {"lo": 0.1}, 5, 70.0) == "Weighs an equal part, rated low"
    assert drivers.reading(low | {"performance_hi": 72.0}, 5, 70.0) == "Weighs much, rated in the middle"
    tangled = low | {"is_separable": False, "tangled_with": "ease"}
    assert drivers.reading(tangled, 5, 70.0) == "Cannot be told from ease"
