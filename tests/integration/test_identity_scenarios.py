"""The catalogue of cases (identity_scenarios.yml): each through the real models and resolution, and in every order.

All cases are built in one warehouse, step by step; the records of one share no value with those of another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest
import yaml

from pipelines import warehouse
from pipelines.identity import evidence
from pipelines.identity.frames import EDGE_SCHEMA
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger
from pipelines.identity.rules import load_rules
from pipelines.identity.stable import Run
from pipelines.identity.state import forget
from tests.integration.core_kit import House, new_house
from tests.unit.identity_kit import Inputs, nothing_known, resolve_records

CATALOGUE: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("identity_scenarios.yml").read_text(encoding="utf-8")
)
SHOWN = {
    "email": "email",
    "phone": "phone",
    "card": "loyalty_card",
    "shop": "shop_customer",
    "crm": "crm_contact",
    "device": "device",
    "order": "order_name",
    "buys": "order_name",
}
PROFILE = {"first": "first_name", "last": "last_name", "full": "full_name", "birth": "birth_date", "city": "city"}
ALL_ORDERS_UP_TO = 5
"""Records of a case of which every order is tried; of larger cases that many orders as five records have."""


@dataclass(frozen=True)
class Case:
    """One entry of the catalogue, its values made its own."""

    name: str
    number: int

    @property
    def entry(self) -> dict[str, Any]:
        return CATALOGUE[self.name]

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        if "steps" in self.entry:
            return list(self.entry["steps"])
        return [{"add": self.entry["records"], **{k: v for k, v in self.entry.items() if k not in ("why", "records")}}]

    def own(self, text: str, i: int = 0) -> str:
        return str(text).replace("{s}", f"s{self.number:02}").replace("{n}", f"{self.number:02}").replace("{i}", str(i))

    def node(self, name: str, i: int = 0) -> str:
        system, kind, ref = name.split(":")
        return f"{system}:{kind}:s{self.number:02}-{self.own(ref, i)}"

    def records(self, step: Mapping[str, Any]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
        for record in step.get("add", []):
            for i in range(record.get("repeat", 1)):
                yield self.node(record["node"], i), i, record

    def is_own(self, node_id: str) -> bool:
        return node_id.split(":")[2].startswith(f"s{self.number:02}-")


CASES = [Case(name, number) for number, name in enumerate(CATALOGUE, start=1)]
N_STEPS = max(len(case.steps) for case in CASES)


def told(value: Any) -> list[str]:
    return [] if value in (None, "") else [value] if isinstance(value, str) else list(value)


def add(house: House, cases: Sequence[Case], number: int) -> None:
    """Put the records of one step of all cases into the entities."""
    profiles, identifiers, orders, lines, reviews, events = [], [], [], [], [], []
    for case in cases:
        for node, i, record in case.records(case.steps[number]):
            system, kind, ref = node.split(":", 2)
            at = record.get("at", "2026-01-01")
            named = {column: record[key] for key, column in PROFILE.items() if key in record}
            profiles.append(
                {
                    "node_id": node,
                    "system": system,
                    "profile_kind": kind,
                    "profile_ref": ref,
                    "is_staff": kind == "staff",
                }
                | named
            )
            for key, identifier_type in SHOWN.items():
                identifiers += [
                    {
                        "node_id": node,
                        "system": system,
                        "identifier_type": identifier_type,
                        "raw_value": case.own(value, i),
                        "country_code": record.get("country", "DE"),
                        "observed_at": at,
                    }
                    for value in told(record.get(key))
                ]
            order = {"system": system, "order_ref": ref, "node_id": node, "ordered_at": at}
            orders += [order | {"order_name": case.own(value, i)} for value in told(record.get("buys"))]
            product = case.own(record.get("product", ""), i)
            lines += [{"system": system, "order_ref": ref, "line_ref": "1", "product_ref": product}] * (
                "buys" in record
            )
            review = {"system": system, "review_ref": ref, "node_id": node, "product_ref": product, "posted_at": at}
            reviews += [review] * (kind == "review")
            event = {"system": system, "event_ref": ref, "node_id": node, "device_ref": ref, "event_name": "purchase"}
            seen = {"event_at": at, "event_date": at}
            events += [event | seen | {"order_name": case.own(value, i)} for value in told(record.get("sees"))]
    for entity, rows in (
        ("profiles", profiles),
        ("identifiers", identifiers),
        ("orders", orders),
        ("order_lines", lines),
        ("reviews", reviews),
        ("web_events", events),
    ):
        if rows:
            house.insert(entity, *rows)


def decide_and_remove(house: House, cases: Sequence[Case], number: int) -> None:
    """Write the ledger of one step, and take away what it removes or erases."""
    gone, erased = [], []
    for name in ("never", "always"):
        house.execute(f"delete from seeds.identity_{name}_match")
    for case in cases:
        step = case.steps[min(number, len(case.steps) - 1)]
        for name in ("never", "always"):
            for a, b in step.get(name, []):
                house.execute(
                    f"insert into seeds.identity_{name}_match values "
                    f"('{case.node(a)}', '{case.node(b)}', 'test', date '2026-01-01', 'scenario')"
                )
        if number < len(case.steps):
            erased += [case.node(name) for name in step.get("erase", [])]
            gone += [case.node(name) for name in step.get("remove", [])]
    for node in gone + erased:
        house.execute(
            f"delete from entities.int_profiles where node_id = '{node}';"
            f"delete from entities.int_identifiers where node_id = '{node}'"
        )
    forget(house.settings, pl.Series(erased, dtype=pl.String))


@dataclass(frozen=True)
class Outcome:
    """What each step came to: the map and everything that was looked at."""

    maps: list[dict[str, str]]
    inputs: list[Inputs]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return new_house(tmp_path_factory, "scenarios")


@pytest.fixture(scope="module")
def outcome(house: House) -> Outcome:
    maps, inputs = [], []
    for number in range(N_STEPS):
        decide_and_remove(house, CASES, number)
        add(house, [case for case in CASES if number < len(case.steps)], number)
        house.resolve()
        maps.append(dict(house.rows("select node_id, customer_id from identity.int_identity__map")))
        inputs.append(read_inputs(house))
    return Outcome(maps, inputs)


def read_inputs(house: House) -> Inputs:
    """What the rules looked at, without what was known before."""
    edges = warehouse.read(house.settings, "identity.int_identity__edges")
    nothing = [pl.lit(None, dtype=EDGE_SCHEMA[name]).alias(name) for name in ("confidence", "match_weight")]
    never, always = (
        warehouse.read(house.settings, f"seeds.identity_{name}_match", list(LEDGER_SCHEMA))
        for name in ("never", "always")
    )
    return Inputs(
        nodes=warehouse.read(house.settings, "entities.int_profiles"),
        edges=edges.with_columns(*nothing, pl.lit("rule").alias("source")),
        unique_keys=warehouse.read(house.settings, "identity.int_identity__unique_keys"),
        ledger=Ledger(never, always),
        known=nothing_known(),
    )


def expected(case: Case, number: int, nodes: Sequence[str]) -> set[frozenset[str]]:
    """The groups a step of a case expects; records in no group stand alone."""
    groups = []
    for group in case.steps[number]["expect"]:
        stems = [case.node(name) for name in group]
        groups.append(
            frozenset(n for n in nodes if any(n == s or (s.endswith("*") and n.startswith(s[:-1])) for s in stems))
        )
    grouped = {node for group in groups for node in group}
    return {*groups, *[frozenset({node}) for node in nodes if node not in grouped]}


def people(mapped: Mapping[str, str], case: Case) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for node, customer in mapped.items():
        if case.is_own(node):
            groups.setdefault(customer, set()).add(node)
    return {frozenset(group) for group in groups.values()}


def own_nodes(mapped: Mapping[str, str], case: Case) -> list[str]:
    return sorted(node for node in mapped if case.is_own(node))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, outcome: Outcome) -> None:
    for number, step in enumerate(case.steps):
        mapped = outcome.maps[number]
        assert people(mapped, case) == expected(case, number, own_nodes(mapped, case)), f"step {number + 1}"
        for wanted in ("keeps", "changes"):
            for name in step.get(wanted, []):
                node = case.node(name)
                last = next(earlier[node] for earlier in reversed(outcome.maps[:number]) if node in earlier)
                assert (mapped[node] == last) == (wanted == "keeps"), f"step {number + 1} {wanted} {name}"


def test_cases_do_not_touch_each_other(outcome: Outcome) -> None:
    for mapped in outcome.maps:
        owners: dict[str, set[str]] = {}
        for node, customer in mapped.items():
            owners.setdefault(customer, set()).add(node.split(":")[2][:3])
        assert all(len(cases) == 1 for cases in owners.values())


@pytest.mark.usefixtures("outcome")
def test_records_and_evidence_are_read_in_the_codes_of_their_texts(house: House) -> None:
    """What the drawn and the shuffled cases are resolved from is what a run reads."""
    rules = load_rules()
    with warehouse.connect(house.settings) as con:
        read = evidence.read_inputs(con, rules)
    made = read_inputs(house).coded(rules)
    assert read.values.equals(made.values)
    assert read.nodes.equals(made.nodes.select(read.nodes.columns).cast(dict(read.nodes.schema)))
    for name in ("edges", "unique_keys"):
        ours, theirs = (
            getattr(side, name).with_columns(cs.enum().cast(pl.String), cs.categorical().cast(pl.String))
            for side in (read, made)
        )
        order = list(ours.columns)
        assert ours.sort(order).equals(theirs.select(order).sort(order)), name


@pytest.mark.parametrize(
    ("table", "told"),
    [("entities.int_profiles", "a node_id twice"), ("identity.int_identity__edges", "1 edges name a source record")],
)
@pytest.mark.usefixtures("outcome")
def test_evidence_that_contradicts_the_records_is_refused(house: House, table: str, told: str) -> None:
    with warehouse.connect(house.settings, read_only=False) as con:
        con.execute("begin")
        con.execute(f"insert into {table} select * from {table} limit 1")
        if table.endswith("edges"):
            con.execute(
                f"update {table} set node_id_b = 'no:such:record' where rowid = (select max(rowid) from {table})"
            )
        with pytest.raises(ValueError, match=told):
            evidence.read_inputs(con, load_rules())
        con.execute("rollback")


def test_every_order_of_records_and_evidence_finds_the_same_people(outcome: Outcome) -> None:
    """Every order of up to five records, 120 random ones of more; the orders of all cases are tried side by side."""
    rules = load_rules()
    for number, inputs in enumerate(outcome.inputs):
        nodes = {case.name: own_nodes(outcome.maps[number], case) for case in CASES}
        rng = random.Random(number)
        orders = {name: list(_orders(own, rng)) for name, own in nodes.items()}
        wanted = {case.name: people(outcome.maps[number], case) for case in CASES}
        for turn in range(max(map(len, orders.values()))):
            order = [node for name in orders for node in orders[name][turn % len(orders[name])]]
            ranked = pl.DataFrame({"node_id": order}).with_row_index("rank")
            mixed = replace(
                inputs,
                nodes=inputs.nodes.join(ranked, on="node_id").sort("rank").drop("rank"),
                edges=inputs.edges.sample(fraction=1, shuffle=True, seed=turn),
                unique_keys=inputs.unique_keys.sample(fraction=1, shuffle=True, seed=turn),
            )
            found = resolve_records(mixed, rules, Run("test", datetime(2026, 1, 1)))  # noqa: DTZ001
            mapped = dict(found.map.select("node_id", "customer_id").rows())
            assert {case.name: people(mapped, case) for case in CASES} == wanted


def _orders(nodes: Sequence[str], rng: random.Random) -> Iterator[tuple[str, ...]]:
    if len(nodes) <= ALL_ORDERS_UP_TO:
        yield from permutations(nodes)
    else:
        yield from (tuple(rng.sample(nodes, len(nodes))) for _ in islice(permutations(range(5)), 120))


def test_the_catalogue_is_large_and_every_case_says_why() -> None:
    assert len(CASES) >= 30
    assert [case.name for case in CASES if not case.entry.get("why")] == []
