"""The ledger: what is refused, what is replayed, what waits."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.identity.ledger import LEDGER_SCHEMA, LedgerError, read_ledger
from tests.unit.identity_kit import after, id_of, nothing_known, pairs, resolved

NODES = pl.Series(["a:x:1", "a:x:2", "a:x:3", "a:x:4"])


def test_rows_are_pairs_in_either_order_and_once() -> None:
    found = read_ledger(pairs(("a:x:2", "a:x:1"), ("a:x:1", "a:x:2")), pairs(), NODES)
    assert found.never.select("node_id_a", "node_id_b").rows() == [("a:x:1", "a:x:2")]


def test_a_row_about_a_record_that_is_not_there_waits() -> None:
    found = read_ledger(pairs(("a:x:1", "z:z:9")), pairs(("a:x:1", "a:x:2")), NODES)
    assert (found.never.height, found.always.height, found.n_idle) == (0, 1, 1)


def test_a_pair_that_is_never_and_always_one_is_refused_by_name() -> None:
    with pytest.raises(LedgerError, match="a:x:1 and a:x:2 are never one person"):
        read_ledger(pairs(("a:x:1", "a:x:2")), pairs(("a:x:2", "a:x:1")), NODES)


def test_so_is_one_that_is_always_one_over_others() -> None:
    with pytest.raises(LedgerError, match="a:x:1 and a:x:4 are never one person"):
        read_ledger(pairs(("a:x:4", "a:x:1")), pairs(("a:x:1", "a:x:2"), ("a:x:2", "a:x:3"), ("a:x:3", "a:x:4")), NODES)


@pytest.mark.parametrize("column", ["node_id_b", "decided_by", "decided_at", "reason"])
def test_a_row_without_who_when_or_why_is_refused_by_name(column: str) -> None:
    row = {
        "node_id_a": "a:x:1",
        "node_id_b": "a:x:2",
        "decided_by": "eve",
        "decided_at": date(2026, 1, 1),
        "reason": "r",
    }
    wrong = pl.DataFrame([row | {column: None}], schema=LEDGER_SCHEMA)
    with pytest.raises(LedgerError, match=rf"identity_never_match: the row of a:x:1 .* has no {column}"):
        read_ledger(wrong, pairs(), NODES)


def test_a_record_beside_itself_is_refused_by_name() -> None:
    with pytest.raises(LedgerError, match="a:x:1 stands beside itself"):
        read_ledger(pairs(), pairs(("a:x:1", "a:x:1")), NODES)


def test_a_decision_is_replayed_on_every_run_and_ends_with_its_row() -> None:
    nodes, links = ["a:x:1", "a:x:2"], [("a:x:1", "a:x:2", "email")]
    known = after(nothing_known(), one := resolved(nodes, links))
    for hours in (1, 2):
        apart = resolved(nodes, links, never=[("a:x:2", "a:x:1")], known=known, hours=hours)
        assert id_of(apart, "a:x:1") != id_of(apart, "a:x:2")
        assert apart.skipped.select("reason", "key_type").rows() == [("never_match", "never_match")]
        assert apart.events.is_empty() == (hours == 2)
        known = after(known, apart)
    again = resolved(nodes, links, known=known, hours=3)
    assert id_of(again, "a:x:1") == id_of(again, "a:x:2") == id_of(one, "a:x:1")
