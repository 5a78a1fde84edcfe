"""Delimited text as a source.

Belongs here: DuckDB's CSV reader with every option spelled out (nothing is guessed from a sample), and the header.
Stays out: what becomes of the lines the reader rejects (``quarantine``).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from itertools import islice
from pathlib import Path

from pipelines.contract import Table
from pipelines.ingest.files import CHUNK_BYTES, FileError
from pipelines.ingest.source import (
    BUFFER_BYTES,
    MAX_LINE_BYTES,
    REJECTS_TABLE,
    RawColumn,
    Source,
    absent_columns,
    match_columns,
)
from pipelines.warehouse import quote

MAX_HEADER_BYTES = 1024 * 1024


def read_csv(table: Table, path: Path) -> Source:
    """Open a delimited file; every column arrives as text, empty values as NULL.

    Raises:
        FileError: the header lacks a required column, or the file is in another encoding than its contract says.
    """
    options = table.csv
    if options.encoding == "latin-1" and _is_utf8_with_accents(path):
        raise FileError("it is UTF-8, but its contract says latin-1; export it as latin-1 or change csv.encoding")
    header = _header(table, path)
    header_records = 1 + options.skip_after_header if options.header else 0
    columns = match_columns(table, header)
    names = ", ".join(f"'r{position}': 'varchar'" for position in range(len(header)))
    nulls = ", ".join(quote(value) for value in ("", *options.null_values))
    escape = options.quote if options.escape is None else options.escape
    # DuckDB's skip counts records, so a quoted line break in a header record does no harm.
    reader = (
        f"read_csv({quote(path)}, columns = {{{names}}}, auto_detect = false, header = false, skip = {header_records},"
        f" delim = {quote(options.delimiter)}, quote = {quote(options.quote)}, escape = {quote(escape)},"
        f" encoding = {quote(options.encoding)}, nullstr = [{nulls}], max_line_size = {MAX_LINE_BYTES},"
        f" buffer_size = {BUFFER_BYTES},"
        f" store_rejects = true, rejects_table = '{REJECTS_TABLE}', rejects_scan = '{REJECTS_TABLE}_scan',"
        f" rejects_limit = 0)"
    )
    picked = ", ".join(_picked(column, len(header) - 1, options.line_suffix) for column in columns)
    return Source(
        sql=f"select {picked} from {reader}",
        columns=columns,
        absent=absent_columns(table, columns),
        header_records=header_records,
    )


def unify_line_ends(table: Table, path: Path, target: Path) -> None:
    """Write a copy whose lines all end alike: DuckDB reads no file that mixes line ends.

    A line break within quotes is changed, too.
    """
    encoding = "utf-16" if table.csv.encoding == "utf-16" else "latin-1"  # latin-1 maps every byte to itself and back
    with path.open(encoding=encoding, newline=None) as lines, target.open("w", encoding=encoding, newline="\n") as out:
        while chunk := lines.read(CHUNK_BYTES):
            out.write(chunk)


def _picked(column: RawColumn, last: int, suffix: str) -> str:
    if not suffix or column.raw != f"r{last}":
        return column.raw
    return f"nullif(regexp_replace({column.raw}, {quote(re.escape(suffix) + '$')}, ''), '') as {column.raw}"


def _header(table: Table, path: Path) -> list[str]:
    """The file's column names, in order; the contract's, where files come without a header."""
    options = table.csv
    if not options.header:
        return [column.source_name for column in table.columns]
    encoding = "utf-8-sig" if options.encoding == "utf-8" else options.encoding
    with path.open("rb") as file:
        text = file.read(MAX_HEADER_BYTES).decode(encoding, errors="replace")
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
    if len(head) < 1 + options.skip_after_header or not head[0]:
        raise FileError(f"it has fewer than the {1 + options.skip_after_header} header lines of its contract")
    names = [name.strip() for name in head[0]]
    if options.line_suffix:
        names[-1] = names[-1].removesuffix(options.line_suffix)
    return names


def _is_utf8_with_accents(path: Path) -> bool:
    """Whether a file has characters beyond ASCII and all of them are UTF-8, which Latin-1 text is next to never."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    ascii_only = True
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                ascii_only = ascii_only and chunk.isascii()
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return not ascii_only
