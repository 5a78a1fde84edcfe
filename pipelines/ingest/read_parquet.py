"""Parquet as a source: native types stay.

Belongs here: a file's own types beside the contract's, nested ones included. Stays out: casting scalar columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import duckdb
from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType

from pipelines.contract import Table
from pipelines.ingest.files import FileError
from pipelines.ingest.source import RawColumn, Source, absent_columns, match_columns
from pipelines.warehouse import identifier, quote

_NESTED = ("struct", "list", "array", "map")
_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger"}
_NUMBERS = _INTEGERS | {"float", "double", "decimal", "ubigint", "hugeint"}
# Nested values are cast without a look at each of them, so only casts that cannot fail or round are let through.
_SAFE = {"bigint": _INTEGERS, "integer": _INTEGERS - {"bigint", "uinteger"}, "double": _NUMBERS, "timestamp": {"date"}}


def read_parquet(con: DuckDBPyConnection, table: Table, path: Path) -> Source:
    """Open a Parquet file; nested columns are cast to their contract, fields it does not know are kept within them.

    Raises:
        FileError: a required column is missing, or a nested field has a type that its contract cannot take.
        duckdb.Error: the file is not Parquet, or not all of it.
    """
    reader = f"read_parquet({quote(path)})"
    relation = con.sql(f"select * from {reader}")
    types = dict(zip(relation.columns, relation.types, strict=True))
    columns: list[RawColumn] = []
    picked: list[str] = []
    new_fields: list[str] = []
    for column, (name, kind) in zip(match_columns(table, list(types)), types.items(), strict=True):
        raw_type = str(kind).lower()
        value = identifier(name)
        if column.contract and column.contract.is_nested:
            wanted = duckdb.sqltype(column.contract.data_type)
            merged = _merge(column.name, wanted, kind, new_fields)
            value, raw_type = f"cast({value} as {merged})", column.contract.data_type
        columns.append(RawColumn(column.raw, column.name, raw_type=raw_type, contract=column.contract))
        picked.append(f"{value} as {column.raw}")
    result = con.execute(f"select count(*) from {reader}").fetchone()
    return Source(
        sql=f"select {', '.join(picked)} from {reader}",
        columns=tuple(columns),
        absent=absent_columns(table, columns),
        known_rows=int(result[0]) if result else 0,
        new_fields=tuple(new_fields),
    )


def _merge(where: str, wanted: DuckDBPyType, found: DuckDBPyType, new: list[str]) -> str:
    """The contract's type with the file's further fields; raises where a value could be lost on the way."""
    mine, theirs = _children(wanted), _children(found)
    if wanted.id in ("list", "array") and found.id in ("list", "array"):
        return f"{_merge(where, mine[0][1], theirs[0][1], new)}[]"
    if wanted.id == "map" and found.id == "map":
        parts = zip(mine, theirs, strict=True)
        key, value = (_merge(f"{where}.{part}", kind, other, new) for (part, kind), (_, other) in parts)
        return f"map({key}, {value})"
    if wanted.id == "struct" and found.id == "struct":
        others = {name.casefold(): kind for name, kind in theirs}
        fields = []
        for name, kind in mine:
            other = others.pop(name.casefold(), None)
            merged = str(kind) if other is None else _merge(f"{where}.{name}", kind, other, new)
            fields.append(f"{identifier(name)} {merged}")
        for name, kind in theirs:
            if name.casefold() in others:
                fields.append(f"{identifier(name)} {kind}")
                new.append(f"{where}.{name}")
        return f"struct({', '.join(fields)})"
    if wanted == found or str(wanted) == "VARCHAR" or found.id in _SAFE.get(wanted.id, ()):
        return str(wanted)
    raise FileError(f"field {where!r} is {str(found).lower()}, but its contract says {str(wanted).lower()}")


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """The named parts of a nested type; none of a scalar one (a decimal's are its digits)."""
    return cast(list[tuple[str, DuckDBPyType]], kind.children) if kind.id in _NESTED else []
