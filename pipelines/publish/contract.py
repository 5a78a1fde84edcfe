"""The public contract as typed objects: what is published, from where, in which form, with which comment.

Belongs here: reading ``contract.yml``, holding it against the personal tags and descriptions of the dbt model YAML and
the declared analytics tables, and refusing it where it would publish more than it may. Stays out: SQL and files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.analytics.tables import TABLES
from pipelines.files import read_yaml

CONTRACT_PATH = Path(__file__).with_name("contract.yml")

TABLE_KEYS = ("source", "where", "grain", "key", "k_anonymous", "columns", "pseudonyms")
COLUMN_KEYS = ("from", "sql", "pseudonym", "common_only", "business_key", "because", "description")
REFERENCE = re.compile(r"_(id|ref|key|token)$")
"""A column named like this points at something, perhaps at a person: it is a pseudonym or says that it is not."""

NOT_PERSONAL = (
    "scheme_id",
    "segment_id",
    "metric_id",
    "funnel_id",
    "group_id",
    "family_id",
    "opportunity_id",
    "offer_id",
)
"""Ids of the analytics layer's own vocabulary."""

STAMP = {
    "as_of": "Date the version speaks for, in the reporting time zone.",
    "run_id": "Run that computed the row.",
}


class ContractError(ValueError):
    """The contract asks for something it may not have; the message names table, column and what to write."""


@dataclass(frozen=True)
class Documented:
    """A column of a source table as its own layer documents it."""

    description: str
    pii: str


@dataclass(frozen=True)
class PublicColumn:
    """One published column. ``expression`` is SQL over the source; with ``purpose`` its value becomes a pseudonym."""

    name: str
    expression: str
    description: str
    purpose: str | None = None
    common_only: bool = False
    business_key: bool = False


@dataclass(frozen=True)
class PublicTable:
    """One published table; ``key`` is empty where rows have no id of their own."""

    name: str
    source: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[PublicColumn, ...]
    where: str | None = None
    k_anonymous: tuple[str, ...] = ()
    is_stamped: bool = False
    """The source carries as_of and run_id itself."""


@dataclass(frozen=True)
class Contract:
    """``purposes`` maps a purpose to the ``schema.table.column`` its ids stand in, or to none."""

    purposes: Mapping[str, str | None]
    tables: tuple[PublicTable, ...]

    def table(self, name: str) -> PublicTable:
        return next(table for table in self.tables if table.name == name)


def load_contract(models_dir: Path, path: Path = CONTRACT_PATH) -> Contract:
    """Read the contract and hold it against the documentation of the sources.

    Raises:
        ContractError: an unknown key, table, column or purpose; a direct or text column as it is; a quasi-identifier
            without a reason; an id that is neither a pseudonym nor a business key.
    """
    document = read_yaml(path.read_text("utf-8"))
    purposes = document["purposes"]
    sources = {spec["source"].partition(".")[2] for spec in document["tables"].values()}
    documented = {**_dbt_models(models_dir, sources), **_analytics_tables()}
    tables = tuple(_table(name, spec, documented, purposes) for name, spec in document["tables"].items())
    return Contract(purposes=purposes, tables=tables)


@dataclass(frozen=True)
class _Source:
    description: str
    columns: Mapping[str, Documented]
    key: tuple[str, ...] = ()


def _dbt_models(models_dir: Path, wanted: Collection[str]) -> dict[str, _Source]:
    """Documentation of models by name, from ``<model>.yml`` beside each: no parse of the project is needed."""
    found = {}
    for path in sorted(models_dir.rglob("*.yml")):
        if path.stem not in wanted:
            continue
        for model in read_yaml(path.read_text("utf-8")).get("models", []):
            columns = {
                column["name"]: Documented(
                    description=column.get("description", ""),
                    pii=column.get("config", {}).get("meta", {}).get("pii", "none"),
                )
                for column in model.get("columns", [])
            }
            found[model["name"]] = _Source(model.get("description", ""), columns)
    return found


def _analytics_tables() -> dict[str, _Source]:
    return {
        table.name: _Source(
            table.grain,
            {column.name: Documented(column.description, column.pii) for column in table.columns},
            table.key,
        )
        for table in TABLES.values()
    }


def _table(
    name: str, spec: Mapping[str, Any], documented: Mapping[str, _Source], purposes: Mapping[str, Any]
) -> PublicTable:
    _only(spec, TABLE_KEYS, name)
    source = documented.get(spec["source"].partition(".")[2])
    if source is None:
        raise ContractError(f"{name}: its source {spec['source']} is documented nowhere")
    declared = spec["source"].startswith("analytics.")
    wanted: Mapping[str, Any] = spec.get("columns") or {}
    if declared:
        purpose_of = spec.get("pseudonyms", {})
        wanted = {
            column: {"pseudonym": purpose_of[column]} if column in purpose_of else {}
            for column in source.columns
            if column not in STAMP
        }
    columns = tuple(_column(name, column, how or {}, source, purposes) for column, how in wanted.items())
    names = {column.name for column in columns}
    key = tuple(spec.get("key", source.key))
    for column in (*key, *spec.get("k_anonymous", ())):
        if column not in names:
            raise ContractError(f"{name}: {column} is named but not published")
    return PublicTable(
        name=name,
        source=spec["source"],
        grain=spec.get("grain", source.description),
        key=key,
        columns=columns,
        where=spec.get("where"),
        k_anonymous=tuple(spec.get("k_anonymous", ())),
        is_stamped=declared,
    )


def _column(
    table: str, name: str, how: Mapping[str, Any], source: _Source, purposes: Mapping[str, Any]
) -> PublicColumn:
    where = f"{table}.{name}"
    _only(how, COLUMN_KEYS, where)
    origin = how.get("from", name)
    used = _used(how["sql"], source) if "sql" in how else {origin}
    if unknown := used - set(source.columns):
        raise ContractError(f"{where}: the source has no column {', '.join(sorted(unknown))}")
    _may_publish(where, how, {column: source.columns[column].pii for column in used})
    purpose = how.get("pseudonym")
    if purpose is not None and purpose not in purposes:
        raise ContractError(f"{where}: purpose {purpose} is not in the list of purposes")
    if REFERENCE.search(name) and not (purpose or how.get("business_key") or name in NOT_PERSONAL):
        raise ContractError(f"{where}: an id or ref needs a pseudonym, or business_key where it can name no person")
    description = how.get("description") or source.columns[origin].description
    if purpose is not None:
        description = f"{description.rstrip('.')}, by pseudonym."
    return PublicColumn(
        name=name,
        expression=how.get("sql") or f'"{origin}"',
        description=description,
        purpose=purpose,
        common_only=bool(how.get("common_only")),
        business_key=bool(how.get("business_key")),
    )


def _may_publish(where: str, how: Mapping[str, Any], pii: Mapping[str, str]) -> None:
    if "pseudonym" in how:
        return
    for column, tag in pii.items():
        if tag in ("direct", "text") and not ("sql" in how and how.get("because")):
            raise ContractError(
                f"{where}: {column} is tagged {tag}; publish a pseudonym, or something computed from it with a because"
            )
        if tag == "quasi" and not how.get("because"):
            raise ContractError(f"{where}: {column} is tagged quasi; say because why it may be shown in this form")


def _used(expression: str, source: _Source) -> set[str]:
    """The source columns an expression reads; texts in it are no columns."""
    words = set(re.findall(r"[a-z_][a-z0-9_]*", re.sub(r"'[^']*'", "", expression)))
    return words & set(source.columns)


def _only(spec: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    if unknown := [key for key in spec if key not in allowed]:
        raise ContractError(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join(allowed)}")
