"""JSON as a source: one object a line, or one document around an array of records.

Belongs here: which keys a file has, taking each object apart once, and the slower road for a file with broken lines.
Stays out: casting.

Top-level values arrive as text, objects and arrays as JSON text. DuckDB writes numbers anew: 1.50 becomes 1.5.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.contract import Table
from pipelines.ingest.files import FileError
from pipelines.ingest.source import MAX_LINE_BYTES, RawColumn, Slugs, Source, absent_columns, require_columns
from pipelines.warehouse import identifier, quote


@dataclass(frozen=True)
class _Lines:
    """Relations of JSON objects: ``line`` is the object or NULL, ``whole`` the text as it stands in the file."""

    sql: str
    may_be_unreadable: bool = False


class _BrokenLinesError(Exception):
    """Some line is not an object with distinct keys."""


def read_json(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    """Open JSON Lines or a wrapped document by the table's format.

    Raises:
        FileError: the file holds no object, is not UTF-8, lacks a required key in every record, or the document has no
            array where its contract says.
        duckdb.Error: the document is not JSON.
    """
    if table.format == "json":
        return _document(con, table, path)
    objects = _Lines(
        f"select json as line, json as whole from read_json_objects({quote(path)}, format = 'newline_delimited',"
        f" maximum_object_size = {MAX_LINE_BYTES})"
    )
    try:
        keys, rows = _keys(con, objects.sql)
    except (duckdb.InvalidInputException, _BrokenLinesError):
        objects = _checked_lines(path)
        keys, rows = _keys(con, f"select line from ({objects.sql}) where line is not null")
        if rows == 0:
            raise FileError("none of its lines is a JSON object") from None
        rows = _count(con, objects.sql)
    if rows == 0:
        raise FileError("it holds no records")
    return _source(table, keys, objects, rows)


def _document(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    limit = max(MAX_LINE_BYTES, path.stat().st_size + 1024)
    array = f"json_extract(json, {quote(_json_path(table.json_records))})"
    document = f"read_json_objects({quote(path)}, format = 'unstructured', maximum_object_size = {limit})"
    kinds = con.execute(f"select json_type({array}) from {document}").fetchall()
    if kinds != [("ARRAY",)]:
        where = f"at {table.json_records!r}" if table.json_records else "at its top"
        raise FileError(f"it is not one JSON document with an array {where}")
    records = f"select unnest(cast({array} as json[])) as record from {document}"
    checked = f"select record as whole, case when {_is_object('record')} then record end as line from ({records})"
    keys, _ = _keys(con, f"select line from ({checked}) where line is not null")
    rows = _count(con, records)
    return _source(table, keys, _Lines(checked, may_be_unreadable=True), rows)


def _checked_lines(path: Path) -> _Lines:
    """The slower road: lines as text, blank ones left out, and NULL for the object where a line is none."""
    lines = (
        f"select line as whole from read_csv({quote(path)}, columns = {{'line': 'varchar'}}, auto_detect = false,"
        f" header = false, delim = '', quote = '', escape = '', strict_mode = false, max_line_size = {MAX_LINE_BYTES})"
        " where trim(line) <> ''"
    )
    return _Lines(
        f"select whole, case when {_is_object('whole')} then whole end as line from ({lines})", may_be_unreadable=True
    )


def _is_object(text: str) -> str:
    """True for an object with distinct keys; a repeated key would leave it open which of its values counts."""
    keys = f"json_keys({text})"
    return (
        f"case when not json_valid({text}) then false when json_type({text}) <> 'OBJECT' then false"
        f" else len({keys}) = len(list_distinct({keys})) end"
    )


def _keys(con: duckdb.DuckDBPyConnection, lines: str) -> tuple[list[str], int]:
    """Every key of the objects, in order of appearance within them, and the number of objects."""
    found = con.execute(f"select json_keys(line) as keys, count(*) as n from ({lines}) group by keys").fetchall()
    names: dict[str, None] = {}
    for keys, _ in sorted(found, key=lambda group: (-group[1], group[0])):
        # No keys: an empty object, or no object at all; the slower road tells them apart.
        if not keys or len(set(keys)) < len(keys):
            raise _BrokenLinesError
        names.update(dict.fromkeys(keys))
    return list(names), sum(n for _, n in found)


def _source(table: Table, keys: Sequence[str], lines: _Lines, rows: int) -> Source:
    by_key = {column.source_name: column for column in table.columns if not column.path}
    parents = {column.path.split(".")[0] for column in table.columns if column.path}
    ordered = [key for key in keys if key in by_key or key in parents]
    ordered += [key for key in keys if key not in by_key and key not in parents]
    names = Slugs(table)
    shape: dict[str, str] = {}
    columns: list[RawColumn] = []
    picked: list[str] = []
    for position, key in enumerate(ordered):
        column = by_key.get(key)
        raw = f"r{position}"
        if key.casefold() in {known.casefold() for known in shape}:
            # DuckDB's structs do not tell "ID" from "id".
            picked.append(f"json_extract_string(line, {quote(_json_path(key, dotted=False))}) as {raw}")
        else:
            whole = key in parents or (column is not None and column.data_type == "json")
            shape[key] = "JSON" if whole else "VARCHAR"
            picked.append(f"cast(object.{identifier(key)} as varchar) as {raw}")
        if column is not None or key not in parents:
            columns.append(RawColumn(raw, column.name if column else names.new(key), contract=column))
    for position, column in enumerate(column for column in table.columns if column.path):
        parent, _, rest = (column.path or "").partition(".")
        if parent in shape:
            extract = "json_extract" if column.data_type == "json" else "json_extract_string"
            value = f"cast({extract}(object.{identifier(parent)}, {quote(_json_path(rest))}) as varchar)"
            picked.append(
                f"nullif({value}, 'null') as p{position}" if column.data_type == "json" else f"{value} as p{position}"
            )
            columns.append(RawColumn(f"p{position}", column.name, contract=column))
    if rows:
        require_columns(table, columns, keys)
    parsed = f"from_json(line, {quote(json.dumps(shape))})" if shape else "null"
    return Source(
        sql=f"select {', '.join([*picked, 'whole', 'line is null as unreadable'])}"
        f" from (select line, whole, {parsed} as object from ({lines.sql}))",
        columns=tuple(columns),
        absent=absent_columns(table, columns),
        raw_row="whole",
        unreadable="unreadable" if lines.may_be_unreadable else None,
        known_rows=rows,
    )


def _json_path(text: str, *, dotted: bool = True) -> str:
    parts = [part for part in text.split(".") if part] if dotted else [text]
    return "$" + "".join(f'."{part}"' for part in parts)


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    result = con.execute(f"select count(*) from ({sql})").fetchone()
    return int(result[0]) if result else 0
