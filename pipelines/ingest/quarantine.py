"""Rows that do not fit their contract: kept beside the raw layer with the reason.

Belongs here: which lines the reader rejected, how they shift the numbering, and writing the quarantine file. Stays out:
landing the rows that fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.contract import Table
from pipelines.ingest.casts import MISSING, Cast
from pipelines.ingest.files import PARQUET_OPTIONS, FileError
from pipelines.ingest.source import REJECTS_TABLE, Source, cast_name
from pipelines.warehouse import quote

QUARANTINE_COLUMNS = ("source_name", "row_number", "column_name", "value", "reason", "raw_row")
"""One row a value that does not fit, or a line that cannot be read (``column_name`` and ``value`` NULL then).

``row_number`` counts the data rows of the file from 1, blank lines left out, ``raw_row`` is the row as text.
"""

NOT_AN_OBJECT = "the line is not a JSON object with distinct keys"

_BLOCK = 4096

ROW_NUMBER = """seen.position + greatest(
    landing_ranks.base,
    coalesce(
        list_max(
            list_transform(
                list_filter(landing_ranks.steps, lambda step: step.from_position <= seen.position),
                lambda step: step.shift
            )
        ),
        0
    )
)"""
JOIN_RANKS = f"inner join landing_ranks on landing_ranks.block = seen.position // {_BLOCK}"
"""To number rows of a relation ``seen`` by their ``position`` (from 1) among the rows that were read.

A hash join with a small table streams the rows; a join by range would hold all of them in memory.
"""

_REJECT_REASON = """case error_type
    when 'MISSING COLUMNS' then 'the line has too few columns'
    when 'TOO MANY COLUMNS' then 'the line has too many columns'
    when 'UNQUOTED VALUE' then 'the line has text outside its quotes'
    when 'LINE SIZE OVER MAXIMUM' then 'the line is longer than 16 MB'
    else 'the line cannot be read as csv'
end"""


def forget_rejects(con: duckdb.DuckDBPyConnection) -> None:
    """Clear what the CSV reader noted before: it appends, and the next file must start from nothing."""
    con.execute(f"drop table if exists {REJECTS_TABLE}")
    con.execute(f"drop table if exists {REJECTS_TABLE}_scan")


def count_rejects(con: duckdb.DuckDBPyConnection, table: Table, source: Source) -> int:
    """How many lines the CSV reader rejected in the pass just made.

    Raises:
        FileError: a line shows that the whole file is wrong, however few lines it shows in: another encoding, or a
            quote that is never closed.
    """
    if source.header_records is None:
        return 0
    found = con.execute(f"""
        select
            count(distinct line),
            min(line) filter (where error_type = 'INVALID ENCODING'),
            min(line) filter (
                where error_type = 'UNQUOTED VALUE' and (contains(csv_line, chr(10)) or contains(csv_line, chr(13)))
            )
        from {REJECTS_TABLE}
    """).fetchone() or (0, None, None)
    lines, wrong_encoding, open_quote = found
    if wrong_encoding is not None and open_quote is None:
        encoding = table.csv.encoding
        raise FileError(
            f"record {wrong_encoding} is not {encoding}, the encoding of its contract;"
            f" export it as {encoding} or change csv.encoding"
        )
    if open_quote is not None:
        raise FileError(f"a quote opened in record {open_quote} is not closed as it should be; export it again")
    return int(lines)


def keep_rejects(con: duckdb.DuckDBPyConnection, source: Source, rows: int) -> None:
    """Move the rejected lines into ``landing_unread``, and into ``landing_ranks`` what they shift.

    A row that was read is numbered by its position among the ``rows`` read; every rejected line before it adds one.
    ``landing_ranks`` has one row a block of positions: the shift at its start and the steps within it.
    """
    lines = "select null::bigint as row_number, null::varchar as reason, null::varchar as line where false"
    if source.header_records is not None:
        lines = (
            f"select cast(line as bigint) - {source.header_records} as row_number, min({_REJECT_REASON}) as reason,"
            f" any_value(csv_line) as line from {REJECTS_TABLE} group by {REJECTS_TABLE}.line"
        )
    con.execute(f"create or replace temp table landing_unread as {lines}")
    con.execute(f"""
        create or replace temp table landing_ranks as
        with ranked as (
            select row_number, row_number() over (order by row_number) as rank from landing_unread
        ),
        steps as (
            select row_number - rank + 1 as from_position, max(rank) as shift from ranked group by from_position
        ),
        per_block as (
            select
                from_position // {_BLOCK} as block,
                list({{'from_position': from_position, 'shift': shift}}) as steps,
                max(shift) as last_shift
            from steps
            group by block
        )
        select
            blocks.block,
            coalesce(
                max(per_block.last_shift) over (order by blocks.block rows between unbounded preceding and 1 preceding),
                0
            ) as base,
            coalesce(per_block.steps, []) as steps
        from (select unnest(range({rows} // {_BLOCK} + 1)) as block) as blocks
        left join per_block on blocks.block = per_block.block
    """)


def write_quarantine(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    casts: Mapping[str, Cast],
    *,
    whole: Path,
    source_name: str,
    target: Path,
) -> int:
    """Write the quarantine of one file; returns how many of its rows are in it.

    ``whole`` holds every row that was read, with a NULL batch id where it does not fit. The file is read again, since
    the casts have not kept what they could not cast.
    """
    cast_values = ", ".join(f"{casts[column.raw].value} as {cast_name(column)}" for column in source.columns)
    con.execute(f"""
        copy (
            select
                {quote(source_name)} as source_name,
                found.row_number,
                found.finding.column_name as column_name,
                found.finding.value as value,
                found.finding.reason as reason,
                cast(found.raw_row as varchar) as raw_row
            from (
                select
                    {ROW_NUMBER} as row_number,
                    unnest(list_filter([{", ".join(_findings(source, casts))}], lambda f: f is not null)) as finding,
                    {source.raw_row or _raw_row(source)} as raw_row
                from (
                    select *, {cast_values}
                    from (select *, row_number() over () as position from ({source.sql}))
                    where position in (
                        select file_row_number + 1
                        from read_parquet({quote(whole)}, file_row_number = true)
                        where _batch_id is null
                    )
                ) as seen
                {JOIN_RANKS}
            ) as found
            union all
            select {quote(source_name)}, row_number, null, null, reason, line from landing_unread
            order by row_number, column_name
        ) to {quote(target)} ({PARQUET_OPTIONS})
    """)
    result = con.execute(f"select count(distinct row_number) from read_parquet({quote(target)})").fetchone()
    return int(result[0]) if result else 0


def _findings(source: Source, casts: Mapping[str, Cast]) -> list[str]:
    """One expression a column: what is wrong with its value, or NULL."""
    findings = []
    guard = ""
    if source.unreadable:
        findings.append(f"case when {source.unreadable} then {_finding(None, 'null', NOT_AN_OBJECT)} end")
        guard = f"not {source.unreadable} and "
    for column in source.columns:
        cast = casts[column.raw]
        if cast.fits:
            value = f"cast({column.raw} as varchar)"
            empty = f"({value} is null or trim({value}) = '')"
            findings.append(
                f"case when {guard}not {cast.fits} then case when {empty} then {_finding(column.name, value, MISSING)}"
                f" else {_finding(column.name, value, cast.reason)} end end"
            )
    return findings or ["null"]


def _finding(column_name: str | None, value: str, reason: str) -> str:
    name = quote(column_name) if column_name else "cast(null as varchar)"
    return f"{{'column_name': {name}, 'value': cast({value} as varchar), 'reason': {quote(reason)}}}"


def _raw_row(source: Source) -> str:
    pairs = ", ".join(f"{quote(column.name)}: {column.raw}" for column in source.columns)
    return f"to_json({{{pairs}}})"
