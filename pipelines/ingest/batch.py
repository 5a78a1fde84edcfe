"""One file into one batch: cast, write aside, quarantine what does not fit, count.

Belongs here: the statements that turn an open source into finished Parquet files aside. Stays out: deciding which files
to land, and putting the finished files into place.

The first statement assumes a clean file: it reads, casts and writes in one parallel pass that keeps the file's order,
and marks a row that does not fit by a NULL batch id, which the writer's own statistics count. Only where that count is
not zero does a second pass take the marked rows out. A clean file therefore stores no row number: it is the position
of the row in the Parquet file, and the raw relation reads it from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.contract import Table
from pipelines.ingest.casts import Cast, from_native
from pipelines.ingest.files import PARQUET_OPTIONS, FileError, check_text
from pipelines.ingest.quarantine import (
    JOIN_RANKS,
    ROW_NUMBER,
    count_rejects,
    forget_rejects,
    keep_rejects,
    write_quarantine,
)
from pipelines.ingest.read_csv import read_csv, unify_line_ends
from pipelines.ingest.read_json import read_json
from pipelines.ingest.read_parquet import read_parquet
from pipelines.ingest.source import RawColumn, Source, cast_name
from pipelines.warehouse import identifier, quote

_LINE = re.compile(r"\bline:? (\d+)", re.IGNORECASE)
# What says nothing about the file: it must stop the landing rather than reject the file for good.
_SURROUNDINGS = (
    duckdb.OutOfMemoryException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.InterruptException,
)


class SurroundingsError(RuntimeError):
    """Memory, disk or engine failed while a file was read; it says nothing about the file, which stays to be landed."""


@dataclass(frozen=True)
class Job:
    """What one batch is called and when it was loaded, and the folder for its unfinished files."""

    batch_id: str
    source_name: str
    loaded_at: datetime
    aside: Path


@dataclass(frozen=True)
class Written:
    """What became of a file's rows, and where the finished files are waiting (quarantine: where there are any)."""

    rows_read: int
    rows_landed: int
    rows_quarantined: int
    first_event_at: datetime | None
    last_event_at: datetime | None
    new_columns: tuple[str, ...]
    parquet: Path
    quarantine: Path | None


@dataclass(frozen=True)
class _Statistics:
    rows: int
    marked: int
    first: datetime | None
    last: datetime | None


def write_batch(con: duckdb.DuckDBPyConnection, table: Table, path: Path, job: Job) -> Written:
    """Read one uncompressed file and write its batch into ``job.aside``.

    The connection keeps insertion order and its TimeZone is UTC.

    Raises:
        FileError: the file as a whole cannot be read, with the reason and no value of it.
        SurroundingsError: memory or disk ran out.
    """
    try:
        return _write(con, table, path, job)
    except duckdb.Error as error:
        if table.format == "csv" and "state machine" in str(error):
            return _write_with_one_line_end(con, table, path, job)
        raise _explained(table, error) from None


def _write_with_one_line_end(con: duckdb.DuckDBPyConnection, table: Table, path: Path, job: Job) -> Written:
    copy = job.aside / "one-line-end.csv"
    try:
        unify_line_ends(table, path, copy)
        return _write(con, table, copy, job)
    except duckdb.Error as error:
        raise _explained(table, error) from None
    except UnicodeError:
        raise FileError(f"it is not {table.csv.encoding}, the encoding of its contract") from None
    finally:
        copy.unlink(missing_ok=True)


def _write(con: duckdb.DuckDBPyConnection, table: Table, path: Path, job: Job) -> Written:
    if table.format == "csv":
        forget_rejects(con)
    return _Writer(con, table, _open(con, table, path), job).write()


def _open(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Source:
    if path.stat().st_size == 0:
        raise FileError("it is empty (0 bytes)")
    if table.format == "parquet":
        return read_parquet(con, table, path)
    check_text(path, table.csv.encoding if table.format == "csv" else "utf-8")
    return read_csv(table, path) if table.format == "csv" else read_json(con, table, path)


class _Writer:
    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, source: Source, job: Job) -> None:
        self.con, self.table, self.source, self.job = con, table, source, job
        self.casts = {column.raw: _cast(column) for column in source.columns}

    def write(self) -> Written:
        whole = self.job.aside / "rows.parquet"
        seen = self._copy(self._rows_sql(), whole)
        rejected = count_rejects(self.con, self.table, self.source)
        rows_read, quarantined = seen.rows + rejected, seen.marked + rejected
        if self.source.known_rows not in (None, rows_read):
            raise FileError(f"it holds {self.source.known_rows} rows, but {rows_read} were read; nothing was kept")
        landed, parquet, quarantine = seen, whole, None
        if quarantined:
            parquet, quarantine = self.job.aside / "fitting.parquet", self.job.aside / "quarantine.parquet"
            landed = self._take_out(whole, parquet, quarantine, quarantined, rows_read)
        first, last = landed.first, landed.last
        if last is not None and last > self.job.loaded_at:
            last = self._last_event_before_load(parquet)
        return Written(
            rows_read=rows_read,
            rows_landed=landed.rows,
            rows_quarantined=quarantined,
            first_event_at=self._event_time(first),
            last_event_at=self._event_time(last),
            new_columns=self.source.new_columns,
            parquet=parquet,
            quarantine=quarantine,
        )

    def _take_out(self, whole: Path, parquet: Path, quarantine: Path, expected: int, rows_read: int) -> _Statistics:
        """Split the rows into those that fit and the quarantine, and hold both to the counts of the first pass."""
        keep_rejects(self.con, self.source, rows_read)
        landed = self._copy(self._fitting_sql(whole), parquet)
        if self.table.format == "csv":
            forget_rejects(self.con)
        held = write_quarantine(
            self.con,
            self.source,
            self.casts,
            whole=whole,
            source_name=self.job.source_name,
            target=quarantine,
        )
        if held != expected or landed.rows + held != rows_read:
            raise SurroundingsError(
                f"{self.job.source_name}: rows do not add up: read {rows_read}, landed {landed.rows}, quarantined"
                f" {held}; nothing of it was kept; please report this"
            )
        return landed

    def _rows_sql(self) -> str:
        """Every readable row, cast; the batch id is NULL where the row does not fit."""
        picked = [f"{cast_name(column)} as {identifier(column.name)}" for column in self.source.columns]
        picked += [f"cast(null as {column.storage_type}) as {identifier(column.name)}" for column in self.source.absent]
        fits = [f"not {self.source.unreadable}"] if self.source.unreadable else []
        fits += [cast.fits for cast in self.casts.values() if cast.fits]
        batch_id = (
            f"case when {' and '.join(fits)} then {quote(self.job.batch_id)} end" if fits else quote(self.job.batch_id)
        )
        loaded_at = f"cast({quote(self.job.loaded_at.isoformat(sep=' '))} as timestamp)"
        return (
            f"select {', '.join(picked)}, {batch_id} as _batch_id, {loaded_at} as _loaded_at from ({self._cast_sql()})"
        )

    def _cast_sql(self) -> str:
        casts = ", ".join(f"{self.casts[column.raw].value} as {cast_name(column)}" for column in self.source.columns)
        return f"select *{', ' if casts else ''}{casts} from ({self.source.sql})"

    def _fitting_sql(self, whole: Path) -> str:
        """The rows that fit, with their number in the file, which counts the lines that could not be read."""
        return f"""
            select seen.* exclude (position, file_row_number), {ROW_NUMBER} as _row_number
            from (
                select *, file_row_number + 1 as position from read_parquet({quote(whole)}, file_row_number = true)
            ) as seen
            {JOIN_RANKS}
            where seen._batch_id is not null
        """

    def _copy(self, sql: str, target: Path) -> _Statistics:
        result = self.con.execute(f"copy ({sql}) to {quote(target)} ({PARQUET_OPTIONS}, return_stats)").fetchone()
        if result is None:
            raise SurroundingsError("the Parquet writer gave no counts; please report this")
        rows, columns = int(result[1]), result[4] or {}
        marked = int(columns.get('"_batch_id"', {}).get("null_count", 0))
        event = columns.get(identifier(self.table.event_time), {}) if self.table.event_time else {}
        return _Statistics(rows, marked, _stamp(event.get("min")), _stamp(event.get("max")))

    def _last_event_before_load(self, parquet: Path) -> datetime | None:
        event = f"cast({identifier(self.table.event_time or '')} as timestamp)"
        result = self.con.execute(
            f"select max({event}) from read_parquet({quote(parquet)}) where {event} <= _loaded_at"
        ).fetchone()
        return result[0] if result else None

    def _event_time(self, stamp: datetime | None) -> datetime | None:
        """A date counts as 10:00 UTC, which is the same date in every zone from Hawaii to New Zealand."""
        is_date = bool(self.table.event_time) and self.table.column(self.table.event_time or "").data_type == "date"
        return stamp + timedelta(hours=10) if stamp and is_date else stamp


def _cast(column: RawColumn) -> Cast:
    if column.contract is None:
        return Cast(f"cast({column.raw} as varchar)", None, "")
    return from_native(column.contract, column.raw, column.raw_type, cast_name(column))


def _stamp(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _explained(table: Table, error: duckdb.Error) -> FileError | SurroundingsError:
    """The reason without the engine's message, which quotes lines and values of the file."""
    text = str(error)
    found = _LINE.search(text)
    line = f" near line {found[1]}" if found else ""
    if isinstance(error, _SURROUNDINGS) or "no space left" in text.lower():
        return SurroundingsError(
            f"{table.relation_name}: {type(error).__name__} while a file was read; check free disk space and"
            " JOURNEYLINE_MEMORY_LIMIT and run again"
        )
    if "utf-8" in text.lower() or "unicode" in text.lower():
        return FileError(f"it is not valid UTF-8{line}; export it as UTF-8")
    if table.format == "parquet":
        return FileError("it is not a complete Parquet file; export it again")
    return FileError(
        f"it cannot be read as {table.format}{line}; compare it with the contract of {table.relation_name}"
    )
