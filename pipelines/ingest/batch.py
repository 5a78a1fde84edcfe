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
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.contract import Table
from pipelines.ingest.casts import Cast, from_native
from pipelines.ingest.files import FileError
from pipelines.ingest.readers import RawColumn, Source, open_source
from pipelines.warehouse import identifier, quote

PARQUET_OPTIONS = "format parquet, compression zstd, compression_level 1"

_LINE = re.compile(r"\bline (\d+)", re.IGNORECASE)

QUARANTINE_COLUMNS = ("source_name", "row_number", "column_name", "value", "reason", "raw_row")
"""One row a value that does not fit (or a line that cannot be read, with ``column_name`` NULL)."""


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


def write_batch(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    path: Path,
    *,
    batch_id: str,
    source_name: str,
    loaded_at: datetime,
    aside: Path,
) -> Written:
    """Read one uncompressed file and write its batch below ``aside``.

    Raises:
        FileError: the file as a whole cannot be read, with the reason and no value of it.
    """
    try:
        _forget_rejects(con)
        source = open_source(con, table, path)
        return _Writer(con, table, source, _Job(batch_id, source_name, loaded_at, aside)).write()
    except duckdb.Error as error:
        raise FileError(_explain(table, error)) from error
    finally:
        _forget_rejects(con)


@dataclass(frozen=True)
class _Job:
    """What one batch is called and when it was loaded, and where its unfinished files go."""

    batch_id: str
    source_name: str
    loaded_at: datetime
    aside: Path


class _Writer:
    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, source: Source, job: _Job) -> None:
        self.con, self.table, self.source, self.job = con, table, source, job
        self.casts = {column.raw: _cast(column) for column in source.columns}

    def write(self) -> Written:
        rows = self._rows_sql()
        whole = self.job.aside / "rows.parquet"
        seen = self._copy(rows, whole)
        rejected = self._keep_rejects()
        quarantined = seen.marked + rejected
        rows_read = seen.rows + rejected
        if self.source.known_rows not in (None, rows_read):
            raise FileError(f"it holds {self.source.known_rows} rows, but {rows_read} were read; nothing was kept")
        if quarantined == 0:
            landed, parquet, quarantine = seen, whole, None
        else:
            parquet, quarantine = self.job.aside / "fitting.parquet", self.job.aside / "quarantine.parquet"
            landed = self._copy(self._fitting_sql(whole), parquet)
            written = self._write_quarantine(whole, quarantine)
            if written != quarantined or landed.rows + written != rows_read:
                raise FileError(
                    f"rows do not add up: read {rows_read}, landed {landed.rows}, quarantined {written};"
                    " nothing was kept"
                )
        last = landed.last
        if last is not None and last > self.job.loaded_at:
            last = self._last_event_before_load(parquet)
        return Written(
            rows_read=rows_read,
            rows_landed=landed.rows,
            rows_quarantined=quarantined,
            first_event_at=landed.first,
            last_event_at=last,
            new_columns=self.source.new_columns,
            parquet=parquet,
            quarantine=quarantine,
        )

    # --- statements ---------------------------------------------------------------------------------------------------

    def _rows_sql(self) -> str:
        """Every readable row, cast; the batch id is NULL where the row does not fit."""
        picked = [f"{_cast_name(column)} as {identifier(column.name)}" for column in self.source.columns]
        picked += [f"cast(null as {column.storage_type}) as {identifier(column.name)}" for column in self.source.absent]
        fits = self._fits()
        batch_id = (
            f"case when {' and '.join(fits)} then {quote(self.job.batch_id)} end" if fits else quote(self.job.batch_id)
        )
        loaded_at = f"cast({quote(self.job.loaded_at.isoformat(sep=' '))} as timestamp)"
        return (
            f"select {', '.join(picked)}, {batch_id} as _batch_id, {loaded_at} as _loaded_at from ({self._cast_sql()})"
        )

    def _cast_sql(self) -> str:
        casts = ", ".join(f"{self.casts[column.raw].value} as {_cast_name(column)}" for column in self.source.columns)
        return f"select *, {casts} from ({self.source.sql})"

    def _fits(self) -> list[str]:
        unreadable = [f"not {self.source.unreadable}"] if self.source.unreadable else []
        return unreadable + [cast.fits for cast in self.casts.values() if cast.fits]

    def _fitting_sql(self, whole: Path) -> str:
        """The rows that fit, with their number in the file, which counts the lines that could not be read."""
        return f"""
            select seen.* exclude (position, file_row_number), {_ROW_NUMBER} as _row_number
            from (
                select *, file_row_number + 1 as position from read_parquet({quote(whole)}, file_row_number = true)
            ) as seen
            {_JOIN_RANKS}
            where seen._batch_id is not null
        """

    def _write_quarantine(self, whole: Path, target: Path) -> int:
        """Write one row a value that does not fit, and one a line that cannot be read; returns the rows concerned."""
        found = ", ".join(self._findings())
        raw_row = self.source.raw_row or self._raw_row()
        self.con.execute(f"""
            copy (
                with marked as (
                    select file_row_number + 1 as position
                    from read_parquet({quote(whole)}, file_row_number = true)
                    where _batch_id is null
                ),
                seen as (select *, row_number() over () as position from ({self._cast_sql()})),
                found as (
                    select
                        {_ROW_NUMBER} as row_number,
                        unnest(list_filter([{found}], lambda finding: finding is not null)) as finding,
                        {raw_row} as raw_row
                    from seen
                    {_JOIN_RANKS}
                    where seen.position in (select position from marked)
                )
                select {quote(self.job.source_name)} as source_name, row_number, finding.column_name as column_name,
                    finding.value as value, finding.reason as reason, raw_row
                from found
                union all
                select {quote(self.job.source_name)}, row_number, null, null, reason, line from landing_unread
                order by row_number, column_name
            ) to {quote(target)} ({PARQUET_OPTIONS})
        """)
        result = self.con.execute(f"select count(distinct row_number) from read_parquet({quote(target)})").fetchone()
        return int(result[0]) if result else 0

    def _findings(self) -> list[str]:
        findings = []
        guard = ""
        if self.source.unreadable:
            finding = _finding(None, "null", "the line is not a JSON object with distinct keys")
            findings.append(f"case when {self.source.unreadable} then {finding} end")
            guard = f"not {self.source.unreadable} and "
        for column in self.source.columns:
            cast = self.casts[column.raw]
            if cast.fits:
                value = f"cast({column.raw} as varchar)"
                absent = f"({value} is null or trim({value}) = '')"
                wrong, empty = _finding(column.name, value, cast.reason), _finding(column.name, value, MISSING)
                findings.append(
                    f"case when {guard}not {cast.fits} then case when {absent} then {empty} else {wrong} end end"
                )
        return findings

    def _raw_row(self) -> str:
        pairs = ", ".join(f"{quote(column.name)}: {column.raw}" for column in self.source.columns)
        return f"cast(to_json({{{pairs}}}) as varchar)"

    def _keep_rejects(self) -> int:
        """Move the reader's rejected lines into ``landing_unread``, and into ``landing_ranks`` what they shift.

        A row that was read is numbered by its position among the rows read; every rejected line before it adds one.
        """
        lines = "select null::bigint as row_number, null::varchar as reason, null::varchar as line where false"
        if self.source.rejects_table:
            lines = (
                f"select cast(line as bigint) - {self.source.header_records} as row_number,"
                f" min({_REJECT_REASON}) as reason, any_value(csv_line) as line"
                f" from {self.source.rejects_table} group by line"
            )
        self.con.execute(f"create or replace temp table landing_unread as {lines}")
        self.con.execute("""
            create or replace temp table landing_ranks as
            select row_number - rank as read_before, max(rank) as shift
            from (select row_number, row_number() over (order by row_number) as rank from landing_unread)
            group by read_before
        """)
        self._check_rejects()
        result = self.con.execute("select count(*) from landing_unread").fetchone()
        return int(result[0]) if result else 0

    def _check_rejects(self) -> None:
        """A file in another encoding or with a quote left open is wrong as a whole, however few lines it shows in."""
        if not self.source.rejects_table:
            return
        fatal = self.con.execute(f"""
            select error_type, min(line) from {self.source.rejects_table}
            where error_type = 'INVALID ENCODING'
                or (error_type = 'UNQUOTED VALUE' and error_message like '%unterminated%')
            group by error_type order by error_type
        """).fetchall()
        for error_type, line in fatal:
            if error_type == "INVALID ENCODING":
                encoding = self.table.csv.encoding
                raise FileError(
                    f"line {line} is not {encoding}, the encoding of its contract;"
                    f" export it as {encoding} or change csv.encoding"
                )
            raise FileError(
                f"a quote opened in line {line} is never closed, so the rest cannot be read; export it again"
            )

    def _last_event_before_load(self, parquet: Path) -> datetime | None:
        event = identifier(self.table.event_time or "")
        result = self.con.execute(
            f"select max(cast({event} as timestamp)) from read_parquet({quote(parquet)}) where {event} <= _loaded_at"
        ).fetchone()
        return result[0] if result else None

    def _copy(self, sql: str, target: Path) -> _Statistics:
        result = self.con.execute(f"copy ({sql}) to {quote(target)} ({PARQUET_OPTIONS}, return_stats)").fetchone()
        if result is None:
            raise FileError("the writer returned no counts; nothing was kept")
        rows, columns = int(result[1]), result[4] or {}
        marked = int(columns.get('"_batch_id"', {}).get("null_count", 0))
        event = columns.get(identifier(self.table.event_time), {}) if self.table.event_time else {}
        return _Statistics(rows, marked, _stamp(event.get("min")), _stamp(event.get("max")))


MISSING = "the value is empty, and the contract requires it"

_JOIN_RANKS = "asof left join landing_ranks on seen.position > landing_ranks.read_before"
_ROW_NUMBER = "seen.position + coalesce(landing_ranks.shift, 0)"

_REJECT_REASON = """case error_type
    when 'MISSING COLUMNS' then 'the line has too few columns'
    when 'TOO MANY COLUMNS' then 'the line has too many columns'
    when 'UNQUOTED VALUE' then 'the line has text outside its quotes'
    when 'LINE SIZE OVER MAXIMUM' then 'the line is longer than 16 MB'
    else 'the line cannot be read as csv'
end"""


def _cast(column: RawColumn) -> Cast:
    if column.contract is None:
        return Cast(column.raw, None, "")
    return from_native(column.contract, column.raw, column.raw_type, _cast_name(column))


def _cast_name(column: RawColumn) -> str:
    return f"cast_{column.raw}"


def _finding(column_name: str | None, value: str, reason: str) -> str:
    name = quote(column_name) if column_name else "cast(null as varchar)"
    return f"{{'column_name': {name}, 'value': cast({value} as varchar), 'reason': {quote(reason)}}}"


def _stamp(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _forget_rejects(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("drop table if exists landing_rejects")
    con.execute("drop table if exists landing_rejects_scan")


def _explain(table: Table, error: duckdb.Error) -> str:
    """The reason without the engine's message, which quotes lines and values of the file."""
    text = str(error)
    where = _LINE.search(text)
    line = f" near line {where[1]}" if where else ""
    if "utf-8" in text.lower() or "unicode" in text.lower():
        return f"it is not valid UTF-8{line}; export it as UTF-8"
    if table.format == "parquet":
        return "it is not a complete Parquet file; export it again"
    return (
        f"it cannot be read as {table.format}{line} ({type(error).__name__});"
        f" compare it with the contract of {table.relation_name}"
    )
