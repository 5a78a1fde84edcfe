"""What a reader hands over: the raw columns of one file, paired with its contract.

Belongs here: the shape every format is brought into, the pairing of columns, and the names of columns no contract
knows. Stays out: any one format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.contract import Column, Table
from pipelines.ingest.files import FileError

MAX_LINE_BYTES = 16 * 1024 * 1024
"""The longest line or JSON object that is read."""

BUFFER_BYTES = 2 * MAX_LINE_BYTES
"""Memory for each piece of a delimited file; DuckDB's own choice is 16 times the longest line."""

REJECTS_TABLE = "landing_rejects"
"""Where DuckDB's CSV reader notes the lines it could not take apart."""


@dataclass(frozen=True)
class RawColumn:
    """A column as the file has it: ``raw`` in the relation, ``name`` in the raw layer, with its contract if any."""

    raw: str
    name: str
    raw_type: str = "varchar"
    contract: Column | None = None


@dataclass(frozen=True)
class Source:
    """One file, readable: ``sql`` selects its raw columns in file order.

    ``raw_row`` names a column of ``sql`` with the whole row as text, ``unreadable`` one that is true where a line could
    not be taken apart; ``known_rows`` is the number of rows, where it was counted apart from ``sql``;
    ``header_records`` is how many records precede the data where lines may be rejected (None where they cannot be);
    ``new_fields`` are nested fields no contract knows, which stay inside their column.
    """

    sql: str
    columns: tuple[RawColumn, ...]
    absent: tuple[Column, ...]
    raw_row: str | None = None
    unreadable: str | None = None
    known_rows: int | None = None
    header_records: int | None = None
    new_fields: tuple[str, ...] = ()

    @property
    def new_columns(self) -> tuple[str, ...]:
        """Columns, and nested fields as ``column.field``, that the contract does not know."""
        return (*(column.name for column in self.columns if column.contract is None), *self.new_fields)


def cast_name(column: RawColumn) -> str:
    """What the column is called once it is cast, beside its raw form."""
    return f"cast_{column.raw}"


def match_columns(table: Table, found: Sequence[str]) -> tuple[RawColumn, ...]:
    """Pair the file's columns with the contract's by name: exactly, or else without regard to case.

    Raises:
        FileError: a required column is missing, or a column the contract knows stands twice.
    """
    exact = {column.source_name: column for column in table.columns}
    folded = {name.casefold(): column for name, column in exact.items()}
    names = Slugs(table)
    columns: list[RawColumn] = []
    used: set[str] = set()
    for position, name in enumerate(found):
        column = exact.get(name)
        if column is None:
            alike = folded.get(name.casefold())
            column = alike if alike is not None and alike.source_name not in found else None
        if column is not None and column.name in used:
            raise FileError(f"column {column.source_name!r} stands twice in it; export it once")
        if column is not None:
            used.add(column.name)
        columns.append(RawColumn(f"r{position}", column.name if column else names.new(name), contract=column))
    require_columns(table, columns, found)
    return tuple(columns)


def absent_columns(table: Table, columns: Sequence[RawColumn]) -> tuple[Column, ...]:
    """The contract's columns that the file does not have."""
    present = {column.name for column in columns}
    return tuple(column for column in table.columns if column.name not in present)


def require_columns(table: Table, columns: Sequence[RawColumn], found: Sequence[str]) -> None:
    """Refuse a file without a required column, and guess at the reason."""
    missing = [column.path or column.source_name for column in absent_columns(table, columns) if column.required]
    if not missing:
        return
    word = "column" if len(missing) == 1 else "columns"
    hint = ""
    if table.format == "csv" and len(found) == 1 and len(table.columns) > 1:
        hint = f"; is its delimiter really {table.csv.delimiter!r}?"
    raise FileError(f"required {word} {', '.join(map(repr, missing))} missing; it has {len(found)} columns{hint}")


class Slugs:
    """Lower-case names for columns the contract does not know, each distinct from every other."""

    def __init__(self, table: Table) -> None:
        self._taken = {column.name for column in table.columns}

    def new(self, name: str) -> str:
        """A name made of ``name`` that has not been given yet."""
        base = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "column"
        if base[0].isdigit():
            base = f"c_{base}"
        slug, n = base, 2
        while slug in self._taken:
            slug, n = f"{base}_{n}", n + 1
        self._taken.add(slug)
        return slug
