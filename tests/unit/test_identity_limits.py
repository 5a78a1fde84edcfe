"""Limits that are weighed: a birth date keeps two people apart, unless it is a slip or the model knows better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
import pytest

from pipelines.identity.ledger import empty_ledger, read_ledger
from pipelines.identity.limits import is_slip
from pipelines.identity.stable import Run
from tests.unit.identity_kit import (
    START,
    Inputs,
    Link,
    Resolution,
    edges,
    keys,
    nodes,
    nothing_known,
    pairs,
    people,
    resolve_records,
    settled,
    shipped,
)

A, B, C = "a:x:1", "a:x:2", "a:x:3"
FATHER, SON = "1960-03-07", "1988-11-21"


def inputs(links: Sequence[Link], born: Mapping[str, str]) -> Inputs:
    return Inputs(nodes([A, B, C]), edges(links), keys(born, "birth_date"), empty_ledger(), nothing_known())


def groups(found: Inputs | Resolution) -> set[frozenset[str]]:
    resolution = resolve_records(found, shipped(), Run("run", START)) if isinstance(found, Inputs) else found
    return {group for group in people(resolution) if len(group) > 1}


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("1960-03-07", "1960-03-07", True),
        ("1960-03-07", "1960-03-08", True),
        ("1960-03-07", "1906-03-07", True),
        ("1960-03-07", "1960-07-03", True),
        ("1960-03-07", "1961-03-08", False),
        ("1960-03-07", "1988-11-21", False),
        ("4711", "47112", True),
        ("4711", "4733", False),
    ],
)
def test_a_slip_of_the_keyboard(one: str, other: str, slip: bool) -> None:
    assert is_slip(pl.Series([one, FATHER]), pl.Series([other, SON])).tolist() == [slip, False]


def test_father_and_son_on_one_mailbox_stay_apart() -> None:
    assert groups(inputs([(A, B, "email", "v")], {A: FATHER, B: SON})) == set()


def test_a_mistyped_birth_date_is_one_persons() -> None:
    assert groups(inputs([(A, B, "email", "v")], {A: FATHER, B: "1960-03-08"})) == {frozenset({A, B})}


def test_a_slip_makes_two_dates_one_only_for_those_who_show_them() -> None:
    born = {A: FATHER, B: SON, C: "1960-03-08"}
    assert groups(inputs([(A, C, "email", "v"), (A, B, "phone", "p")], born)) == {frozenset({A, C})}
    # all three on one mailbox: it belongs to neither
    assert groups(inputs([(A, B, "email", "v"), (B, C, "email", "v")], born)) == set()


def test_the_model_that_weighed_the_dates_may_join_them() -> None:
    assert groups(inputs([(A, B, "model", "0.995")], {A: FATHER, B: SON})) == {frozenset({A, B})}


def test_but_not_over_a_record_that_shows_none() -> None:
    links = [(A, B, "model", "0.995"), (B, C, "model", "0.995")]
    assert groups(inputs(links, {A: FATHER, C: SON})) == set()


def test_a_rule_and_a_model_that_finds_it_likely_agree() -> None:
    born = {A: FATHER, B: SON}
    assert groups(inputs([(A, B, "email", "v"), (A, B, "model", "0.6")], born)) == {frozenset({A, B})}
    assert groups(inputs([(A, B, "email", "v"), (A, B, "model", "0.4")], born)) == set()
    assert groups(inputs([(A, B, "model", "0.6")], {})) == set()


def test_an_account_is_no_matter_of_likelihood() -> None:
    found = replace(inputs([(A, B, "email", "v"), (A, B, "model", "0.999")], {}), unique_keys=keys({A: "1", B: "2"}))
    assert groups(found) == set()


def test_a_persons_decision_goes_before_the_dates() -> None:
    found = inputs([], {A: FATHER, C: SON})
    decided = read_ledger(pairs(), pairs((A, B), (B, C)), found.nodes["node_id"])
    assert groups(replace(found, ledger=decided)) == {frozenset({A, B, C})}


def test_what_dates_keep_apart_is_not_settled_before_the_model() -> None:
    links: list[Link] = [(A, B, "email", "v"), (B, C, "device", "d")]
    assert settled(inputs(links, {A: FATHER, B: SON}), shipped()) == set()
    assert settled(inputs(links, {A: FATHER}), shipped()) == {frozenset({A, B})}
