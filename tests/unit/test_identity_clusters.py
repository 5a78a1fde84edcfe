"""Clustering and stable ids: fixed point, own-id guard, order invariance, idempotence."""

from __future__ import annotations

import random
from hashlib import md5
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.clusters import Resolution, resolve_clusters


def nodes(*ids: str, staff: tuple[str, ...] = ()) -> pl.DataFrame:
    rows = [
        (
            i,
            i.split(":")[0],
            i.split(":")[1],
            i in staff,
            "c_" + md5(i.encode(), usedforsecurity=False).hexdigest()[:16],
        )
        for i in ids
    ]
    return pl.DataFrame(rows, schema=["node_id", "system", "profile_kind", "is_staff", "proposed_id"], orient="row")


def edges(*rows: tuple[str, str, int]) -> pl.DataFrame:
    schema = {"node_id_a": pl.String, "node_id_b": pl.String, "priority": pl.Int32}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def people(resolution: Resolution) -> set[frozenset[str]]:
    groups = resolution.map.group_by("customer_id").agg("node_id")["node_id"].to_list()
    return {frozenset(group) for group in groups}


def as_map(groups: dict[str, list[str]]) -> pl.DataFrame:
    return pl.DataFrame([{"node_id": n, "customer_id": c} for c, members in groups.items() for n in members])


def id_of(resolution: Resolution, node: str) -> str:
    return str(resolution.map.filter(pl.col("node_id") == node)["customer_id"].item())


def test_a_chain_of_evidence_is_one_person_and_the_rest_stays_apart() -> None:
    chain = [f"web:user:{i:02}" for i in range(30)]
    result = resolve_clusters(
        nodes(*chain, "web:user:99", staff=("web:user:03",)),
        edges(*[(a, b, 2) for a, b in pairwise(chain)]),
    )
    assert people(result) == {frozenset(chain), frozenset({"web:user:99"})}
    row = result.map.filter(pl.col("node_id") == "web:user:29").to_dicts()[0]
    assert row["cluster_size"] == 30
    assert row["is_staff"]
    assert not result.map.filter(pl.col("node_id") == "web:user:99")["is_staff"].item()


def test_a_new_id_is_the_hash_of_the_smallest_node() -> None:
    result = resolve_clusters(nodes("b:user:1", "a:user:1"), edges(("a:user:1", "b:user:1", 2)))
    assert id_of(result, "b:user:1") == "c_" + md5(b"a:user:1", usedforsecurity=False).hexdigest()[:16]


def test_weak_evidence_never_joins_two_own_ids_of_one_system() -> None:
    anna, peter = "shop:customer:1", "shop:customer:2"
    n = nodes(anna, peter, "desk:user:1", "desk:user:2", "desk:user:3", "pos:receipt:9")
    weak = edges(
        (anna, peter, 4),  # one landline
        (anna, "desk:user:1", 4),
        (peter, "desk:user:1", 4),  # points to both: belongs to neither by this evidence
        (anna, "desk:user:2", 4),
        ("desk:user:2", "desk:user:3", 4),  # a chain towards the other through records without own ids
        (peter, "desk:user:3", 4),
        (peter, "pos:receipt:9", 4),
    )
    result = resolve_clusters(n, weak)
    assert people(result) == {
        frozenset({anna, "desk:user:2"}),
        frozenset({peter, "desk:user:3", "pos:receipt:9"}),
        frozenset({"desk:user:1"}),
    }
    assert result.n_overruled == 4


def test_strong_evidence_joins_duplicate_own_ids_and_weak_levels_see_the_result() -> None:
    one, two, card = "shop:customer:1", "shop:customer:2", "pos:loyalty:1"
    result = resolve_clusters(nodes(one, two, card), edges((one, two, 2), (one, card, 3), (card, two, 4)))
    assert people(result) == {frozenset({one, two, card})}
    assert result.n_overruled == 0


def test_customers_of_two_systems_may_be_joined_by_weak_evidence() -> None:
    result = resolve_clusters(
        nodes("shop:customer:1", "till:customer:1"), edges(("shop:customer:1", "till:customer:1", 3))
    )
    assert len(people(result)) == 1


def test_a_merge_keeps_the_id_of_the_larger_part_and_is_logged() -> None:
    before = as_map({"c_big": ["a:user:2", "a:user:3"], "c_small": ["a:user:1"]})
    ids = ("a:user:1", "a:user:2", "a:user:3")
    result = resolve_clusters(nodes(*ids), edges((ids[0], ids[1], 2), (ids[1], ids[2], 2)), before)
    assert set(result.map["customer_id"]) == {"c_big"}
    assert result.events.to_dicts() == [
        {"event": "merge", "customer_id": "c_small", "into_customer_id": "c_big", "n_nodes": 1}
    ]


def test_a_tie_goes_to_the_smaller_id() -> None:
    before = as_map({"c_b": ["a:user:1"], "c_a": ["a:user:2"]})
    result = resolve_clusters(nodes("a:user:1", "a:user:2"), edges(("a:user:1", "a:user:2", 2)), before)
    assert set(result.map["customer_id"]) == {"c_a"}


def test_a_split_leaves_the_id_with_the_larger_part_and_never_gives_it_twice() -> None:
    ids = ("a:user:1", "a:user:2", "a:user:3")
    whole = resolve_clusters(nodes(*ids), edges((ids[0], ids[1], 2), (ids[1], ids[2], 2)))
    old = id_of(whole, ids[0])
    # The smaller part starts with the node whose hash named the whole: its new id must be another.
    parts = resolve_clusters(nodes(*ids), edges((ids[1], ids[2], 2)), whole.map)
    assert id_of(parts, ids[1]) == id_of(parts, ids[2]) == old
    assert id_of(parts, ids[0]) != old
    assert parts.events["event"].to_list() == ["split"]


def test_a_person_whose_records_are_gone_is_retired() -> None:
    result = resolve_clusters(nodes("a:user:1"), edges(), as_map({"c_1": ["a:user:1"], "c_gone": ["a:user:9"]}))
    assert result.events.to_dicts() == [
        {"event": "retire", "customer_id": "c_gone", "into_customer_id": None, "n_nodes": 0}
    ]


def test_a_component_that_loses_its_best_id_takes_its_next() -> None:
    ids = [f"a:user:{i}" for i in range(10)]
    before = as_map({"c_1": ids[:8], "c_2": ids[8:]})
    left = [(ids[0], i, 2) for i in ids[1:5]]
    right = [(ids[5], i, 2) for i in ids[6:]]
    result = resolve_clusters(nodes(*ids), edges(*left, *right), before)
    assert id_of(result, ids[0]) == "c_1"
    assert id_of(result, ids[9]) == "c_2"


def test_bad_input_is_an_error_that_says_what() -> None:
    with pytest.raises(ValueError, match="twice"):
        resolve_clusters(nodes("a:user:1", "a:user:1"), edges())
    with pytest.raises(ValueError, match="1 edges name a source record"):
        resolve_clusters(nodes("a:user:1"), edges(("a:user:1", "a:user:2", 1)))


def test_no_nodes_is_an_empty_map() -> None:
    assert resolve_clusters(nodes("a:user:1").head(0), edges()).map.is_empty()


KINDS = ("shop:customer", "desk:user", "pos:loyalty")


@st.composite
def evidence(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str, int]]]:
    ids = [f"{KINDS[i % 3]}:{i:02}" for i in range(draw(st.integers(1, 12)))]
    pair = st.tuples(st.sampled_from(ids), st.sampled_from(ids), st.integers(1, 6))
    return ids, draw(st.lists(pair, max_size=18))


@given(evidence(), evidence(), st.randoms(use_true_random=False))
def test_order_never_matters_reruns_change_nothing_and_own_ids_hold(
    first: tuple[list[str], list[tuple[str, str, int]]],
    second: tuple[list[str], list[tuple[str, str, int]]],
    rng: random.Random,
) -> None:
    before = resolve_clusters(nodes(*first[0]), edges(*first[1]))
    once = resolve_clusters(nodes(*second[0]), edges(*second[1]), before.map)
    ids, rows, previous = (
        list(second[0]),
        list(second[1]),
        before.map.sample(fraction=1, shuffle=True, seed=rng.randrange(9999)),
    )
    rng.shuffle(ids)
    rng.shuffle(rows)
    shuffled = resolve_clusters(nodes(*ids), edges(*[(b, a, p) for a, b, p in rows]), previous)
    assert shuffled.map.equals(once.map)
    again = resolve_clusters(nodes(*ids), edges(*rows), once.map)
    assert again.map.equals(once.map)
    assert again.events.is_empty()
    # Components made by weak evidence alone hold at most one own id of a system.
    if all(priority >= 3 for _, _, priority in rows):
        customers = (
            once.map.filter(pl.col("profile_kind") == "customer").group_by("customer_id").agg(pl.len().alias("n"))
        )
        assert customers["n"].max() in (None, 1)


def test_an_unrelated_record_changes_no_id() -> None:
    ids = [f"a:user:{i}" for i in range(5)]
    before = resolve_clusters(nodes(*ids), edges((ids[0], ids[3], 2)))
    after = resolve_clusters(nodes(*ids, "0:user:0"), edges((ids[0], ids[3], 2)), before.map)
    assert after.map.filter(pl.col("node_id").is_in(ids)).equals(before.map)
