"""Where a record stands in the exports: file and row.

Belongs here: from a record's id to the landed rows that carry it, by the contracts' ``record`` columns. Stays out: what
the rows say; only places are returned, no values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipelines import warehouse
from pipelines.contract import Contract, load_contracts
from pipelines.settings import Settings
from pipelines.warehouse import identifier

MOST_ROWS = 3
"""Rows told of a table and record, the newest first: a device may have thousands."""


@dataclass(frozen=True)
class SourceRow:
    """One landed row: its table (``shopify__customers``), file, row number in it, and when it was landed (UTC)."""

    table: str
    file: str
    row_number: int
    loaded_at: datetime
    n_rows: int
    """Rows of the table that are of this record."""


def source_rows(settings: Settings, node_ids: Sequence[str]) -> dict[str, tuple[SourceRow, ...]]:
    """The newest landed rows of each record, in every table of its system whose contract has a column for its kind.

    A record of a system that is switched off, or of a kind no contract names, has none.

    Raises:
        WarehouseError: there is no warehouse yet, or another process holds it.
    """
    contracts = load_contracts(settings.systems, settings.project_root)
    with warehouse.connect(settings) as con:
        return {node_id: tuple(_rows(con, contracts, node_id)) for node_id in dict.fromkeys(node_ids)}


def _rows(con: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract], node_id: str) -> list[SourceRow]:
    system, kind, ref = node_id.split(":", 2)
    if system not in contracts:
        return []
    found = []
    for table in contracts[system].tables:
        for column in table.columns:
            if column.record != kind:
                continue
            told = con.execute(
                f"""
                select loads.source_name, rows._row_number, rows._loaded_at, count(*) over () as n
                from raw.{identifier(table.relation_name)} as rows
                inner join raw.load_manifest as loads on
                    rows._batch_id = loads.batch_id and loads.system = $system and loads.table_name = $table
                -- A number that the file writes as a decimal keeps its ".0" in the raw layer.
                where trim(cast(rows.{identifier(column.name)} as varchar)) in ($ref, $ref || '.0')
                order by rows._loaded_at desc, loads.source_name, rows._row_number
                limit {MOST_ROWS}
                """,
                {"system": system, "table": table.name, "ref": ref},
            ).fetchall()
            found += [SourceRow(table.relation_name, *row) for row in told]
    return found
