"""The published version as the showroom reads it: tables that may be missing, and the manifest.

Belongs here: reading. Stays out: arithmetic and words. Only small tables are read whole; event-scale ones are counted
in the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import warehouse

Row = dict[str, Any]

MANIFEST = "manifest.json"
DATABASE = "marts.duckdb"


@dataclass(frozen=True)
class Marts:
    """An open published file. ``missing`` gathers the tables asked for that are not there."""

    con: duckdb.DuckDBPyConnection
    manifest: Mapping[str, Any]
    tables: frozenset[str]
    missing: set[str]

    def rows(self, table: str, **equals: str) -> list[Row]:
        """The table's rows as dictionaries, in the order of all their values; none where there is no such table."""
        if table not in self.tables:
            self.missing.add(table)
            return []
        where = " and ".join(f"{warehouse.identifier(column)} = ?" for column in equals)
        found = self.con.execute(
            f"select * from {warehouse.identifier(table)}{' where ' + where if where else ''} order by all",
            list(equals.values()),
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]

    def has(self, table: str) -> bool:
        return table in self.tables

    def reporting_currency(self) -> str:
        """The currency whose rate is 1: all amounts a reader sees are in it."""
        if "orders" not in self.tables:
            return ""
        found = self.con.execute(
            "select currency from orders where fx_rate = 1 and currency is not null"
            " group by 1 order by count(*) desc, 1"
        ).fetchone()
        return str(found[0]) if found else ""


def read_manifest(folder: Path) -> dict[str, Any]:
    """The version's manifest; a folder without one is no version."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return found


def open_marts(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Marts:
    names = con.execute("select table_name from information_schema.tables").fetchall()
    return Marts(con, manifest, frozenset(name for (name,) in names), set())
