"""Conditions: what they match, what they narrowly miss, and how the unknown is treated."""

from __future__ import annotations

from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.analytics.segments.conditions import ConditionError, Fact, parse

FACTS = {
    fact.name: fact
    for fact in (
        Fact("n", "number", "A number."),
        Fact("m", "number", "Another."),
        Fact("kind", "text", "A text.", ("a", "b")),
        Fact("is_new", "boolean", "Yes or no."),
    )
}
ROWS = pl.DataFrame(
    {
        "n": [1, 9, 10, None],
        "m": [10.0, 4.0, 5.0, 5.0],
        "kind": ["a", "b", None, "a"],
        "is_new": [True, False, None, True],
    }
)


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("n = 1", [1, 0, 0, 0]),
        ("n != 1", [0, 1, 1, 0]),
        ("n >= 2 * m", [0, 1, 1, 0]),
        ("n > 9.5", [0, 0, 1, 0]),
        ("kind = 'a'", [1, 0, 0, 1]),
        ("kind in ('a', 'b')", [1, 1, 0, 1]),
        ("not kind = 'a'", [0, 1, 0, 0]),
        ("kind is unknown", [0, 0, 1, 0]),
        ("n is known", [1, 1, 1, 0]),
        ("is_new", [1, 0, 0, 1]),
        ("not is_new", [0, 1, 0, 0]),
        ("n = 1 or n = 9 and is_new", [1, 0, 0, 0]),
        ("(n = 1 or n = 9) and not is_new", [0, 1, 0, 0]),
        ("is_new or m = 5", [1, 0, 1, 1]),
    ],
)
def test_what_a_condition_matches(text: str, matched: list[int]) -> None:
    assert ROWS.select(parse(text, FACTS).matches).to_series().to_list() == [bool(value) for value in matched]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("n >= 10", [0, 1, 0, 0]),
        ("n >= 11", [0, 0, 1, 0]),
        ("n >= 10 and kind = 'b'", [0, 1, 0, 0]),
        ("n >= 10 and kind = 'a'", [0, 0, 0, 0]),
        ("kind = 'a'", [0, 0, 0, 0]),
    ],
)
def test_who_narrowly_misses(text: str, near: list[int]) -> None:
    found = ROWS.select(parse(text, FACTS).narrowly_missed).to_series().to_list()
    assert found == [bool(value) for value in near]


def test_a_text_outside_its_list_is_refused() -> None:
    with pytest.raises(ConditionError, match="kind is never 'c'; it is one of a, b"):
        parse("kind = 'c'", FACTS)


def test_the_facts_of_a_condition_are_known() -> None:
    assert parse("n > 2 * m or not is_new", FACTS).facts == {"n", "m", "is_new"}


numbers = st.one_of(st.none(), st.integers(-5, 5))


@settings(max_examples=40)
@given(n=numbers, m=numbers, bound=st.integers(-5, 5))
def test_a_condition_and_its_negation_never_both_match(n: int | None, m: int | None, bound: int) -> None:
    rows = pl.DataFrame({"n": [n], "m": [m]}, schema={"n": pl.Int64, "m": pl.Float64})
    text = f"n <= {bound} and m > n or m = {bound}"
    yes, no = (parse(form, FACTS).matches for form in (text, f"not ({text})"))
    assert not rows.select(yes & no).item()
    if n is not None and m is not None:
        assert rows.select(yes | no).item()


@settings(max_examples=60)
@given(st.text(max_size=30))
def test_any_text_is_understood_or_refused_in_words(text: str) -> None:
    with suppress(ConditionError):
        assert parse(text, FACTS).facts
