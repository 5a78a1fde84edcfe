"""Records and evidence for tests of identity, in a word each.

Belongs here: making inputs and reading results. Stays out: expectations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import duckdb
import polars as pl

from pipelines.identity import evidence, resolve
from pipelines.identity.clusters import SKIPPED_SCHEMA
from pipelines.identity.frames import EDGE_SCHEMA
from pipelines.identity.history import EVENT_SCHEMA
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger, empty_ledger, read_ledger
from pipelines.identity.quality import CLUSTER_SCHEMA
from pipelines.identity.rules import Rules, load_rules
from pipelines.identity.stable import HISTORY_SCHEMA, REDIRECT_SCHEMA, Run
from pipelines.identity.state import State, nothing_kept
from pipelines.identity.store import LINK_SCHEMA, MAP_SCHEMA


@dataclass(frozen=True)
class Known:
    """What earlier runs left, as texts: ``history``, ``redirects`` and the ids once ``given``."""

    history: pl.DataFrame
    redirects: pl.DataFrame
    given: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))

    def state(self) -> State:
        events = pl.DataFrame({"customer_id": self.given}).with_columns(pl.lit("new").alias("event"))
        return replace(nothing_kept(), history=self.history.lazy(), redirects=self.redirects, events=events.lazy())


def nothing_known() -> Known:
    return Known(pl.DataFrame(schema=HISTORY_SCHEMA), pl.DataFrame(schema=REDIRECT_SCHEMA))


@dataclass(frozen=True)
class Inputs:
    """What a resolution looks at, as texts: columns of the tables it reads, and the model's links among the edges."""

    nodes: pl.DataFrame
    edges: pl.DataFrame
    unique_keys: pl.DataFrame
    ledger: Ledger
    known: Known

    def coded(self, rules: Rules) -> evidence.Inputs:
        """As the product reads it from a warehouse."""
        con = warehouse()
        tables = {
            "profiles": self.nodes,
            "edges": self.edges.filter(pl.col("source") == "rule"),
            "unique_keys": self.unique_keys,
            "never": self.ledger.never,
            "always": self.ledger.always,
        }
        for name, frame in tables.items():
            con.register(name, frame.to_arrow())
        found = evidence.read_inputs(con, rules, self.known.state())
        codes = found.nodes.select("node_id").with_row_index("code")
        pairs = self.edges.filter(pl.col("source") == "model")
        for end, code in (("node_id_a", "a"), ("node_id_b", "b")):
            pairs = pairs.join(codes.rename({"node_id": end, "code": code}), on=end)
        return found.with_pairs(pairs)


@lru_cache(maxsize=1)
def warehouse() -> duckdb.DuckDBPyConnection:
    """The tables a resolution reads, over frames."""
    con = duckdb.connect()
    con.execute(
        """
        set threads = 1;
        create schema entities;
        create schema identity;
        create schema seeds;
        create table identity.int_identity__blocked (reason varchar);
        """
    )
    empty = Inputs(nodes([]), edges([]), keys({}), empty_ledger(), nothing_known())
    for name, table, frame in (
        ("profiles", "entities.int_profiles", empty.nodes),
        ("edges", "identity.int_identity__edges", empty.edges),
        ("unique_keys", "identity.int_identity__unique_keys", empty.unique_keys),
        ("never", "seeds.identity_never_match", empty.ledger.never),
        ("always", "seeds.identity_always_match", empty.ledger.always),
    ):
        con.register(name, frame.to_arrow())
        con.execute(f"create view {table} as select * from {name}")
    return con


@dataclass(frozen=True)
class Resolution:
    """What a resolution says, as texts."""

    map: pl.DataFrame
    links: pl.DataFrame
    skipped: pl.DataFrame
    clusters: pl.DataFrame
    events: pl.DataFrame
    redirects: pl.DataFrame
    history: pl.DataFrame
    run: Run


TOLD = {
    "map": MAP_SCHEMA,
    "links": LINK_SCHEMA,
    "skipped": SKIPPED_SCHEMA,
    "clusters": CLUSTER_SCHEMA,
    "events": EVENT_SCHEMA,
    "redirects": REDIRECT_SCHEMA,
    "history": HISTORY_SCHEMA,
}


def resolve_records(inputs: Inputs, rules: Rules, run: Run) -> Resolution:
    found = resolve.resolve_records(inputs.coded(rules), rules, run)
    tables = {name: pl.concat(found.names.told(getattr(found, name), schema)) for name, schema in TOLD.items()}
    return Resolution(**tables, run=found.run)


def settled(inputs: Inputs, rules: Rules) -> set[frozenset[str]]:
    """Records that are one before the model is asked."""
    groups = evidence.parts(inputs.coded(rules), rules).group_by("part").agg("node_id")["node_id"].to_list()
    return {frozenset(group) for group in groups if len(group) > 1}


Link = tuple[str, ...]
"""(a, b, rule) or (a, b, rule, value); of the rule ``model``, (a, b, "model", probability)."""

START = datetime(2026, 1, 1)  # noqa: DTZ001 (times of the warehouse are UTC without a zone)


@lru_cache(maxsize=1)
def shipped() -> Rules:
    return load_rules()


def nodes(ids: Iterable[str], staff: Sequence[str] = ()) -> pl.DataFrame:
    rows = [
        (
            i,
            *i.split(":")[:2],
            i in staff,
            None if i.startswith("mail:") else "Anna",
            None,
        )
        for i in ids
    ]
    schema = {
        "node_id": pl.String,
        "system": pl.String,
        "profile_kind": pl.String,
        "is_staff": pl.Boolean,
        "first_name": pl.String,
        "full_name": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def edges(links: Iterable[Link]) -> pl.DataFrame:
    rows = []
    for a, b, rule, *value in links:
        is_model = rule == "model"
        shown = value[0] if value else f"{a}|{b}"
        rows.append(
            {
                "node_id_a": a,
                "node_id_b": b,
                "rule": rule,
                "identifier_type": rule,
                "identifier_value": None if is_model else shown,
                "observed_at": None,
                "confidence": float(shown) if is_model else None,
                "match_weight": None,
                "source": "model" if is_model else "rule",
            }
        )
    return pl.DataFrame(rows, schema=dict(EDGE_SCHEMA))


def keys(held: Mapping[str, str], key_type: str = "shop_customer") -> pl.DataFrame:
    """Node id to its key; several keys of a node are separated by a blank."""
    rows = [(node, key_type, value) for node, values in held.items() for value in values.split()]
    return pl.DataFrame(
        rows, schema={"node_id": pl.String, "key_type": pl.String, "key_value": pl.String}, orient="row"
    )


def pairs(*decided: tuple[str, str]) -> pl.DataFrame:
    rows = [(a, b, "test", date(2026, 1, 1), "told so") for a, b in decided]
    return pl.DataFrame(rows, schema=LEDGER_SCHEMA, orient="row")


def resolved(
    ids: Sequence[str],
    links: Iterable[Link] = (),
    *,
    shop: Mapping[str, str] | None = None,
    never: Sequence[tuple[str, str]] = (),
    always: Sequence[tuple[str, str]] = (),
    known: Known | None = None,
    rules: Rules | None = None,
    hours: int = 0,
    staff: Sequence[str] = (),
) -> Resolution:
    frame = nodes(ids, staff)
    ledger: Ledger = empty_ledger()
    if never or always:
        ledger = read_ledger(pairs(*never), pairs(*always), frame["node_id"])
    inputs = Inputs(frame, edges(links), keys(shop or {}), ledger, known or nothing_known())
    return resolve_records(inputs, rules or shipped(), Run(f"run-{hours}", START + timedelta(hours=hours)))


def after(known: Known, resolution: Resolution) -> Known:
    """What is known after a resolution."""
    new = resolution.events.filter(pl.col("event") == "new")["customer_id"]
    return Known(resolution.history, resolution.redirects, pl.concat([known.given, new]))


def people(resolution: Resolution) -> set[frozenset[str]]:
    return {frozenset(group) for group in resolution.map.group_by("customer_id").agg("node_id")["node_id"].to_list()}


def id_of(resolution: Resolution, node: str) -> str:
    return str(resolution.map.filter(pl.col("node_id") == node)["customer_id"].item())


def with_cap(cap: int) -> Rules:
    return shipped().model_copy(update={"cluster_cap": cap})


def switched(names: Sequence[str], *, on: bool) -> Rules:
    """The shipped rules, some of them switched on or off."""
    rules = tuple(rule.model_copy(update={"enabled": on}) if rule.name in names else rule for rule in shipped().rules)
    return shipped().model_copy(update={"rules": rules})


def shuffled(resolution_inputs: Inputs, seed: int) -> Inputs:
    def mix(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1, shuffle=True, seed=seed)

    return replace(
        resolution_inputs,
        nodes=mix(resolution_inputs.nodes),
        edges=mix(resolution_inputs.edges),
        unique_keys=mix(resolution_inputs.unique_keys),
    )
