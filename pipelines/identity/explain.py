"""Why two records are one person, or why they are not: the shortest chain of evidence and its weakest link.

Belongs here: reading the links of the persons asked about, and the chain between two records. Stays out: making links
(``resolve``) and showing them (the command line; it masks values unless told otherwise).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from pipelines import warehouse
from pipelines.identity.rules import Rules, load_rules
from pipelines.identity.store import HISTORY_TABLE, LINKS_TABLE, MAP_TABLE, REDIRECTS_TABLE, REVIEW_TABLE, SKIPPED_TABLE
from pipelines.settings import Settings

IDENTIFIERS_TABLE = "identity.int_identity__identifiers"


class UnknownRecordError(LookupError):
    """No record and no person has this id; the message says what an id looks like."""


@dataclass(frozen=True)
class Step:
    """One link of a chain, from ``node_id_a`` to ``node_id_b`` in the direction of the chain.

    Attributes:
        identifier_value: normalised value the two share; of the model, each comparison's outcome and weight in bits.
        raw_a, raw_b: the value as each record has it; None where the record names the other instead of showing a value.
        observed_at: when the later of the two showed it, UTC.
        confidence: chance that such a link is right, 0-1; of the model, the match probability.
        match_weight: bits, of the model only.
        source: rule, model or ledger.
        is_bridge: without this evidence there would be no chain between the two ends.
        is_weakest: the weakest of the chain: the lowest priority, within it the lowest confidence.
    """

    node_id_a: str
    node_id_b: str
    rule: str
    identifier_type: str | None
    identifier_value: str | None
    observed_at: datetime | None
    confidence: float | None
    match_weight: float | None
    source: str
    conditions: str = ""
    raw_a: str | None = None
    raw_b: str | None = None
    is_bridge: bool = False
    is_weakest: bool = False


@dataclass(frozen=True)
class Explanation:
    """What is known about two records or persons.

    Attributes:
        customer_ids: the person of each; one twice where they are one.
        known_from: since which run both have been believed to be this person, UTC; None where they are two.
        chain: the shortest chain of evidence; empty where they are two persons or one record.
        left_out: links between the two persons that were not used, with ``reason`` and the key that forbade them.
        in_review: pairs between the two persons that are probable and not sure.
        records: those of the chain, else the two asked about.
    """

    customer_ids: tuple[str, str]
    known_from: datetime | None
    chain: tuple[Step, ...]
    left_out: tuple[Mapping[str, Any], ...]
    in_review: tuple[Mapping[str, Any], ...]
    records: tuple[str, ...]

    @property
    def is_one_person(self) -> bool:
        return self.customer_ids[0] == self.customer_ids[1]


def explain(settings: Settings, a: str, b: str, *, rules: Rules | None = None) -> Explanation:
    """Explain two records (``shopify:customer:123``) or persons (``customer_id``, also one that was redirected).

    Raises:
        UnknownRecordError: one of them is neither.
        WarehouseError: there is no warehouse yet, or another process holds it.
    """
    rules = rules or load_rules()
    with warehouse.connect(settings) as con:
        if MAP_TABLE not in _tables(con):
            raise warehouse.WarehouseError("the warehouse has no identity map yet: run 'journeyline refresh' first")
        left, right = _find(con, a), _find(con, b)
        persons = (left.customer_id, right.customer_id)
        if persons[0] == persons[1]:
            links = _frame(con, LINKS_TABLE, "customer_id = $a", {"a": persons[0]})
            chain = tuple(_with_raw(con, shortest_chain(links, left.nodes, right.nodes, rules)))
            left_out: tuple[Mapping[str, Any], ...] = ()
            in_review: tuple[Mapping[str, Any], ...] = ()
        else:
            chain = ()
            left_out, in_review = (_between(con, table, persons) for table in (SKIPPED_TABLE, REVIEW_TABLE))
        shown = [chain[0].node_id_a, *(step.node_id_b for step in chain)] if chain else [*left.asked, *right.asked]
        return Explanation(persons, _known_from(con, shown, persons), chain, left_out, in_review, tuple(shown))


def shortest_chain(links: pl.DataFrame, starts: Collection[str], ends: Collection[str], rules: Rules) -> list[Step]:
    """The fewest links from one of ``starts`` to one of ``ends``; of several, those whose weakest is the strongest.

    A value joins all who show it, so two records with one e-mail are one step apart, whichever record the links of that
    e-mail start from. Ties end in the order of ids: the same links give the same chain in any order of rows.

    Args:
        links: links of one person, columns of ``frames.EDGE_SCHEMA``. One person's records are few (``cluster_cap``).

    Returns:
        The steps; empty where a start is an end, or no chain leads there.
    """
    if set(starts) & set(ends):
        return []
    steps = _steps(links, rules)
    strength = {name: rank for rank, name in enumerate(rules.frame().sort("priority", "rule")["rule"])}
    found = _search(steps, starts, ends, strength)
    if not found:
        return []
    weakest = max(range(len(found)), key=lambda i: (*_weakness(found[i][1], strength), i))
    chain = []
    for number, (evidence, step) in enumerate(found):
        without = {key: each for key, each in steps.items() if key != evidence}
        chain.append(_marked(step, not _search(without, starts, ends, strength), number == weakest))
    return chain


Evidence = tuple[str, ...]
"""What makes steps one piece of evidence: the rule and the value, or the pair of records."""


def _steps(links: pl.DataFrame, rules: Rules) -> dict[Evidence, list[Step]]:
    """Steps by evidence. The links of a value are a star or a tree; its steps are all pairs it reaches."""
    conditions = {rule.name: rule.conditions for rule in rules.rules}
    by_value = {rule.name for rule in rules.rules if rule.links == "value"}
    grouped: dict[Evidence, list[Step]] = {}
    for row in links.sort("node_id_a", "node_id_b", "rule", "identifier_value").iter_rows(named=True):
        step = Step(
            **{name: row[name] for name in Step.__dataclass_fields__ if name in row and not name.startswith("is_")},
            conditions=conditions.get(row["rule"], ""),
        )
        pair = (row["node_id_a"], row["node_id_b"])
        value = (row["identifier_type"] or "", row["identifier_value"] or "")
        grouped.setdefault((row["rule"], *value) if row["rule"] in by_value else (row["rule"], *pair), []).append(step)
    steps: dict[Evidence, list[Step]] = {}
    for evidence, group in grouped.items():
        for number, members in enumerate(_reached(group)):
            steps[*evidence, str(number)] = [
                _pair(group, members, a, b) for a in sorted(members) for b in sorted(members) if a < b
            ]
    return steps


def _reached(group: Sequence[Step]) -> list[dict[str, Step]]:
    """Records the links of one value join, in connected parts: record → a link that shows it there."""
    parts: list[dict[str, Step]] = []
    for step in group:
        ends = {step.node_id_a: step, step.node_id_b: step}
        joined = [part for part in parts if ends.keys() & part.keys()]
        parts = [part for part in parts if part not in joined]
        merged: dict[str, Step] = {}
        for part in joined:
            merged |= part
        parts.append({**ends, **merged})
    return parts


def _pair(group: Sequence[Step], members: Mapping[str, Step], a: str, b: str) -> Step:
    """The step between two records that one value joins, told by the link nearest to it."""
    direct = [step for step in group if {step.node_id_a, step.node_id_b} == {a, b}]
    told = direct[0] if direct else min(members[a], members[b], key=lambda step: -(step.confidence or 0))
    times = [step.observed_at for step in (members[a], members[b]) if step.observed_at]
    observed = told.observed_at if direct else max(times, default=None)
    return _of(told, node_id_a=a, node_id_b=b, observed_at=observed)


def _search(
    steps: Mapping[Evidence, Sequence[Step]],
    starts: Collection[str],
    ends: Collection[str],
    strength: Mapping[str, int],
) -> list[tuple[Evidence, Step]]:
    """Dijkstra over (number of steps, weakest link, record ids)."""
    neighbours: dict[str, list[tuple[Evidence, Step]]] = {}
    for evidence, group in steps.items():
        for step in group:
            neighbours.setdefault(step.node_id_a, []).append((evidence, step))
            back = _of(step, node_id_a=step.node_id_b, node_id_b=step.node_id_a)
            neighbours.setdefault(step.node_id_b, []).append((evidence, back))
    queue: list[tuple[int, tuple[int, float], tuple[str, ...], int]] = [
        (0, (-1, 0.0), (start,), 0) for start in sorted(starts)
    ]
    paths: list[tuple[tuple[Evidence, Step], ...]] = [()]
    heapq.heapify(queue)
    seen: set[str] = set()
    while queue:
        length, worst, nodes, at = heapq.heappop(queue)
        here = nodes[-1]
        if here in ends:
            return list(paths[at])
        if here in seen:
            continue
        seen.add(here)
        for evidence, step in neighbours.get(here, []):
            if step.node_id_b not in seen:
                paths.append((*paths[at], (evidence, step)))
                weak = max(worst, _weakness(step, strength))
                heapq.heappush(queue, (length + 1, weak, (*nodes, step.node_id_b), len(paths) - 1))
    return []


def _weakness(step: Step, strength: Mapping[str, int]) -> tuple[int, float]:
    return strength.get(step.rule, len(strength)), 1 - (step.confidence or 0)


def _of(step: Step, **changes: Any) -> Step:
    return Step(**{**step.__dict__, **changes})


def _marked(step: Step, is_bridge: bool, is_weakest: bool) -> Step:
    return _of(step, is_bridge=is_bridge, is_weakest=is_weakest)


@dataclass(frozen=True)
class _Found:
    customer_id: str
    nodes: tuple[str, ...]
    """Records a chain may start from."""
    asked: tuple[str, ...]
    """The record asked about, or one of the person's."""


def _find(con: duckdb.DuckDBPyConnection, asked: str) -> _Found:
    record = con.execute(f"select customer_id from {MAP_TABLE} where node_id = $id", {"id": asked}).fetchall()
    if record:
        return _Found(record[0][0], (asked,), (asked,))
    redirect = con.execute(
        f"select into_customer_id from {REDIRECTS_TABLE} where customer_id = $id", {"id": asked}
    ).fetchall()
    person = redirect[0][0] if redirect else asked
    rows = con.execute(f"select node_id from {MAP_TABLE} where customer_id = $id order by 1", {"id": person}).fetchall()
    if not rows:
        raise UnknownRecordError(
            f"{asked!r} is no record and no person; a record is written system:kind:ref as in shopify:customer:123 "
            "(int_identity__map lists them), a person by the customer_id of the live warehouse"
        )
    nodes = tuple(node for (node,) in rows)
    return _Found(person, nodes, nodes[:1])


def _between(con: duckdb.DuckDBPyConnection, table: str, persons: tuple[str, str]) -> tuple[Mapping[str, Any], ...]:
    """Rows of a table of links whose ends belong one to each person."""
    ends = f"select node_id from {MAP_TABLE} where customer_id ="
    found = _frame(
        con,
        table,
        f"(node_id_a in ({ends} $a) and node_id_b in ({ends} $b))"
        f" or (node_id_a in ({ends} $b) and node_id_b in ({ends} $a))",
        {"a": persons[0], "b": persons[1]},
    )
    return tuple(found.sort("node_id_a", "node_id_b", "rule").iter_rows(named=True))


def _with_raw(con: duckdb.DuckDBPyConnection, chain: Sequence[Step]) -> list[Step]:
    """The steps with what each record's own field says."""
    nodes = sorted({node for step in chain for node in (step.node_id_a, step.node_id_b)})
    rows = con.execute(
        f"select node_id, identifier_type, identifier_value, min(raw_value) from {IDENTIFIERS_TABLE}"
        " where node_id in (select unnest($nodes)) group by all",
        {"nodes": nodes},
    ).fetchall()
    raw = {(node, kind, value): text for node, kind, value, text in rows}
    return [
        _of(
            step,
            raw_a=raw.get((step.node_id_a, step.identifier_type, step.identifier_value)),
            raw_b=raw.get((step.node_id_b, step.identifier_type, step.identifier_value)),
        )
        for step in chain
    ]


def _known_from(con: duckdb.DuckDBPyConnection, nodes: Sequence[str], persons: tuple[str, str]) -> datetime | None:
    if persons[0] != persons[1]:
        return None
    row = con.execute(
        f"select max(known_from) from {HISTORY_TABLE} where known_to is null and node_id in (select unnest($nodes))",
        {"nodes": list(nodes)},
    ).fetchone()
    found: datetime | None = row[0] if row else None
    return found


def _frame(con: duckdb.DuckDBPyConnection, table: str, where: str, values: Mapping[str, str]) -> pl.DataFrame:
    return con.execute(f"select * from {table} where {where}", dict(values)).pl()


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database()"
    ).fetchall()
    return {name for (name,) in rows}
