"""The chain of evidence between two records: the shortest, its weakest link, its bridges."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations

import polars as pl
import pytest

from pipelines.cli.identity_explain import mask
from pipelines.identity.explain import Step, shortest_chain
from pipelines.identity.frames import EDGE_SCHEMA
from pipelines.identity.rules import load_rules

RULES = load_rules()
Link = tuple[str, str, str, str]


def links(*rows: Link) -> pl.DataFrame:
    """Links of (record, record, rule, value)."""
    confidence = {rule.name: rule.confidence for rule in RULES.rules}
    full = [
        (
            *sorted((a, b)),
            rule,
            rule,
            value,
            datetime.fromisoformat("2026-01-01"),
            confidence[rule] or 0.995,
            None,
            "rule",
        )
        for a, b, rule, value in rows
    ]
    return pl.DataFrame(full, schema=dict(EDGE_SCHEMA), orient="row")


def chain(rows: tuple[Link, ...], start: str, end: str) -> list[Step]:
    return shortest_chain(links(*rows), [start], [end], RULES)


def told(steps: list[Step]) -> list[tuple[str, str, str]]:
    return [(step.node_id_a, step.node_id_b, step.rule) for step in steps]


def test_two_records_that_show_one_value_are_one_step_apart_whatever_the_star_starts_from() -> None:
    star = (("a", "hub", "email", "x@y.z"), ("b", "hub", "email", "x@y.z"))
    assert told(chain(star, "a", "b")) == [("a", "b", "email")]


def test_one_value_in_two_groups_joins_only_its_own_group() -> None:
    """A family's e-mail has a group for each given name; a phone joins the two groups' people otherwise."""
    rows = (("a", "b", "email", "f@y.z"), ("c", "d", "email", "f@y.z"), ("b", "c", "phone", "+491"))
    assert told(chain(rows, "a", "d")) == [("a", "b", "email"), ("b", "c", "phone"), ("c", "d", "email")]


def test_fewer_steps_win_then_the_stronger_weakest_link() -> None:
    long = (("a", "b", "email", "1"), ("b", "c", "email", "2"), ("c", "d", "email", "3"))
    short = (("a", "x", "device", "d1"), ("x", "d", "email", "4"))
    better = (("a", "y", "phone", "p1"), ("y", "d", "email", "5"))
    assert told(chain(long + short, "a", "d")) == [("a", "x", "device"), ("x", "d", "email")]
    assert told(chain(long + short + better, "a", "d")) == [("a", "y", "phone"), ("y", "d", "email")]


def test_the_weakest_link_is_marked_and_a_bridge_only_where_no_other_way_leads() -> None:
    rows = (
        ("a", "b", "email", "1"),
        ("a", "b", "phone", "2"),
        ("b", "c", "device", "3"),
        ("c", "d", "loyalty_card", "4"),
    )
    steps = chain(rows, "a", "d")
    assert told(steps) == [("a", "b", "email"), ("b", "c", "device"), ("c", "d", "loyalty_card")]
    assert [step.is_weakest for step in steps] == [False, True, False]
    assert [step.is_bridge for step in steps] == [False, True, True]


def test_pairs_of_the_model_with_one_outcome_are_two_pieces_of_evidence() -> None:
    rows = (("a", "b", "model", "name=equal:+6.0"), ("b", "c", "model", "name=equal:+6.0"))
    assert told(chain(rows, "a", "c")) == [("a", "b", "model"), ("b", "c", "model")]


def test_the_order_of_the_links_does_not_matter() -> None:
    rows = (("a", "b", "email", "1"), ("b", "d", "email", "2"), ("a", "c", "email", "3"), ("c", "d", "email", "4"))
    found = {tuple(told(chain(order, "a", "d"))) for order in permutations(rows)}
    assert found == {(("a", "b", "email"), ("b", "d", "email"))}


def test_a_person_starts_from_the_nearest_record() -> None:
    rows = links(("a", "b", "email", "1"), ("b", "c", "phone", "2"))
    assert told(shortest_chain(rows, ["a", "b"], ["c"], RULES)) == [("b", "c", "phone")]
    assert shortest_chain(rows, ["a", "b"], ["b"], RULES) == []
    assert shortest_chain(rows, ["a"], ["elsewhere"], RULES) == []


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("email", "anna.meyer@example.co.uk", "a***@e***.uk"),
        ("phone", "+4915112345678", "+***78"),
        ("loyalty_card", "1234", "***"),
        ("email", "@", "***@***"),
        ("comparison", "given_name=equal:+6.9", "given_name=equal:+6.9"),
        ("email", None, None),
    ],
)
def test_a_masked_value_can_be_recognised_and_not_learned(kind: str, value: str | None, masked: str | None) -> None:
    assert mask(kind, value) == masked
