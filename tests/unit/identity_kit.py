"""Records and evidence for tests of identity, in a word each.

Belongs here: making inputs and reading results. Stays out: expectations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import md5

import polars as pl

from pipelines.identity.evidence import Inputs
from pipelines.identity.frames import EDGE_SCHEMA
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger, empty_ledger, read_ledger
from pipelines.identity.resolve import Resolution, resolve_records
from pipelines.identity.rules import Rules, load_rules
from pipelines.identity.stable import Known, Run, nothing_known

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
            not i.startswith("mail:"),
            "c_" + md5(i.encode(), usedforsecurity=False).hexdigest()[:16],
        )
        for i in ids
    ]
    schema = {
        "node_id": pl.String,
        "system": pl.String,
        "profile_kind": pl.String,
        "is_staff": pl.Boolean,
        "is_named": pl.Boolean,
        "proposed_id": pl.String,
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
