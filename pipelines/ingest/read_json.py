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
from pipelines.ingest.source import (
    BUFFER_BYTES,
    MAX_LINE_BYTES,
    RawColumn,
    Slugs,
    Source,
    absent_columns,
    require_columns,
)
from pipelines.warehouse import identifier, quote


@dataclass(frozen=True)
class _Lines:
    """Relation of JSON objects: ``line`` is the object or NULL, ``whole`` the text as it stands in the file."""

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
    objects = (
        f"select json as line, json as whole from read_json_objects({quote(path)}, format = 'newline_delimited',"
        f" maximum_object_size = {MAX_LINE_BYTES})"
    )
    try:
        keys, rows = _keys_of_objects(con, objects)
        lines = _Lines(objects)
    except (duckdb.InvalidInputException, _BrokenLinesError):
        keys, rows, lines = _checked(con, _text_lines(path))
        if not keys:
            raise FileError("none of its lines is a JSON object") from None
    if rows == 0:
        raise FileError("it holds no records")
    return _source(table, keys, lines, rows)


def _document(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    limit = max(MAX_LINE_BYTES, path.stat().st_size + 1024)
    array = f"json_extract(json, {quote(_json_path(table.json_records))})"
    document = f"read_json_objects({quote(path)}, format = 'unstructured', maximum_object_size = {limit})"
    kinds = con.execute(f"select json_type({array}) from {document}").fetchall()
    if kinds != [("ARRAY",)]:
        where = f"at {table.json_records!r}" if table.json_records else "at its top"
        raise FileError(f"it is not one JSON document with an array {where}")
    records = f"select unnest(cast({array} as json[])) as whole from {document}"
    keys, rows, lines = _checked(con, records)
    return _source(table, keys, lines, rows)


def _text_lines(path: Path) -> str:
    """The slower road: lines as text, blank ones left out."""
    return (
        f"select line as whole from read_csv({quote(path)}, columns = {{'line': 'varchar'}}, auto_detect = false,"
        f" header = false, delim = '', quote = '', escape = '', strict_mode = false, max_line_size = {MAX_LINE_BYTES},"
        f" buffer_size = {BUFFER_BYTES}) where trim(line) <> ''"
    )


def _keys_of_objects(con: duckdb.DuckDBPyConnection, objects: str) -> tuple[list[str], int]:
    """Every key of the objects, and the number of objects."""
    found = con.execute(f"select json_keys(line) as keys, count(*) from ({objects}) group by keys").fetchall()
    # No keys: an empty object, or no object at all; the slower road tells them apart.
    if any(not keys or _repeats(keys) for keys, _ in found):
        raise _BrokenLinesError
    return _all_keys(found), sum(n for _, n in found)


def _checked(con: duckdb.DuckDBPyConnection, texts: str) -> tuple[list[str], int, _Lines]:
    """Every key of the texts that are objects with distinct keys, the number of texts, and their relation.

    A repeated key would leave it open which of its values counts.
    """
    # Of valid JSON, only an object begins with a brace; asking for its type would take it apart once more.
    line = "case when starts_with(ltrim(whole), '{') and json_valid(whole) then whole end"
    found = con.execute(f"select json_keys({line}) as keys, count(*) from ({texts}) group by keys").fetchall()
    repeating = [keys for keys, _ in found if keys and _repeats(keys)]
    if repeating:
        lists = ", ".join(f"[{', '.join(map(quote, keys))}]" for keys in repeating)
        line = f"case when json_keys({line}) not in ({lists}) then whole end"
    sound = [(keys, n) for keys, n in found if keys is not None and keys not in repeating]
    relation = _Lines(f"select whole, {line} as line from ({texts})", may_be_unreadable=True)
    return _all_keys(sound), sum(n for _, n in found), relation


def _all_keys(found: Sequence[tuple[list[str], int]]) -> list[str]:
    """Keys in the order of the most frequent objects."""
    ordered = sorted(found, key=lambda group: (-group[1], group[0]))
    return list(dict.fromkeys(key for keys, _ in ordered for key in keys))


def _repeats(keys: Sequence[str]) -> bool:
    return len(set(keys)) < len(keys)


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
