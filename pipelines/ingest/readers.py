"""Readers by format: a file becomes a relation of raw columns that the casts can be put upon.

Belongs here: DuckDB's readers with every option spelled out (nothing is guessed from a sample), the columns a file
really has, and what its reader could not take apart. Stays out: casting, and writing anything.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from pipelines.contract import Column, Table
from pipelines.ingest.files import FileError, is_binary
from pipelines.warehouse import identifier, quote

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class RawColumn:
    """A column as the file has it: ``raw`` in the relation, ``name`` in the raw layer, with its contract if any."""

    raw: str
    name: str
    raw_type: str = "varchar"
    contract: Column | None = None


@dataclass(frozen=True)
class Reject:
    """A line the reader could not take apart: its record number (from 1) in the file."""

    row_number: int
    reason: str
    line: str


@dataclass(frozen=True)
class Source:
    """One file, readable: ``sql`` selects its raw columns in file order.

    ``raw_row`` names a column of ``sql`` with the whole row as text, ``unreadable`` one that is true where a line could
    not be taken apart; ``known_rows`` is the number of rows, where it was counted apart from ``sql``; ``absent`` are
    the contract's columns the file lacks.
    """

    sql: str
    columns: tuple[RawColumn, ...]
    rejects_table: str | None = None
    header_records: int = 0
    raw_row: str | None = None
    unreadable: str | None = None
    known_rows: int | None = None
    absent: tuple[Column, ...] = field(default=())

    @property
    def new_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.contract is None)


def open_source(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    """Open one uncompressed file by its table's format.

    Raises:
        FileError: the file is empty, is not of the format, or lacks a required column.
    """
    if path.stat().st_size == 0:
        raise FileError("it is empty (0 bytes)")
    if table.format == "parquet":
        return _parquet(con, table, path)
    if table.csv.encoding != "utf-16" and is_binary(path):
        raise FileError(f"it holds binary data, not {table.format} text")
    if table.format == "csv":
        return _csv(table, path)
    return _json(con, table, path)


# --- delimited text ---------------------------------------------------------------------------------------------------


def _csv(table: Table, path: Path) -> Source:
    options = table.csv
    header = _header(table, path)
    skipped = 1 + options.skip_after_header if options.header else 0
    columns = _match(table, header)
    names = ", ".join(f"'r{position}': 'varchar'" for position in range(len(header)))
    rejects = "landing_rejects"
    reader = (
        f"read_csv({quote(path)}, columns = {{{names}}}, auto_detect = false, header = false, skip = {skipped},"
        f" delim = {quote(options.delimiter)}, quote = {quote(options.quote)},"
        f" escape = {quote(options.escape if options.escape is not None else options.quote)},"
        f" encoding = {quote(options.encoding)}, nullstr = [{', '.join(quote(v) for v in ('', *options.null_values))}],"
        f" max_line_size = {MAX_LINE_BYTES}, store_rejects = true, rejects_table = '{rejects}',"
        f" rejects_scan = '{rejects}_scan', rejects_limit = 0)"
    )
    picked = ", ".join(column.raw for column in columns)
    if options.line_suffix:
        picked = _without_suffix(picked, len(header) - 1, options.line_suffix)
    return Source(
        sql=f"select {picked} from {reader}",
        columns=columns,
        rejects_table=rejects,
        header_records=skipped,
        absent=_absent(table, columns),
    )


def _without_suffix(picked: str, last: int, suffix: str) -> str:
    name = f"r{last}"
    bare = f"nullif(regexp_replace({name}, {quote(re.escape(suffix) + '$')}, ''), '') as {name}"
    return ", ".join(bare if part == name else part for part in picked.split(", "))


def _header(table: Table, path: Path) -> list[str]:
    """The file's column names, in order."""
    options = table.csv
    if not options.header:
        return [column.source_name for column in table.columns]
    encoding = "utf-8-sig" if options.encoding == "utf-8" else options.encoding
    with path.open("rb") as file:
        start = file.read(MAX_HEADER_BYTES)
    text = start.decode(encoding, errors="replace")
    lines = io.StringIO(text, newline="")
    if len(options.delimiter) == 1:
        records = csv.reader(
            lines,
            delimiter=options.delimiter,
            quotechar=options.quote or None,
            quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        )
        head = list(islice(records, 1 + options.skip_after_header))
    else:
        head = [line.rstrip("\r\n").split(options.delimiter) for line in islice(lines, 1 + options.skip_after_header)]
    if len(head) < 1 + options.skip_after_header:
        raise FileError(f"it ends within its {1 + options.skip_after_header} header lines")
    names = [name.strip() for name in head[0]]
    if options.line_suffix:
        names[-1] = names[-1].removesuffix(options.line_suffix)
    return names


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    if table.format == "json":
        return _json_rows(con, table, _document(table, path))
    objects = (
        f"select json as line from read_json_objects({quote(path)}, format = 'newline_delimited',"
        f" maximum_object_size = {MAX_LINE_BYTES})"
    )
    try:
        return _json_rows(con, table, objects)
    except (duckdb.InvalidInputException, _NotObjectsError):
        return _json_lines(con, table, path)


class _NotObjectsError(Exception):
    """A line is valid JSON, but not an object with distinct keys."""


def _document(table: Table, path: Path) -> str:
    where = quote("$" + "".join(f'."{part}"' for part in table.json_records.split(".") if part))
    limit = max(MAX_LINE_BYTES, path.stat().st_size + 1024)
    return (
        f"select unnest(cast(json_extract(json, {where}) as json[])) as line"
        f" from read_json_objects({quote(path)}, format = 'unstructured', maximum_object_size = {limit})"
    )


def _json_rows(con: duckdb.DuckDBPyConnection, table: Table, lines: str) -> Source:
    keys, rows = _keys(con, lines)
    if rows == 0:
        raise FileError("it holds no records")
    return _json_source(table, keys, lines, known_rows=rows)


def _json_lines(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    """The slow road, for a file with lines that are not JSON objects: those lines become rows without a value."""
    lines = (
        f"select line from read_csv({quote(path)}, columns = {{'line': 'varchar'}}, auto_detect = false,"
        f" header = false, delim = '', quote = '', escape = '', max_line_size = {MAX_LINE_BYTES})"
        " where line is not null"
    )
    checked = f"select line as whole, case when {_is_object('line')} then line end as line from ({lines})"
    keys, rows = _keys(con, f"select line from ({checked}) where line is not null")
    if rows == 0:
        raise FileError("none of its lines is a JSON object")
    total = _count(con, lines)
    return _json_source(table, keys, checked, known_rows=total, whole="whole", checked=True)


def _is_object(line: str) -> str:
    """True for an object with distinct keys; a repeated key would leave it open which of its values counts."""
    keys = f"json_keys({line})"
    return (
        f"case when not json_valid({line}) then false when json_type({line}) <> 'OBJECT' then false"
        f" else len({keys}) = len(list_distinct({keys})) end"
    )


def _keys(con: duckdb.DuckDBPyConnection, lines: str) -> tuple[list[str], int]:
    found = con.execute(
        f"select json_keys(line) as keys, count(*) as n, bool_and(json_type(line) = 'OBJECT') as fine"
        f" from ({lines}) group by keys"
    ).fetchall()
    names: dict[str, None] = {}
    for keys, _, fine in found:
        if not fine or len(set(keys)) < len(keys):
            raise _NotObjectsError
        names.update(dict.fromkeys(keys))
    return list(names), sum(n for _, n, _ in found)


def _json_source(
    table: Table, keys: Sequence[str], lines: str, *, known_rows: int, whole: str = "line", checked: bool = False
) -> Source:
    by_key = {column.source_name: column for column in table.columns if not column.path}
    tops = {(column.path or "").split(".")[0] for column in table.columns if column.path}
    shape: dict[str, str] = {}
    columns: list[RawColumn] = []
    picked: list[str] = []
    taken = {column.name for column in table.columns}
    for position, key in enumerate(keys):
        column = by_key.get(key)
        nested = key in tops or (column is not None and column.data_type == "json")
        shape[key] = "JSON" if nested else "VARCHAR"
        if column is None and key in tops:
            continue
        name = column.name if column else _slug(key, taken)
        columns.append(RawColumn(f"r{position}", name, contract=column))
        picked.append(f"cast(object.{identifier(key)} as varchar) as r{position}")
    for position, column in enumerate(column for column in table.columns if column.path):
        top, *rest = (column.path or "").split(".")
        if top not in shape:
            continue
        where = quote("$" + "".join(f'."{part}"' for part in rest))
        extract = "json_extract" if column.data_type == "json" else "json_extract_string"
        columns.append(RawColumn(f"p{position}", column.name, contract=column))
        picked.append(f"cast({extract}(object.{identifier(top)}, {where}) as varchar) as p{position}")
    absent = _absent(table, columns)
    _require(table, absent, found=keys)
    parsed = (
        f"select {whole} as whole, line is null as unreadable, from_json(line, {quote(json.dumps(shape))}) as object"
        f" from ({lines})"
    )
    return Source(
        sql=f"select {', '.join(picked)}, whole, unreadable from ({parsed})",
        columns=tuple(columns),
        raw_row="whole",
        unreadable="unreadable" if checked else None,
        known_rows=known_rows,
        absent=absent,
    )


# --- Parquet ----------------------------------------------------------------------------------------------------------


def _parquet(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    reader = f"read_parquet({quote(path)})"
    described = con.execute(f"describe select * from {reader}").fetchall()
    types = {name: str(kind).lower() for name, kind, *_ in described}
    columns = _match(table, list(types))
    typed = tuple(
        RawColumn(column.raw, column.name, raw_type=kind, contract=column.contract)
        for column, kind in zip(columns, types.values(), strict=True)
    )
    picked = ", ".join(f"{identifier(name)} as r{position}" for position, name in enumerate(types))
    rows = _count(con, f"select 1 from {reader}")
    return Source(sql=f"select {picked} from {reader}", columns=typed, known_rows=rows, absent=_absent(table, columns))


# --- shared -----------------------------------------------------------------------------------------------------------


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    (rows,) = con.execute(f"select count(*) from ({sql})").fetchone() or (0,)
    return int(rows)


def _match(table: Table, found: Sequence[str]) -> tuple[RawColumn, ...]:
    """Pair the file's columns with the contract's: exactly, or else without regard to case."""
    wanted = {column.source_name: column for column in table.columns}
    folded = {name.casefold(): column for name, column in wanted.items()}
    columns: list[RawColumn] = []
    taken = {column.name for column in table.columns}
    used: set[str] = set()
    for position, name in enumerate(found):
        column = wanted.get(name)
        if column is None and name.casefold() in folded and folded[name.casefold()].source_name not in found:
            column = folded[name.casefold()]
        if column is not None and column.name in used:
            raise FileError(f"column {name!r} stands twice in its header; export it once")
        if column is not None:
            used.add(column.name)
        columns.append(RawColumn(f"r{position}", column.name if column else _slug(name, taken), contract=column))
    _require(table, _absent(table, columns), found)
    return tuple(columns)


def _absent(table: Table, columns: Sequence[RawColumn]) -> tuple[Column, ...]:
    present = {column.name for column in columns}
    return tuple(column for column in table.columns if column.name not in present)


def _require(table: Table, absent: Sequence[Column], found: Sequence[str]) -> None:
    missing = [column.path or column.source_name for column in absent if column.required]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        hint = "" if table.format != "csv" or len(found) > 1 else f" (is its delimiter really {table.csv.delimiter!r}?)"
        raise FileError(f"required column {names} is missing{hint}; the file has {len(found)} columns")


def _slug(name: str, taken: set[str]) -> str:
    """A lower-case name for a column the contract does not know, distinct from every other."""
    base = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "column"
    base = f"c_{base}" if base[0].isdigit() else base
    slug, n = base, 2
    while slug in taken:
        slug, n = f"{base}_{n}", n + 1
    taken.add(slug)
    return slug
