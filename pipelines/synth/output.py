"""Writing files: CSV, JSON Lines, Parquet, the same bytes for the same frames, with counts.

Belongs here: encodings, ordering of parts, planted dirt at the level of lines (repeats, broken rows). Stays out: what a
vendor's row looks like (vendors/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl


@dataclass
class Output:
    """Where files go and what has been written; ``dirt`` lists every planted fault of a file's lines."""

    root: Path
    files: int = 0
    rows: int = 0
    size: int = 0
    dirt: list[dict[str, str | int]] = field(default_factory=list)

    def parquet(self, path: str, frame: pl.DataFrame) -> None:
        target = self.target(path)
        frame.write_parquet(target, compression="zstd", statistics=True, row_group_size=250_000)
        self.count(target, len(frame))

    def jsonl(self, path: str, frame: pl.DataFrame, broken: Sequence[str] = ()) -> None:
        """One JSON object a row; ``broken`` lines are put at the end as they are."""
        target = self.target(path)
        with target.open("wb") as handle:
            frame.write_ndjson(handle)
            for line in broken:
                handle.write(line.encode() + b"\n")
        self._dirt(path, len(frame), broken)
        self.count(target, len(frame) + len(broken))

    def csv(
        self,
        path: str,
        frame: pl.DataFrame,
        *,
        delimiter: str = ",",
        encoding: str = "utf-8",
        extra_headers: Sequence[str] = (),
        broken: Sequence[str] = (),
    ) -> None:
        """A header line, further header lines where a vendor has them, one line a row."""
        target = self.target(path)
        header = delimiter.join(frame.columns)
        body = frame.write_csv(separator=delimiter, include_header=False)
        with target.open("wb") as handle:
            for line in (header, *extra_headers):
                handle.write(line.encode(encoding) + b"\n")
            handle.write(body.encode(encoding, errors="replace"))
            for line in broken:
                handle.write(line.encode(encoding, errors="replace") + b"\n")
        self._dirt(path, len(frame), broken)
        self.count(target, len(frame) + len(broken))

    def target(self, path: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def count(self, target: Path, rows: int) -> None:
        self.files += 1
        self.rows += rows
        self.size += target.stat().st_size

    def _dirt(self, path: str, rows: int, broken: Sequence[str]) -> None:
        self.dirt += [{"file": path, "row_number": rows + i + 1, "what": "broken row"} for i in range(len(broken))]


def iso(column: str, *, zone: str = "UTC") -> pl.Expr:
    """ISO 8601 with seconds and Z or an offset, of microseconds since the epoch; null where 0."""
    stamp = pl.when(pl.col(column) > 0).then(pl.col(column)).cast(pl.Datetime("us", "UTC"))
    if zone == "UTC":
        return stamp.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias(column)
    return stamp.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%dT%H:%M:%S%:z").alias(column)


def plain_time(column: str, *, zone: str = "UTC") -> pl.Expr:
    """``YYYY-MM-DD HH:MM:SS`` of microseconds since the epoch, as a zone's wall clock shows it; null where 0."""
    stamp = pl.when(pl.col(column) > 0).then(pl.col(column)).cast(pl.Datetime("us", "UTC"))
    return stamp.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S").alias(column)


def money(cents: pl.Expr) -> pl.Expr:
    """Decimal text of cents."""
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.format("{}{}.{}", sign, cents.abs() // 100, (cents.abs() % 100).cast(pl.String).str.zfill(2))
