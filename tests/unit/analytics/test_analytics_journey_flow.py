"""Stocks and flows of the decision journey on data small enough to count by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics.build import build_table

Q3 = 2026 * 4 + 2


def flow(*groups):
    """Rows of persons from (number, phase, quarter, start, entered, advanced, lost, recovered, end)."""
    names = ("n_stock_start", "n_entered", "n_advanced", "n_lost", "n_recovered", "n_stock_end")
    rows, orders = [], {"consider": 1, "evaluate": 2, "closure": 3, "loyalty": 4}
    for number, phase, quarter, *counts in groups:
        rows += [
            {
                "customer_id": f"c{len(rows) + person}",
                "phase": phase,
                "phase_order": orders[phase],
                "quarter_number": quarter,
                "is_settled": quarter >= Q3,
                **dict(zip(names, counts, strict=True)),
            }
            for person in range(number)
        ]
    return {"journey.agg_journey_flow": mart("journey.agg_journey_flow", rows)}


def built(frames):
    return build_table("journey_flow", reader(frames), as_of=AS_OF, run_id="r", min_cell=11)


def company(table, phase, period):
    found = table.filter(pl.col("breakdown") == "company", phase=phase, period=period).to_dicts()
    assert len(found) == 1
    return found[0]


def test_counts_add_up_and_rates_are_of_those_who_left():
    table = built(
        flow(
            (40, "evaluate", Q3, 0, 1, 1, 0, 0, 0),
            (60, "evaluate", Q3, 0, 1, 0, 1, 0, 0),
            (20, "evaluate", Q3, 1, 0, 0, 0, 0, 1),
            (30, "evaluate", Q3, 0, 0, 0, 0, 1, 1),
        )
    )
    row = company(table, "evaluate", "2026Q3")
    assert (row["n_stock_start"], row["n_entered"], row["n_recovered"]) == (20, 100, 30)
    assert (row["n_advanced"], row["n_lost"], row["n_stock_end"]) == (40, 60, 50)
    assert (row["value"], row["n"], row["is_complete"]) == (0.4, 100, True)
    assert (row["lo"], row["hi"]) == (pytest.approx(0.3094, abs=1e-4), pytest.approx(0.4980, abs=1e-4))


def test_no_rate_before_a_timeout_can_have_passed():
    table = built(flow((20, "loyalty", Q3 - 1, 0, 1, 1, 0, 0, 0)))
    row = company(table, "loyalty", "2026Q2")
    assert (row["n_advanced"], row["value"], row["n"]) == (20, None, 20)


def test_the_quarter_under_way_says_so():
    table = built(flow((20, "closure", Q3 + 1, 0, 1, 1, 0, 0, 0)))
    assert company(table, "closure", "2026Q4")["is_complete"] is False


def test_a_small_stock_hides_what_would_give_it_away_and_no_more():
    table = built(flow((50, "closure", Q3, 0, 1, 1, 0, 0, 0), (3, "closure", Q3, 0, 0, 0, 0, 1, 1)))
    row = company(table, "closure", "2026Q3")
    assert row["n_advanced"] == 50
    assert [row[name] for name in ("n_stock_start", "n_stock_end", "n_recovered")] == [None] * 3
    assert row["suppressed"] is False


def test_a_small_flow_hides_the_row():
    table = built(flow((50, "closure", Q3, 0, 1, 1, 0, 0, 0), (3, "closure", Q3, 0, 1, 0, 1, 0, 0)))
    row = company(table, "closure", "2026Q3")
    assert row["suppressed"] is True
    assert [row[name] for name in ("n_entered", "n_advanced", "n_lost", "value", "n")] == [None] * 5


def test_the_loyalty_loop_counts_orders_without_evaluation():
    orders = mart(
        "journey.fct_repeat_orders",
        order_id=[f"o{number}" for number in range(100)],
        customer_id=["p"] * 100,
        order_date=[date(2026, 8, 1)] * 100,
        is_direct=[number < 70 for number in range(100)],
    )
    frames = {**flow((30, "loyalty", Q3, 1, 0, 0, 0, 0, 1)), "journey.fct_repeat_orders": orders}
    row = company(built(frames), "loyalty", "2026Q3")
    assert (row["loop_share"], row["n_repeat_orders"]) == (0.7, 100)
    assert (row["loop_share_lo"], row["loop_share_hi"]) == (
        pytest.approx(0.6042, abs=1e-4),
        pytest.approx(0.7811, abs=1e-4),
    )
