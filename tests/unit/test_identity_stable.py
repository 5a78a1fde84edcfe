"""Ids that stay, the log of what became of the others, redirects, and the history over two times."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import duckdb
import polars as pl

from pipelines.identity.ledger import empty_ledger
from pipelines.identity.stable import Run
from tests.unit.identity_kit import (
    START,
    Inputs,
    after,
    edges,
    id_of,
    keys,
    nodes,
    nothing_known,
    people,
    resolve_records,
    resolved,
    shipped,
)

IDS = [f"a:user:{i}" for i in range(6)]


def chain(*ids: str) -> list[tuple[str, str, str]]:
    return [(a, b, "email") for a, b in pairwise(ids)]


def told(resolution) -> list[tuple[str, str, str | None, int, str]]:
    return resolution.events.select("event", "customer_id", "into_customer_id", "n_nodes", "reason").rows()


def test_a_new_id_is_the_hash_of_the_smallest_record() -> None:
    first = resolved(["b:user:1", "a:user:1"], [("a:user:1", "b:user:1", "email")])
    alone = resolved(["a:user:1"])
    assert id_of(first, "b:user:1") == id_of(alone, "a:user:1")
    assert told(first) == [("new", id_of(first, "b:user:1"), None, 2, "first_run")]


def test_again_nothing_changes() -> None:
    first = resolved(IDS[:3], chain(*IDS[:3]))
    again = resolved(IDS[:3], chain(*IDS[:3]), known=after(nothing_known(), first), hours=1)
    assert again.map.equals(first.map)
    assert again.events.is_empty()
    assert again.history.equals(first.history)


def test_a_merge_keeps_the_id_of_the_larger_part_and_leaves_a_redirect() -> None:
    first = resolved(IDS[:3], chain(*IDS[1:3]))
    small, big = id_of(first, IDS[0]), id_of(first, IDS[1])
    second = resolved(IDS[:3], chain(*IDS[:3]), known=after(nothing_known(), first), hours=1)
    assert set(second.map["customer_id"]) == {big}
    assert told(second) == [("merged", small, big, 1, "email")]
    assert second.redirects.select("customer_id", "into_customer_id", "run_id").rows() == [(small, big, "run-1")]


def test_of_two_as_large_the_older_id_stays() -> None:
    young, old = IDS[0], IDS[5]
    known = after(nothing_known(), first := resolved([old]))
    known = after(known, second := resolved([old, young], known=known, hours=1))
    merged = resolved([old, young], [(old, young, "email")], known=known, hours=2)
    assert set(merged.map["customer_id"]) == {id_of(first, old)}
    assert told(merged) == [("merged", id_of(second, young), id_of(first, old), 1, "email")]


def test_redirects_lead_on_in_one_step_and_say_so() -> None:
    known = after(nothing_known(), first := resolved(IDS[:6], [*chain(*IDS[1:3]), *chain(*IDS[3:6])]))
    a, b, c = (id_of(first, IDS[i]) for i in (0, 1, 3))
    known = after(known, resolved(IDS, [*chain(*IDS[:3]), *chain(*IDS[3:6])], known=known, hours=1))
    # b has three records now as c has; both are as old, so the smaller id stays
    last = resolved(IDS, chain(*IDS), known=known, hours=2)
    stays, goes = sorted((b, c))
    rows = last.redirects.select("customer_id", "into_customer_id").rows()
    assert dict(rows) == ({a: stays, goes: stays})
    kinds = [row[0] for row in told(last)]
    assert kinds == (["merged", "redirected"] if stays == c else ["merged"])


def test_a_split_leaves_the_id_with_the_larger_part_and_never_gives_it_twice() -> None:
    known = after(nothing_known(), whole := resolved(IDS[:3], chain(*IDS[:3])))
    old = id_of(whole, IDS[0])
    # The smaller part starts with the record whose hash named the whole: its new id must be another.
    parts = resolved(IDS[:3], chain(*IDS[1:3]), known=known, hours=1)
    assert id_of(parts, IDS[1]) == id_of(parts, IDS[2]) == old
    new = id_of(parts, IDS[0])
    assert new != old
    assert told(parts) == [("new", new, None, 1, "split_off"), ("split", old, new, 1, "evidence_gone")]


def test_a_split_by_the_ledger_says_so_and_merging_again_gives_the_old_id_back() -> None:
    known = after(nothing_known(), whole := resolved(IDS[:3], chain(*IDS[:3])))
    apart = resolved(IDS[:3], chain(*IDS[:3]), never=[(IDS[0], IDS[1])], known=known, hours=1)
    assert [row[4] for row in told(apart)] == ["split_off", "never_match"]
    again = resolved(IDS[:3], chain(*IDS[:3]), known=after(known, apart), hours=2)
    assert set(again.map["customer_id"]) == set(whole.map["customer_id"])
    assert [row[0] for row in told(again)] == ["merged"]


def test_a_component_that_loses_its_best_id_takes_its_next() -> None:
    ids = [f"a:user:{i}" for i in range(10)]
    known = after(nothing_known(), first := resolved(ids, [*chain(*ids[:8]), *chain(*ids[8:])]))
    second = resolved(ids, [*chain(*ids[:5]), *chain(*ids[5:])], known=known, hours=1)
    assert id_of(second, ids[0]) == id_of(first, ids[0])
    assert id_of(second, ids[9]) == id_of(first, ids[9])


def test_records_that_are_gone_retire_their_id_and_bring_it_back_with_them() -> None:
    known = after(nothing_known(), first := resolved(IDS[:2]))
    gone = resolved(IDS[:1], known=known, hours=1)
    assert told(gone) == [("retired", id_of(first, IDS[1]), None, 0, "records_gone")]
    known = after(known, gone)
    assert told(resolved(IDS[:1], known=known, hours=2)) == []
    back = resolved(IDS[:2], known=known, hours=2)
    assert id_of(back, IDS[1]) == id_of(first, IDS[1])


def test_a_record_that_was_erased_comes_back_under_another_id() -> None:
    """Erasing a person deletes the records and their history; the log knows the id, so it is never given again."""
    ids = ["a:user:1", "a:user:2"]
    known = after(nothing_known(), first := resolved(ids, chain(*ids)))
    erased = replace(known, history=known.history.clear())
    assert resolved([], known=erased, hours=1).events.is_empty()
    back = resolved(ids[:1], known=erased, hours=2)
    assert id_of(back, ids[0]) != id_of(first, ids[0])


def test_the_history_tells_who_a_record_was_when_it_was_known() -> None:
    known = after(nothing_known(), first := resolved(IDS[:3], chain(*IDS[1:3])))
    known = after(known, second := resolved(IDS[:3], chain(*IDS[:3]), known=known, hours=1))

    def as_known(hours: float) -> dict[str, str]:
        time = START + timedelta(hours=hours)
        rows = known.history.filter(
            (pl.col("known_from") <= time) & (pl.col("known_to").is_null() | (pl.col("known_to") > time))
        )
        return dict(rows.select("node_id", "customer_id").rows())

    assert as_known(0.5) == dict(first.map.select("node_id", "customer_id").rows())
    assert as_known(2) == dict(second.map.select("node_id", "customer_id").rows())
    # only the record that moved has a second row
    assert known.history.height == 4


def test_valid_time_is_the_first_evidence() -> None:
    seen = START - timedelta(days=90)
    links = edges(chain(*IDS[:2])).with_columns(pl.lit(seen).alias("observed_at"))
    inputs = Inputs(nodes(IDS[:3]), links, keys({}), empty_ledger(), nothing_known())
    found = resolve_records(inputs, shipped(), Run("run", START))
    assert found.history["valid_from"].to_list() == [seen, seen, None]
    assert found.history["valid_to"].null_count() == 3


def test_a_record_that_left_the_sources_is_valid_until_then() -> None:
    first = resolved(IDS[:2], chain(*IDS[:2]))
    second = resolved(IDS[:1], known=after(nothing_known(), first), hours=1)
    gone = second.history.filter(pl.col("node_id") == IDS[1]).row(0, named=True)
    assert gone["valid_to"] == gone["known_to"] == START + timedelta(hours=1)
    stays = second.history.filter((pl.col("node_id") == IDS[0]) & pl.col("known_to").is_null())
    assert stays["valid_to"].to_list() == [None]


def test_a_fact_joined_as_known_then_and_as_known_now_belongs_to_different_persons_after_a_merge() -> None:
    first = resolved(IDS[:3], chain(*IDS[1:3]))
    second = resolved(IDS[:3], chain(*IDS[:3]), known=after(nothing_known(), first), hours=2)
    orders = pl.DataFrame({"node_id": [IDS[0]], "reported_at": [START + timedelta(hours=1)]})
    history = second.history
    joined = duckdb.sql(
        """
        select known_then.customer_id, known_now.customer_id
        from orders
        inner join history as known_then
            on
                orders.node_id = known_then.node_id
                and known_then.known_from <= orders.reported_at
                and coalesce(known_then.known_to > orders.reported_at, true)
        inner join history as known_now on orders.node_id = known_now.node_id and known_now.known_to is null
        """
    ).fetchall()
    assert joined == [(id_of(first, IDS[0]), id_of(second, IDS[1]))]
    assert orders.height == history.filter(pl.col("known_to").is_not_null()).height == 1
    assert joined[0][0] != joined[0][1]


def test_an_unrelated_record_changes_no_id() -> None:
    known = after(nothing_known(), before := resolved(IDS[:5], [(IDS[0], IDS[3], "email")]))
    now = resolved([*IDS[:5], "0:user:0"], [(IDS[0], IDS[3], "email")], known=known, hours=1)
    assert now.map.filter(pl.col("node_id").is_in(IDS[:5])).equals(before.map)
    assert len(people(now)) == 5
