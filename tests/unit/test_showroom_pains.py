"""Pain points: quarters counted from events, cells that are too few, and who would mend what."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from pipelines.showroom import drivers, pain_history, pains
from pipelines.showroom.charts import spark

QUARTER = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 0.2)).map(
    lambda at: (at[0], max(0.0, at[0] - at[1]), min(1.0, at[0] + at[1]))
)


def quarter(pain: str, period: str, value: float | None) -> dict[str, Any]:
    shown = None if value is None else 200
    return {"kind": "cart", "pain": pain, "period": period, "basis": "carts", "n": shown} | dict.fromkeys(
        ("value", "lo", "hi"), value
    )


def test_a_hidden_quarter_and_one_without_units_are_gaps() -> None:
    rows = [
        quarter("error", "2026Q3", None),
        quarter("error", "2026Q1", 0.2),
        quarter("error", "2026Q2", 0.25),
        quarter("slow_page", "2026Q3", 0.1),
    ]
    found = pain_history.histories(rows)
    assert [each.share for each in found["cart:error"].quarters] == [0.2, 0.25, None]
    assert [each.share for each in found["cart:slow_page"].quarters] == [None, None, 0.1]
    # The line ends where the last number is.
    assert found["cart:error"].last == pain_history.Quarter("2026Q2", 0.25, 0.25, 0.25, 200)
    assert found["cart:error"].base == "carts"
    assert not pain_history.histories([])


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
