"""A change of identity that somebody proposes: rows of the ledger, other rules, another threshold.

Belongs here: checking it, finding the records it speaks of, and saying how it is applied. Stays out: what it does
(``what_if``) and building that (``pipelines.defs.what_if``).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from pydantic import ValidationError

from pipelines.identity import store
from pipelines.identity.ledger import LEDGER_SCHEMA, LedgerError, read_ledger
from pipelines.identity.rules import Rules, RulesError, load_rules
from pipelines.identity.stable import ID_PREFIX

PairOfNames = tuple[str, str]

RULES_PATH = "pipelines/identity/rules.yml"
SEEDS = {name: f"dbt_project/seeds/identity_{name}_match.csv" for name in ("never", "always")}

KEYS_TABLE = "identity.int_identity__unique_keys"

PROPOSED_BY = "what-if"
SHOWN_RECORDS = 5


class ProposalError(ValueError):
    """The change cannot be tried; the message says what is wrong with it and what is allowed."""


@dataclass(frozen=True)
class Proposal:
    """What to try, in the words it was given. Names are record ids or customer ids, also former ones."""

    never: tuple[PairOfNames, ...] = ()
    always: tuple[PairOfNames, ...] = ()
    rules_file: Path | None = None
    threshold: float | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.never or self.always or self.rules_file) and self.threshold is None


@dataclass(frozen=True)
class Decision:
    """One row for the ledger: ``kind`` is never or always; the records, and the names they were found by."""

    kind: str
    node_id_a: str
    node_id_b: str
    names: PairOfNames

    def row(self, *, decided_by: str, decided_at: str, reason: str) -> str:
        """The row as it stands in the seed."""
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([self.node_id_a, self.node_id_b, decided_by, decided_at, reason])
        return text.getvalue()


@dataclass(frozen=True)
class Step:
    """One thing to do to apply a proposal: ``change`` is what to write into ``file``."""

    file: str
    change: str


def proposed_rules(proposal: Proposal) -> Rules:
    """The rules the proposal wants: those of its file, else the present ones, with its threshold.

    Raises:
        ProposalError: the file is wrong, or the threshold does not fit the others.
    """
    try:
        rules = load_rules(proposal.rules_file) if proposal.rules_file else load_rules()
    except RulesError as error:
        raise ProposalError(str(error)) from error
    if proposal.threshold is None:
        return rules
    said = rules.model_dump()
    said["thresholds"]["auto_link"] = proposal.threshold
    try:
        return Rules.model_validate(said)
    except ValidationError as error:
        told = "; ".join(str(item["msg"]).removeprefix("Value error, ") for item in error.errors())
        raise ProposalError(
            f"a threshold of {proposal.threshold:g} is not allowed: {told}; several are moved together by a rules file"
        ) from error


def steps(proposal: Proposal, decisions: tuple[Decision, ...], on: date) -> list[Step]:
    """How to apply the proposal: what to write where, before the next refresh."""
    rows = [
        Step(
            SEEDS[decision.kind],
            decision.row(decided_by="<who decided>", decided_at=on.isoformat(), reason="<why>"),
        )
        for decision in decisions
    ]
    if proposal.rules_file:
        rows.append(Step(RULES_PATH, f"the content of {proposal.rules_file}"))
    if proposal.threshold is not None:
        rows.append(Step(RULES_PATH, f"thresholds: auto_link: {proposal.threshold:g}"))
    return rows


def decide(con: duckdb.DuckDBPyConnection, proposal: Proposal) -> tuple[Decision, ...]:
    """The two records of each pair of names the proposal has a decision about; ``con`` is only read from.

    A record stands for itself. A customer id stands for that person's records, a former id for those it had that are
    still there. Of two sets the weakest link between them names the two records; without one the best linked record of
    each does that holds an account or card, where one does (ties: the smaller id), because what it may not join the
    person may not join.

    Raises:
        ProposalError: a name is not known, or two names mean records of which neither set is free of the other.
    """
    wanted = [*(("never", names) for names in proposal.never), *(("always", names) for names in proposal.always)]
    return tuple(Decision(kind, *_records_of_pair(con, names), names) for kind, names in wanted)


def enter(con: duckdb.DuckDBPyConnection, decisions: tuple[Decision, ...], on: date) -> None:
    """Write the decisions into the ledger's tables of this warehouse, which must be a scratch copy.

    Raises:
        ProposalError: with them the ledger contradicts itself.
    """
    for decision in decisions:
        con.execute(
            f"insert into seeds.identity_{decision.kind}_match ({', '.join(LEDGER_SCHEMA)}) values (?, ?, ?, ?, ?)",
            [decision.node_id_a, decision.node_id_b, PROPOSED_BY, on, PROPOSED_BY],
        )
    never, always = (
        con.sql(f"select {', '.join(LEDGER_SCHEMA)} from seeds.identity_{kind}_match").pl() for kind in SEEDS
    )
    nodes = con.sql(f"select node_id from {store.MAP_TABLE}").pl()["node_id"]
    try:
        read_ledger(never, always, nodes)
    except LedgerError as error:
        raise ProposalError(str(error)) from error


@dataclass(frozen=True)
class _Named:
    """The records a name stands for. ``reach``: how wide the name is: a record, a former id, a person."""

    name: str
    records: frozenset[str]
    reach: int


RECORD, FORMER, PERSON = range(3)


def _named(con: duckdb.DuckDBPyConnection, name: str) -> _Named:
    def records(sql: str) -> frozenset[str]:
        return frozenset(node_id for (node_id,) in con.execute(sql, [name]).fetchall())

    if found := records(f"select node_id from {store.MAP_TABLE} where node_id = ?"):
        return _Named(name, found, RECORD)
    if found := records(f"select node_id from {store.MAP_TABLE} where customer_id = ?"):
        return _Named(name, found, PERSON)
    if found := records(
        f"select node_id from {store.HISTORY_TABLE} where customer_id = ? and node_id in"
        f" (select node_id from {store.MAP_TABLE})"
    ):
        return _Named(name, found, FORMER)
    raise ProposalError(
        f"{name} is no record and no customer id of this warehouse. A record is <system>:<kind>:<id>, such as"
        f" shopify:customer:123, a customer id starts with {ID_PREFIX}; both stand in {store.MAP_TABLE}"
    )


def _records_of_pair(con: duckdb.DuckDBPyConnection, names: PairOfNames) -> PairOfNames:
    a, b = (_named(con, name) for name in names)
    left, right = a.records, b.records
    # The narrower name keeps what both mean: a former id and the person it went into are the two parts of that merge.
    if a.reach != b.reach:
        left, right = (left - right, right) if a.reach > b.reach else (left, right - left)
    if not left or not right or left & right:
        raise ProposalError(_ask_for_records(con, names, left | right))
    sides = {"left": sorted(left), "right": sorted(right)}
    crossing = con.execute(
        f"""
        select node_id_a, node_id_b from {store.LINKS_TABLE}
        where (node_id_a in $left and node_id_b in $right) or (node_id_a in $right and node_id_b in $left)
        order by confidence, node_id_a, node_id_b
        limit 1
        """,
        sides,
    ).fetchone()
    one, other = crossing or (_best_linked(con, sides["left"]), _best_linked(con, sides["right"]))
    return (one, other) if one in left else (other, one)


def _best_linked(con: duckdb.DuckDBPyConnection, records: list[str]) -> str:
    """The best linked of the records that hold an account or card, else of all.

    Two accounts are one only where the records that hold them are said to be one person; said of other records, the
    accounts would go on to keep the two apart.
    """
    found = con.execute(
        f"""
        select linked.node_id
        from (
            select unnest([node_id_a, node_id_b]) as node_id from {store.LINKS_TABLE}
            where node_id_a in $records or node_id_b in $records
        ) as linked
        left join (
            select distinct node_id from {KEYS_TABLE} where key_type in $keys
        ) as holders on linked.node_id = holders.node_id
        where linked.node_id in $records
        group by linked.node_id
        order by count(holders.node_id) = 0, count(*) desc, linked.node_id
        limit 1
        """,
        {"records": records, "keys": [unique.key for unique in load_rules().unique if not unique.is_personal]},
    ).fetchone()
    return str(found[0]) if found else records[0]


def _ask_for_records(con: duckdb.DuckDBPyConnection, names: PairOfNames, records: frozenset[str]) -> str:
    """Names that mean the same records: what these are, and where the person is held together most weakly."""
    listed = sorted(records)
    shown = ", ".join(listed[:SHOWN_RECORDS]) + (
        f" and {len(listed) - SHOWN_RECORDS} more" if listed[SHOWN_RECORDS:] else ""
    )
    weakest = con.execute(
        f"""
        select node_id_a, node_id_b, rule, confidence from {store.LINKS_TABLE}
        where node_id_a in $records and node_id_b in $records
        order by is_bridge desc, confidence, node_id_a, node_id_b
        limit 1
        """,
        {"records": listed},
    ).fetchone()
    told = f"{names[0]} and {names[1]} mean the same {len(listed)} records ({shown}): name two records"
    if weakest is None:
        return told
    return f"{told}. The weakest link between them is {weakest[0]} – {weakest[1]} ({weakest[2]}, {weakest[3]:.3g})"
