"""What holds of every resolution, whatever the evidence: checked on drawn records, links, keys and decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.ledger import empty_ledger, read_ledger
from pipelines.identity.quality import bridges
from pipelines.identity.stable import Run
from tests.unit.identity_kit import (
    START,
    Inputs,
    Known,
    Link,
    Resolution,
    after,
    edges,
    keys,
    nodes,
    nothing_known,
    pairs,
    people,
    resolve_records,
    shipped,
    shuffled,
    with_cap,
)

RULES = ("crm_merge", "email", "loyalty_card", "phone", "order_name", "device", "model")
VALUES = ("v1", "v2", "v3")
CAP = 6


@dataclass(frozen=True)
class Drawn:
    """Records, links, accounts and decisions; ``ids`` are shared between drawings, so that they overlap."""

    ids: list[str]
    links: list[Link]
    shop: dict[str, str]
    never: list[tuple[str, str]]

    def inputs(self, known: Known | None = None) -> Inputs:
        frame = nodes(self.ids)
        ledger = read_ledger(pairs(*self.never), pairs(), frame["node_id"]) if self.never else empty_ledger()
        return Inputs(frame, edges(self.links), keys(self.shop), ledger, known or nothing_known())


@st.composite
def evidence(draw: st.DrawFn) -> Drawn:
    ids = [f"shop:customer:{i:02}" for i in range(draw(st.integers(2, 12)))]
    node = st.sampled_from(ids)
    value = st.sampled_from(VALUES)
    links: list[Link] = []
    for a, b, rule, shown in draw(st.lists(st.tuples(node, node, st.sampled_from(RULES), value), max_size=18)):
        links.append((a, b, rule, "0.995" if rule == "model" else shown))
    shop = draw(st.dictionaries(node, st.sampled_from(["1", "2", "3", "1 2"]), max_size=6))
    pair = st.tuples(node, node).filter(lambda two: two[0] != two[1])
    return Drawn(ids, links, shop, draw(st.lists(pair, max_size=3)))


def resolve_at(inputs: Inputs, hour: int = 0) -> Resolution:
    return resolve_records(inputs, with_cap(CAP), Run(f"run-{hour}", START + timedelta(hours=hour)))


def same(left: Resolution, right: Resolution) -> bool:
    names = ("map", "links", "skipped", "clusters", "events", "redirects", "history")
    return all(getattr(left, name).equals(getattr(right, name)) for name in names)


@given(evidence(), evidence(), st.integers(0, 999))
def test_the_order_of_rows_never_matters(first: Drawn, second: Drawn, seed: int) -> None:
    known = after(nothing_known(), resolve_at(first.inputs()))
    inputs = second.inputs(known)
    mixed = replace(
        shuffled(inputs, seed),
        known=replace(known, history=known.history.sample(fraction=1, shuffle=True, seed=seed)),
        edges=inputs.edges.sample(fraction=1, shuffle=True, seed=seed).rename(
            {"node_id_a": "node_id_b", "node_id_b": "node_id_a"}
        ),
    )
    assert same(resolve_at(inputs, 1), resolve_at(mixed, 1))


@given(evidence(), evidence())
def test_again_changes_nothing(first: Drawn, second: Drawn) -> None:
    known = after(nothing_known(), resolve_at(first.inputs()))
    once = resolve_at(second.inputs(known), 1)
    again = resolve_at(second.inputs(after(known, once)), 2)
    assert again.map.equals(once.map)
    assert again.redirects.equals(once.redirects)
    assert again.events.is_empty()
    assert again.history.equals(once.history)


@given(evidence(), evidence())
def test_step_by_step_and_at_once_find_the_same_people(first: Drawn, second: Drawn) -> None:
    known = after(nothing_known(), resolve_at(first.inputs()))
    assert people(resolve_at(second.inputs(known), 1)) == people(resolve_at(second.inputs()))


@given(evidence())
def test_no_person_has_two_accounts_a_forbidden_pair_or_too_many_records(drawn: Drawn) -> None:
    found = resolve_at(drawn.inputs())
    for group in people(found):
        # a record that shows two accounts holds neither
        accounts = {value for node in group if (value := drawn.shop.get(node)) and " " not in value}
        assert len(accounts) <= 1
        assert not any({a, b} <= group for a, b in drawn.never)
        assert len(group) <= CAP


@given(evidence())
def test_every_link_is_used_or_told_with_a_reason(drawn: Drawn) -> None:
    found = resolve_at(drawn.inputs())
    owner = dict(found.map.select("node_id", "customer_id").rows())
    assert found.skipped["reason"].null_count() == 0
    told = {(a, b, rule) for a, b, rule in found.skipped.select("node_id_a", "node_id_b", "rule").rows()}
    for a, b, rule, *_ in drawn.links:
        if a != b:
            assert (owner[a] != owner[b]) == ((min(a, b), max(a, b), rule) in told)
    assert all(owner[a] != owner[b] for a, b, _ in told)
    assert all(owner[a] == owner[b] for a, b in found.links.select("node_id_a", "node_id_b").rows())


@given(evidence())
def test_links_that_are_told_hold_each_person_together(drawn: Drawn) -> None:
    found = resolve_at(drawn.inputs())
    alone = replace(drawn, links=[], shop={}, never=[]).inputs()
    rows = found.links.select("node_id_a", "node_id_b").rows()
    links = edges([(a, b, "email", f"{a}|{b}") for a, b in rows])
    assert people(resolve_records(replace(alone, edges=links), shipped(), Run("x", START))) == people(found)


@given(evidence(), st.sampled_from(["0:user:0", "zz:user:9"]))
def test_an_unrelated_record_changes_nothing(drawn: Drawn, stranger: str) -> None:
    known = after(nothing_known(), first := resolve_at(drawn.inputs()))
    more = replace(drawn, ids=[*drawn.ids, stranger])
    now = resolve_at(more.inputs(known), 1)
    assert now.map.filter(pl.col("node_id") != stranger).equals(first.map)
    assert now.links.equals(first.links)
    assert now.events["event"].to_list() == ["new"]


@given(evidence(), evidence())
def test_the_history_is_the_map_and_ids_are_never_given_twice(first: Drawn, second: Drawn) -> None:
    known = nothing_known()
    given_before: set[str] = set()
    for hour, drawn in enumerate((first, second, first)):
        found = resolve_at(drawn.inputs(known), hour)
        known = after(known, found)
        open_rows = known.history.filter(pl.col("known_to").is_null()).select("node_id", "customer_id").sort("node_id")
        assert open_rows.equals(found.map.select("node_id", "customer_id"))
        new = set(found.events.filter(pl.col("event") == "new")["customer_id"].to_list())
        assert not new & given_before
        given_before |= new
        in_use = set(found.map["customer_id"].to_list())
        assert in_use <= given_before
        assert not in_use & set(known.redirects["customer_id"].to_list())
        gone = set(known.redirects["into_customer_id"].to_list()) & set(known.redirects["customer_id"].to_list())
        assert not gone


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda ab: ab[0] != ab[1]), max_size=14))
def test_bridges_are_the_links_whose_loss_parts_their_ends(links: list[tuple[int, int]]) -> None:
    a, b = (pl.Series([ab[i] for ab in links], dtype=pl.Int64).to_numpy() for i in (0, 1))
    for number, is_bridge in enumerate(bridges(8, a, b)):
        rest = [pair for i, pair in enumerate(links) if i != number]
        reached, stack = {links[number][0]}, [links[number][0]]
        while stack:
            here = stack.pop()
            for one, other in rest:
                for start, end in ((one, other), (other, one)):
                    if start == here and end not in reached:
                        reached.add(end)
                        stack.append(end)
        assert is_bridge == (links[number][1] not in reached)
