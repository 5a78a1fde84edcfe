"""Building a version's tables: the contract as SQL, from the warehouse into a new file.

Belongs here: the statements and running them on one in-memory connection with both files attached. Stays out: what
may be published (``contract``), whether it is good (``probe`` and the suites), where the file goes (``versions``).

Everything runs inside DuckDB within its memory limit: rows never pass through Python. Ids are hashed once each, over
the distinct values of the purpose's home column, and joined; hashing them row by row would cost an event log of
30 million rows two thirds of the whole build.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipelines.publish.contract import STAMP, Contract, PublicColumn, PublicTable
from pipelines.publish.pseudonyms import Pseudonyms
from pipelines.warehouse import identifier, quote, relation

SOURCE = "live"
"""The warehouse as the building connection sees it; no schema of it has that name."""

TARGET = "marts"


@dataclass(frozen=True)
class Stamp:
    """What every row of a version carries, and the smallest cell that may be shown."""

    as_of: date
    run_id: str
    min_cell: int


def attach(con: duckdb.DuckDBPyConnection, warehouse_path: Path, target_path: Path) -> None:
    """Attach the warehouse read-only and the file of the version."""
    con.execute(f"attach {quote(warehouse_path)} as {SOURCE} (read_only)")
    con.execute(f"attach {quote(target_path)} as {TARGET}")


def build_tables(con: duckdb.DuckDBPyConnection, contract: Contract, pseudonyms: Pseudonyms, stamp: Stamp) -> None:
    """Create every table of the contract in the attached file, with comments.

    Raises:
        duckdb.Error: a source table or column is missing, or a limit is hit.
    """
    mapped = _map_pseudonyms(con, contract, pseudonyms)
    for table in contract.tables:
        if table.k_anonymous:
            _generalise(con, table, stamp.min_cell)
        con.execute(f"create table {TARGET}.{identifier(table.name)} as {_select(table, pseudonyms, mapped, stamp)}")
        comment(con, table.name, table.grain, {column.name: column.description for column in table.columns} | STAMP)
        if table.k_anonymous:
            con.execute(f"drop table {_cells(table)}")
    for purpose in mapped:
        con.execute(f"drop table {_map(purpose)}")


def comment(con: duckdb.DuckDBPyConnection, table: str, grain: str, columns: dict[str, str]) -> None:
    """Say in the file itself what a table and its columns mean; in one transaction, for each flushes the disk."""
    name = f"{TARGET}.{identifier(table)}"
    con.execute("begin")
    con.execute(f"comment on table {name} is {quote(grain)}")
    for column, description in columns.items():
        con.execute(f"comment on column {name}.{identifier(column)} is {quote(description)}")
    con.execute("commit")


def count_rows(con: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> dict[str, int]:
    """Rows of the version's tables."""
    counted = {}
    for table in tables:
        row = con.execute(f"select count(*) from {TARGET}.{identifier(table)}").fetchone()
        counted[table] = int(row[0]) if row else 0
    return counted


def count_source_rows(con: duckdb.DuckDBPyConnection, contract: Contract, stamp: Stamp) -> dict[str, int]:
    """Rows each published table should have: those of its source that fit its condition."""
    counted = {}
    for table in contract.tables:
        row = con.execute(f"select count(*) from {_source(table, stamp)}").fetchone()
        counted[table.name] = int(row[0]) if row else 0
    return counted


def write_parquet(con: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path) -> None:
    """Write the Parquet twin of every table, from the new file, so that both hold the same rows."""
    folder.mkdir()
    for table in tables:
        target = quote(folder / f"{table}.parquet")
        con.execute(f"copy {TARGET}.{identifier(table)} to {target} (format parquet, compression zstd)")


def _select(table: PublicTable, pseudonyms: Pseudonyms, mapped: Sequence[str], stamp: Stamp) -> str:
    """The statement of one table. Public names are never in scope of the expressions: those read the source alone."""
    joins, picked = [], []
    for number, column in enumerate(table.columns):
        if column.name in table.k_anonymous:
            picked.append(f"cells.{identifier(column.name)}")
        elif column.purpose is not None and column.purpose in mapped:
            alias = f"map_{number}"
            joins.append(f"left join {_map(column.purpose)} as {alias} on {alias}._value = {_text(column)}")
            # An id its home table does not know is hashed on the spot.
            missed = f"{alias}._pseudonym is null and {_text(column)} is not null"
            rest = f"case when {missed} then {pseudonyms.sql(column.purpose, _text(column))} end"
            picked.append(f"coalesce({alias}._pseudonym, {rest}) as {identifier(column.name)}")
        elif column.purpose is not None:
            picked.append(f"{pseudonyms.sql(column.purpose, _text(column))} as {identifier(column.name)}")
        else:
            picked.append(f"{_shown(column, table, stamp)} as {identifier(column.name)}")
    if table.k_anonymous:
        on = " and ".join(f"cells._{name} is not distinct from source.{identifier(name)}" for name in table.k_anonymous)
        joins.append(f"left join {_cells(table)} as cells on {on}")
    if table.is_stamped:
        picked += ["source.as_of", "source.run_id"]
    else:
        picked += [f"date '{stamp.as_of.isoformat()}' as as_of", f"{quote(stamp.run_id)} as run_id"]
    return f"select {', '.join(picked)} from (select * from {_source(table, stamp)}) as source {' '.join(joins)}"


def _shown(column: PublicColumn, table: PublicTable, stamp: Stamp) -> str:
    expression = column.expression.replace("{min_cell}", str(stamp.min_cell))
    if not column.common_only:
        return expression
    common = f"select {expression} from {_source(table, stamp)} group by all having count(*) >= {stamp.min_cell}"
    return f"case when {expression} in ({common}) then {expression} end"


def _source(table: PublicTable, stamp: Stamp) -> str:
    condition = f" where {table.where.format(min_cell=stamp.min_cell)}" if table.where else ""
    return f"{SOURCE}.{relation(table.source)}{condition}"


def _text(column: PublicColumn) -> str:
    return f"cast({column.expression} as varchar)"


def _map(purpose: str) -> str:
    return f"pseudonyms_of_{purpose}"


def _cells(table: PublicTable) -> str:
    return f"cells_of_{table.name}"


def _map_pseudonyms(con: duckdb.DuckDBPyConnection, contract: Contract, pseudonyms: Pseudonyms) -> list[str]:
    """One table a purpose that has a home: every id there and its pseudonym. Returns those purposes."""
    mapped = []
    for purpose, home in contract.purposes.items():
        if home is None:
            continue
        table, _, column = home.rpartition(".")
        con.execute(
            f"create temp table {_map(purpose)} as"
            f" select _value, {pseudonyms.sql(purpose, '_value')} as _pseudonym"
            f" from (select distinct cast({identifier(column)} as varchar) as _value from {SOURCE}.{relation(table)})"
            " where _value is not null"
        )
        mapped.append(purpose)
    return mapped


def _generalise(con: duckdb.DuckDBPyConnection, table: PublicTable, min_cell: int) -> None:
    """Decide, per combination of quasi-identifiers, what may be shown of it.

    In the given order, each quasi-identifier is blanked in the combinations that fewer than ``min_cell`` rows share
    as they then stand. Combinations only grow by that, so at the end every one that still shows something is shared
    by at least ``min_cell`` rows (k-anonymity by local suppression).
    """
    names = [identifier(name) for name in table.k_anonymous]
    originals = ", ".join(
        f"{name} as {identifier('_' + raw)}" for name, raw in zip(names, table.k_anonymous, strict=True)
    )
    con.execute(
        f"create temp table {_cells(table)} as select {originals}, {', '.join(names)}, count(*) as _rows"
        f" from {SOURCE}.{relation(table.source)} group by all"
    )
    for name in names:
        shared = f"sum(_rows) over (partition by {', '.join(names)})"
        con.execute(
            f"create or replace temp table {_cells(table)} as"
            f" select * replace (case when {shared} >= {min_cell} then {name} end as {name}) from {_cells(table)}"
        )
