"""The warehouse: the only opener of DuckDB connections.

Belongs here: opening the live warehouse as one reader or the one writer, and moving frames in and out. Stays out:
what the tables mean. No connection outlives its ``with`` block, because dbt needs the file for itself; a small file
may stay open between blocks that ask for it, until somebody else in this process needs it (``let_go``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from pipelines.settings import Settings


class WarehouseError(RuntimeError):
    """The warehouse cannot be opened or a table is missing; the message says what to do."""


class WarehouseInUseError(WarehouseError):
    """Another process holds the warehouse."""


SMALL_BYTES = 512 * 2**20
"""A file this small may stay open: all of it in the engine's cache is less than what a step needs beside it."""

_kept: dict[Path, duckdb.DuckDBPyConnection] = {}


@contextmanager
def connect(settings: Settings, *, read_only: bool = True, keep: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the live warehouse for one block, with the settings' memory limit, threads and temporary folder.

    ``keep`` leaves a small file open behind the block, for who opens it again and again: opening one of hundreds of
    tables takes longer than reading most of them, and closing it writes it to the disk. The caller sees to ``let_go``.

    Raises:
        WarehouseError: the file is missing (reader).
        WarehouseInUseError: another process holds it.
    """
    path = settings.warehouse_path
    if read_only and not path.exists():
        raise WarehouseError(f"no warehouse at {path}: run 'journeyline refresh' first")
    path.parent.mkdir(parents=True, exist_ok=True)
    if keep and path not in _kept and path.exists() and path.stat().st_size <= SMALL_BYTES:
        _kept[path] = _open(path, read_only=False)
    con = _kept[path].cursor() if path in _kept else _open(path, read_only=read_only)
    try:
        configure(con, settings)
        yield con
    finally:
        con.close()


def let_go(settings: Settings) -> None:
    """Close the file where it was kept open: before anybody opens it by other means, and when a run ends."""
    kept = _kept.pop(settings.warehouse_path, None)
    if kept is not None:
        kept.close()


def _open(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        raise WarehouseInUseError(
            f"{path} is in use by another process ({str(error).splitlines()[0]}); close it and run again"
        ) from error


@contextmanager
def memory(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection with the same limits, for readers of files and for publishing by ATTACH."""
    con = duckdb.connect()
    try:
        configure(con, settings)
        yield con
    finally:
        con.close()


@contextmanager
def published(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file for one block, read-only and with no way to any other file.

    The path is resolved first, so that switching ``current`` meanwhile cannot matter.
    """
    con = duckdb.connect(str(database.resolve()), read_only=True, config={"enable_external_access": "false"})
    try:
        yield con
    finally:
        con.close()


def configure(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Set limits, UTC and out-of-core spilling; insertion order is not kept, so every order must be explicit."""
    settings.temp_dir.mkdir(parents=True, exist_ok=True)
    con.execute(f"set memory_limit = '{settings.memory_limit}'")
    con.execute(f"set threads = {settings.threads}")
    con.execute(f"set temp_directory = {quote(str(settings.temp_dir))}")
    con.execute("set preserve_insertion_order = false")
    con.execute("set TimeZone = 'UTC'")


def read(settings: Settings, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read ``schema.table`` (or some of its columns) as a Polars frame.

    Raises:
        WarehouseError: the table or a column does not exist.
    """
    with connect(settings) as con:
        return read_from(con, table, columns)


def read_from(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str] | None = None,
    *,
    only: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """``read`` on an open connection, for who reads several tables: opening the file costs more than a small table.

    ``only`` names columns with the values of which rows are read; none, and all are.

    Raises:
        WarehouseError: the table or a column does not exist.
    """
    picked = ", ".join(identifier(column) for column in columns) if columns else "*"
    wanted = [
        f"{identifier(column)} in ({', '.join(quote(value) for value in values)})"
        for column, values in (only or {}).items()
    ]
    where = f" where {' and '.join(wanted)}" if wanted else ""
    try:
        return con.sql(f"select {picked} from {relation(table)}{where}").pl()
    except duckdb.Error as error:
        raise WarehouseError(f"cannot read {table}: {error}") from error


def write(settings: Settings, table: str, frame: pl.DataFrame | pl.LazyFrame) -> int:
    """Replace ``schema.table`` by the frame in one transaction; returns its rows."""
    with connect(settings, read_only=False) as con:
        return write_to(con, table, frame.lazy().collect())


def write_to(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> int:
    """``write`` on an open connection."""
    schema = table.partition(".")[0]
    con.register("incoming_frame", frame.to_arrow())
    con.execute("begin")
    con.execute(f"create schema if not exists {identifier(schema)}")
    con.execute(f"create or replace table {relation(table)} as select * from incoming_frame")
    con.execute("commit")
    con.unregister("incoming_frame")
    return frame.height


def tables(settings: Settings) -> list[str]:
    """Every ``schema.table`` or view of the live warehouse, sorted."""
    with connect(settings) as con:
        found = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_database()"
        ).fetchall()
    return sorted(name for (name,) in found)


def relation(table: str) -> str:
    """Quote ``schema.table`` for SQL."""
    return ".".join(identifier(part) for part in table.split("."))


def identifier(name: str) -> str:
    """Quote one SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote(text: str | Path) -> str:
    """Quote one SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"
