"""Two rules for one thing: what a rule on single sessions calls an abandonment, and what became of the cart."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import mart

from pipelines.analytics.carts.session_rule import OUTCOMES, build_cart_session_rule, outcome_counts
from pipelines.analytics.laws import check

CARTS = (
    # state, abandoned, devices, exits, how many such carts
    ("abandoned", True, 1, 1, 100),
    ("recovered", True, 2, 3, 20),
    ("abandoned", True, 1, 0, 12),
    ("purchased", False, 1, 2, 30),
    ("purchased", False, 2, 1, 15),
    ("purchased", False, 1, 0, 50),
    ("completed_by_agent", False, 1, 1, 11),
    ("emptied", False, 1, 1, 13),
    ("grace", False, 1, 1, 14),
    ("abandoned", False, 1, 1, 16),
)
"""The last ones are worth nothing."""


def carts(rows=CARTS):
    kinds = [
        {"customer_id": "c", "state": s, "is_abandoned": a, "n_devices": d, "n_session_exits": e, "is_mature": True}
        for s, a, d, e, times in rows
        for _ in range(times)
    ]
    return mart("journey.fct_carts", kinds)


def built(frame, min_cell=11):
    nobody = mart("core.dim_customers")
    return build_cart_session_rule(
        carts=frame, customers=nobody, as_of=date(2026, 10, 31), run_id="r", min_cell=min_cell
    )


def violations(table, frame):
    others = {"journey.fct_carts": frame, "core.dim_customers": mart("core.dim_customers")}
    return [found.law for found in check("cart_session_rule", table, others, min_cell=11)]


def test_every_outcome_is_told_apart():
    assert outcome_counts(carts()) == {
        "abandoned": 100,
        "recovered": 20,
        "bought_elsewhere": 0,
        "agent_later": 0,
        "same_cart_again": 40,
        "bought": 60,
        "bought_over_devices": 15,
        "agent_in_time": 11,
        "emptied": 13,
        "not_over": 14,
        "no_session_of_its_own": 12,
        "worth_nothing": 16,
    }


def test_the_rows_of_a_rule_add_up_to_it():
    table = built(carts())
    assert set(table["outcome"]) == set(OUTCOMES)
    of_cart = table.filter(pl.col("counted_by") != "session_only")
    assert set(of_cart["n"]) == {132}
    assert of_cart["n_outcome"].sum() == 132
    assert of_cart["value"].sum() == pytest.approx(1)
    assert table.filter(pl.col("counted_by") != "cart_only")["n_outcome"].sum() == 289
    assert violations(table, carts()) == []


def test_the_law_sees_a_lost_abandonment():
    table = built(carts())
    lost = table.with_columns(
        pl.when(pl.col("outcome") == "bought").then(pl.col("n_outcome") - 1).otherwise("n_outcome").alias("n_outcome")
    )
    assert violations(lost, carts()) == ["rules_add_up"]


def test_a_small_outcome_is_hidden_and_does_not_follow():
    frame = carts((*CARTS[1:6], ("abandoned", True, 1, 1, 100), ("bought_elsewhere", True, 1, 1, 3)))
    table = built(frame)
    # Three carts bought elsewhere, and the next smallest of the abandoned, whose number readers know.
    assert set(table.filter("suppressed")["outcome"]) == {"bought_elsewhere", "no_session_of_its_own"}
    assert table.filter("suppressed")["n_outcome"].to_list() == [None, None]
    assert violations(table, frame) == []


def test_staff_are_no_customers():
    staff = mart("core.dim_customers", [{"customer_id": "c", "is_staff": True}])
    table = build_cart_session_rule(carts=carts(), customers=staff, as_of=date(2026, 10, 31), run_id="r", min_cell=11)
    assert set(table["n_outcome"]) == {0}
