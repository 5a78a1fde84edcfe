"""Retention on cohorts small enough to count by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import AS_OF, mart, months_of, reader

from pipelines.analytics.build import build_table


def built(*groups, min_cell=11):
    """The table from groups of persons (number, region, dates of their orders)."""
    people, orders = [], []
    for number, region, *days in groups:
        for _ in range(number):
            customer = f"c{len(people)}"
            people.append({"customer_id": customer, "region": region})
            orders += [
                {"order_id": f"{customer}-{day}", "customer_id": customer, "order_date": day, "is_valid": True}
                for day in days
            ]
    placed = mart("core.fct_orders", orders)
    frames = {
        "core.dim_customers": mart("core.dim_customers", people),
        "core.fct_orders": placed,
        "journey.agg_customer_months": months_of(placed),
    }
    return build_table("retention", reader(frames), as_of=AS_OF, run_id="r", min_cell=min_cell)


def cell(table, metric, cohort, months, *, breakdown="company", group="all"):
    wanted = {"metric_id": metric, "cohort": cohort, "months_since": months, "breakdown": breakdown, "group_id": group}
    found = table.filter(**wanted).to_dicts()
    assert len(found) == 1, found
    return found[0]


MARCH, APRIL, OCTOBER = date(2025, 3, 31), date(2025, 4, 1), date(2026, 10, 5)


def test_cohorts_by_month_of_the_first_order():
    table = built((20, "North", MARCH, APRIL), (60, "North", MARCH), (20, "North", APRIL, date(2025, 5, 31)))
    assert (
        cell(table, "order_retention", "2025-03", 0)["value"],
        cell(table, "order_retention", "2025-03", 1)["n"],
    ) == (1, 80)
    assert cell(table, "order_retention", "2025-03", 1)["value"] == 0.25
    row = cell(table, "order_retention", "all", 1)
    assert (row["value"], row["n"], row["n_immature"]) == (0.4, 100, 0)


def test_cohorts_too_young_are_counted_aside():
    table = built((40, "North", MARCH, APRIL), (30, "North", OCTOBER))
    row = cell(table, "order_retention", "all", 1)
    assert (row["value"], row["n"], row["n_immature"]) == (1, 40, 30)
    assert table.filter(cohort="2026-10", months_since=1).is_empty()


def test_repeat_purchase_counts_365_days_and_only_the_mature():
    late, just = date(2026, 4, 1), date(2026, 3, 31)
    table = built((30, "North", MARCH, just), (30, "North", MARCH, late), (20, "North", OCTOBER, OCTOBER))
    row = cell(table, "repeat_purchase_rate", "all", 12)
    assert (row["value"], row["n"], row["n_immature"]) == (0.5, 60, 20)
    assert row["lo"] == pytest.approx(0.3773, abs=1e-4)


def test_a_small_cohort_of_a_group_is_in_no_sum():
    table = built((5, "South", MARCH), (40, "North", MARCH), (30, "East", MARCH), (25, "South", APRIL))
    south = cell(table, "order_retention", "all", 0, breakdown="region", group="South")
    assert south["n"] == 25
    # A companion goes with it, else the company's cohort would give it away.
    regions = table.filter(pl.col("metric_id") == "order_retention", breakdown="region", months_since=0)
    assert regions["n"].sum() < 100 - 5
