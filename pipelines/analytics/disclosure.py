"""Small cells: which counts must not be shown, and which others would give them away.

Belongs here: primary suppression (a count of 1 to k - 1; zero may be shown) and complementary suppression (a hidden
count that follows from published totals, or whose hidden companions add up to a small cell). Stays out: pseudonyms
and the whitelist, which are publishing's. The unit is whatever the table counts: persons, carts, tickets, answers.
A threshold is on counts that are shown: what remains of a base beside a rate is no cell.

A table of counts is a set of cells ``(dimension, group, period)``. These sums are known to readers, and defended: the
groups of a dimension make the company, the quarters make ``all``, product lines make their division.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipelines.analytics.cells import ALL, COMPANY, UNKNOWN
from pipelines.analytics.table import Table

Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Sum:
    """One published sum: the total is the sum of its parts. Numbers are positions of cells."""

    total: int
    parts: tuple[int, ...]

    @property
    def members(self) -> tuple[int, ...]:
        return (*self.parts, self.total)


def is_small(count: pl.Expr, min_cell: int) -> pl.Expr:
    """True for 1 to min_cell - 1."""
    return count.is_between(1, min_cell - 1)


def sums_of(cells: Sequence[Cell], parents: Mapping[str, str]) -> list[Sum]:
    """The sums known to a reader of these cells. ``parents`` maps each product line to its division.

    Lines make their division only where no row lacks its line: those without one belong to nobody knows which division.
    """
    position = {cell: number for number, cell in enumerate(cells)}
    parts: dict[Cell, list[int]] = {}
    for (dimension, group, period), number in position.items():
        if dimension != COMPANY:
            parts.setdefault((COMPANY, ALL, period), []).append(number)
        if period != ALL:
            parts.setdefault((dimension, group, ALL), []).append(number)
        if dimension == "product_line" and ("product_line", UNKNOWN, period) not in position and group in parents:
            parts.setdefault(("division", parents[group], period), []).append(number)
    # The company total has parts of several dimensions and of the quarters: each is a sum of its own.
    sums: dict[tuple[Cell, str], list[int]] = {}
    for total, numbers in parts.items():
        for number in numbers:
            dimension, _, period = cells[number]
            kind = "periods" if period != total[2] else dimension
            sums.setdefault((total, kind), []).append(number)
    return [Sum(position[total], tuple(numbers)) for (total, _), numbers in sums.items() if total in position]


def derivable(hidden: Sequence[int], sums: Sequence[Sum]) -> list[int]:
    """The hidden cells whose exact count follows from the published ones by linear algebra."""
    column = {cell: number for number, cell in enumerate(hidden)}
    entries = [
        (row, column[cell], -1.0 if cell == known.total else 1.0)
        for row, known in enumerate(sums)
        for cell in known.members
        if cell in column
    ]
    if not entries:
        return []
    rows, columns, signs = (np.array(values) for values in zip(*entries, strict=True))
    equations = sparse.csr_matrix((signs, (rows, columns)), shape=(len(sums), len(hidden)))
    # Cells that no chain of sums links cannot tell of each other: each block is solved on its own.
    _, block = connected_components(abs(equations).T @ abs(equations))
    found: list[int] = []
    for number in np.unique(block[columns]):
        members = np.flatnonzero(block == number)
        part = equations[:, members]
        _, singular, basis = np.linalg.svd(part[part.getnnz(axis=1) > 0].toarray(), full_matrices=True)
        free = basis[int((singular > 1e-9).sum()) :]
        settled = np.linalg.norm(free, axis=0) < 1e-9
        found += [hidden[member] for member in members[settled].tolist()]
    return sorted(found)


def hide(counts: Sequence[int], sums: Sequence[Sum], min_cell: int) -> set[int]:
    """Positions to hide: every small count, then the smallest companions until nothing follows from what is left."""
    hidden = {cell for cell, count in enumerate(counts) if 0 < count < min_cell}
    of_cell: dict[int, list[Sum]] = {}
    for known in sums:
        for cell in known.members:
            of_cell.setdefault(cell, []).append(known)

    def is_leaky(known: Sum) -> bool:
        secret = [cell for cell in known.members if cell in hidden]
        small_rest = known.total not in hidden and 0 < sum(counts[cell] for cell in secret) < min_cell
        return len(secret) == 1 or small_rest

    def companion(known: Sum) -> int | None:
        shown = [cell for cell in known.members if cell not in hidden and counts[cell] > 0]
        # One that closes a leak elsewhere, and opens none, is worth more than a small one; a total is the last resort.
        return min(shown, key=lambda cell: (cell == known.total, opened(cell, known), counts[cell], cell), default=None)

    def opened(cell: int, known: Sum) -> int:
        others = [other for other in of_cell[cell] if other is not known]
        untouched = sum(not any(member in hidden for member in other.members) for other in others)
        return untouched - sum(map(is_leaky, others))

    def close(leaks: Sequence[Sum]) -> bool:
        for known in leaks:
            cell = companion(known)
            if cell is not None:
                hidden.add(cell)
                return True
        return False

    def settling() -> list[Sum]:
        """The sums by which hidden cells follow: their own, then those of the hidden cells these share, and so on."""
        followed, found, reached = derivable(sorted(hidden), sums), dict[Sum, None](), set[int]()
        while followed:
            reached.update(followed)
            near = [known for cell in followed for known in of_cell.get(cell, ()) if known not in found]
            found |= dict.fromkeys(near)
            followed = [cell for known in near for cell in known.members if cell in hidden and cell not in reached]
        return list(found)

    # Linear algebra is the dear check, so the sums are looked at one by one first.
    while close([known for known in sums if is_leaky(known)]) or close(settling()):
        pass
    return hidden


def protect(
    frame: pl.DataFrame,
    counts: Sequence[str],
    *,
    table_by: Sequence[str],
    dimension: str,
    group: str,
    period: str | None,
    min_cell: int,
    parents: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The frame with one boolean column ``hide_<count>`` for each count column; a null count is no cell.

    ``table_by`` separates tables that share no total (metric, basis …).
    """
    numbered = frame.with_row_index("_row").with_columns(
        (pl.col(period) if period else pl.lit(ALL)).alias("_period"),
        *(pl.lit(value=False).alias(f"hide_{count}") for count in counts),
    )
    for count in counts:
        rows: list[int] = []
        used = numbered.filter(pl.col(count).fill_null(0) > 0)
        if used.filter(is_small(pl.col(count), min_cell)).is_empty():
            continue
        for part in used.partition_by(list(table_by), maintain_order=True) if table_by else [used]:
            if part.filter(is_small(pl.col(count), min_cell)).is_empty():
                continue
            ordered = part.sort(dimension, group, "_period")
            cells: list[Cell] = ordered.select(dimension, group, "_period").rows()
            numbers = ordered["_row"].to_list()
            hidden = hide(ordered[count].to_list(), sums_of(cells, parents or {}), min_cell)
            rows.extend(numbers[cell] for cell in hidden)
        numbered = numbered.with_columns(pl.col("_row").is_in(rows).alias(f"hide_{count}"))
    return numbered.drop("_row", "_period")


def blank(frame: pl.DataFrame, table: Table, hidden: pl.Expr) -> pl.DataFrame:
    """Set ``suppressed`` and take every number of a suppressed row away, its key aside."""
    numbers = [
        name
        for name, dtype in table.schema.items()
        if dtype.is_numeric() and name not in table.key and name in frame.columns
    ]
    return frame.with_columns(hidden.alias("suppressed")).with_columns(
        pl.when(~pl.col("suppressed")).then(pl.col(name)).alias(name) for name in numbers
    )
