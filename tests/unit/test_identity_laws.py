"""The laws of identity: each holds on a small sound house, and each is broken by what it is for."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.identity.laws import LAWS, broken
from pipelines.identity.rules import load_rules

RULES = load_rules()

SOUND = """
    create schema identity;
    create schema entities;
    create table entities.int_profiles as from (values ('a'), ('b'), ('c')) as t (node_id);
    create table identity.int_identity__map as
        from (values ('a', 'c1'), ('b', 'c1'), ('c', 'c2')) as t (node_id, customer_id);
    create table identity.int_identity__links as
        from (values ('a', 'b', 'c1')) as t (node_id_a, node_id_b, customer_id);
    create table identity.int_identity__skipped_links as
        from (values ('b', 'c', 'unique_key')) as t (node_id_a, node_id_b, reason);
    create table identity.int_identity__clusters as from (values ('c1', 2), ('c2', 1)) as t (customer_id, n_nodes);
    create table identity.int_identity__events as
        from (values ('new', 'c1'), ('new', 'c2'), ('new', 'c3'), ('merged', 'c3')) as t (event, customer_id);
    create table identity.int_identity__redirects as from (values ('c3', 'c1')) as t (customer_id, into_customer_id);
    create table identity.int_identity__map_history as
        from (values ('a', 'c1', null), ('b', 'c3', timestamp '2026-01-01'), ('b', 'c1', null), ('c', 'c2', null))
        as t (node_id, customer_id, known_to);
    create table identity.int_identity__review as
        from (values ('b', 'c', 0.9e0)) as t (node_id_a, node_id_b, confidence);
    create table identity.int_identity__health as
        from (values ('r', timestamp '2026-01-01', 'people')) as t (run_id, known_at, measure);
"""

BREAKS = {
    "one_person_a_record": [
        "insert into identity.int_identity__map values ('a', 'c2')",
        "delete from identity.int_identity__map where node_id = 'c'",
        "insert into identity.int_identity__map values ('nobody', 'c9')",
    ],
    "links_lie_within_one_person": [
        "insert into identity.int_identity__links values ('a', 'c', 'c1')",
        "update identity.int_identity__links set customer_id = 'c2'",
    ],
    "skipped_links_say_why": [
        "update identity.int_identity__skipped_links set reason = null",
        "insert into identity.int_identity__skipped_links values ('a', 'b', 'unique_key')",
    ],
    "one_row_a_person": [
        "delete from identity.int_identity__clusters where customer_id = 'c2'",
        "update identity.int_identity__clusters set n_nodes = 3 where customer_id = 'c1'",
    ],
    "an_id_is_new_once": ["insert into identity.int_identity__events values ('new', 'c1')"],
    "redirects_lead_on_in_one_step": [
        "insert into identity.int_identity__redirects values ('c4', 'c3')",
        "insert into identity.int_identity__redirects values ('c2', 'c1')",
    ],
    "what_is_known_now_is_the_map": [
        "update identity.int_identity__map_history set customer_id = 'c2' where node_id = 'a'",
        "delete from identity.int_identity__map_history where node_id = 'c'",
    ],
    "review_is_unsure": [
        f"update identity.int_identity__review set confidence = {RULES.thresholds.auto_link}",
        f"update identity.int_identity__review set confidence = {RULES.thresholds.review - 0.01}",
        "update identity.int_identity__review set confidence = null",
        "insert into identity.int_identity__review values ('b', 'c', 0.85)",
    ],
    "a_measure_once_a_run": [
        "insert into identity.int_identity__health values ('r', timestamp '2026-01-01', 'people')"
    ],
}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SOUND)
        yield con


def told(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {law.name: broken(con, law, RULES)[1] for law in LAWS}


def test_a_sound_house_breaks_none(con: duckdb.DuckDBPyConnection) -> None:
    assert set(told(con).values()) == {0}
    assert all(broken(con, law, RULES)[0] > 0 for law in LAWS)


@pytest.mark.parametrize(("law", "sql"), [(law, sql) for law, statements in BREAKS.items() for sql in statements])
def test_each_law_is_broken_by_what_it_is_for(con: duckdb.DuckDBPyConnection, law: str, sql: str) -> None:
    con.execute(sql)
    assert told(con)[law] > 0


def test_every_law_is_proved_to_fail() -> None:
    assert {law.name for law in LAWS} == set(BREAKS)
