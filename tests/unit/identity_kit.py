"""Records and evidence for tests of identity, in a word each.

Belongs here: making inputs and reading results. Stays out: expectations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import md5

import polars as pl

from pipelines.identity import evidence, resolve
from pipelines.identity.clusters import SKIPPED_SCHEMA
from pipelines.identity.frames import EDGE_SCHEMA
from pipelines.identity.history import EVENT_SCHEMA
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger, empty_ledger, read_ledger
from pipelines.identity.quality import CLUSTER_SCHEMA
from pipelines.identity.rules import LEDGER_RULE, Rules, load_rules
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
        """In codes, as ``evidence.read_inputs`` reads them from a warehouse."""
        nodes = self.nodes.select(
            *("node_id", "system", "profile_kind", "is_staff"),
            pl.any_horizontal(pl.col("first_name", "full_name").fill_null("").str.strip_chars() != "").alias(
                "is_named"
            ),
            pl.lit(value=True).alias("is_there"),
        )
        gone = self.known.history.select("node_id").unique().join(nodes, on="node_id", how="anti")
        gone = gone.with_columns(is_named=pl.lit(value=False), is_there=pl.lit(value=False))
        nodes = pl.concat([nodes, gone], how="diagonal").sort("node_id")
        proposed = [int(md5(i.encode(), usedforsecurity=False).hexdigest()[:16], 16) for i in nodes["node_id"]]
        codes = nodes.select("node_id", pl.int_range(pl.len(), dtype=pl.Int32).alias("code"), "is_there")
        values = pl.concat([self.edges["identifier_value"], self.unique_keys["key_value"]]).drop_nulls().unique().sort()
        texts = pl.DataFrame({"text": values}).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("value"))

        def placed(frame: pl.DataFrame, ends: Mapping[str, str], text: str | None = None) -> pl.DataFrame:
            for name, code in ends.items():
                place = codes.select(pl.col("node_id").alias(name), pl.col("code").alias(code))
                frame = frame.join(place, on=name, how="left", maintain_order="left")
            return frame.join(texts, left_on=text, right_on="text", how="left") if text else frame

        pair = {"node_id_a": "a", "node_id_b": "b"}
        is_model = pl.col("source") == "model"
        edges = placed(self.edges.filter(~is_model), pair, "identifier_value")
        named = {*evidence.UNSETTLED_RULES, *(rule.name for rule in rules.rules), *edges["rule"], LEDGER_RULE}
        types = {
            "rule": pl.Enum(sorted(named)),
            "identifier_type": pl.Enum(sorted({"comparison", "ledger", *edges["identifier_type"]})),
        }
        columns = ("a", "b", "rule", "identifier_type", "value", "observed_at", "confidence", "match_weight", "source")
        found = evidence.Inputs(
            nodes=nodes.with_columns(pl.Series("proposed", proposed, dtype=pl.UInt64)),
            edges=edges.select(columns).cast({**types, "source": evidence.SOURCES}),
            unique_keys=placed(self.unique_keys, {"node_id": "node"}, "key_value").select("node", "key_type", "value"),
            values=values,
            ledger=replace(self.ledger, never=placed(self.ledger.never, pair), always=placed(self.ledger.always, pair)),
            known=evidence.known_of(self.known.state(), codes),
        )
        return found.with_pairs(placed(self.edges.filter(is_model), pair))


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
