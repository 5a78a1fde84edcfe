"""What a table is made of, and the last step that makes a frame look like it.

Belongs here: the classes, and columns several tables share. Stays out: the tables, which stand beside by topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl


class TableError(ValueError):
    """A frame does not have the columns its table declares; the message names them."""


@dataclass(frozen=True)
class Column:
    """One column: ``pii`` is none throughout, because analytics never carry direct identifiers."""

    name: str
    dtype: pl.DataType
    description: str
    pii: str = "none"


@dataclass(frozen=True)
class Table:
    """One analytics table. ``grain`` is a sentence; ``key`` is unique and never null."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return {column.name: column.dtype for column in self.columns}

    @property
    def is_estimate(self) -> bool:
        return "suppressed" in self.schema

    @property
    def counts(self) -> tuple[str, ...]:
        """The columns that count units, and so fall under the minimum cell."""
        return tuple(name for name in self.schema if name == "n" or name.startswith("n_"))

    def empty(self) -> pl.DataFrame:
        """No rows, all columns, right types."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame, *, as_of: date, run_id: str) -> pl.DataFrame:
        """Stamp, pick, cast and sort so that the frame is this table; NaN becomes null.

        Raises:
            TableError: a declared column is missing.
        """
        stamped = frame.with_columns(pl.lit(as_of, dtype=pl.Date).alias("as_of"), pl.lit(run_id).alias("run_id"))
        missing = [name for name in self.schema if name not in stamped.columns]
        if missing:
            raise TableError(f"{self.name}: the frame lacks {', '.join(missing)}")
        floats = [name for name, dtype in self.schema.items() if dtype == pl.Float64]
        return (
            stamped.select(pl.col(name).cast(dtype) for name, dtype in self.schema.items())
            .with_columns(pl.col(floats).fill_nan(None))
            .sort(self.key)
        )


STRING, FLOAT, INT, BOOL, DATE = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean(), pl.Date()
TIME = pl.Datetime("us")

STAMP = (
    Column("as_of", DATE, "Date the table speaks for, in the reporting time zone."),
    Column("run_id", STRING, "Run that computed the row."),
)


def estimate(value: str, n: str) -> tuple[Column, ...]:
    """The block every estimate carries, with what ``value`` and ``n`` mean in this table."""
    return (
        Column("value", FLOAT, value),
        Column("lo", FLOAT, "Lower end of the 95 % interval of value."),
        Column("hi", FLOAT, "Upper end of the 95 % interval of value."),
        Column("n", INT, n),
        Column("basis", STRING, "What the estimate rests on; estimates of different bases are never compared."),
        Column("suppressed", BOOL, "True where a cell is below the minimum, or would give one away; then no number."),
    )


def interval(name: str, words: str, how: str = "") -> tuple[Column, ...]:
    """A further number of the row with both ends of its 95 % interval; ``how`` it is made, where that is not plain."""
    made = f", {how}." if how else "."
    return (
        Column(name, FLOAT, words),
        Column(f"{name}_lo", FLOAT, f"Lower end of its 95 % interval{made}"),
        Column(f"{name}_hi", FLOAT, f"Upper end of its 95 % interval{made}"),
    )


def tested(p_raw: str, family: str) -> tuple[Column, ...]:
    """The block of a test among many; ``family`` says which tests are adjusted together."""
    return (
        Column("p_raw", FLOAT, p_raw),
        Column("p_adj", FLOAT, "p adjusted over the family (Benjamini-Hochberg)."),
        Column("family_id", STRING, f"Tests adjusted together: {family}."),
        Column("family_size", INT, "Tests in the family."),
    )


def table(name: str, grain: str, key: str, *columns: Column) -> Table:
    """A table of these columns and the stamp; ``key`` names its columns, separated by blanks."""
    return Table(name, grain, tuple(key.split()), (*columns, *STAMP))


DIMENSION = Column(
    "dimension",
    STRING,
    "company, division, product_line, region, channel, stage (where the person stood), or the id of a segment scheme.",
)
BREAKDOWN = Column(
    "breakdown", STRING, "company, region, another dimension of the rows, or the id of a segment scheme."
)
GROUP = Column("group_id", STRING, "Group of the dimension; all for the company, unknown where no source says.")
PERIOD = Column("period", STRING, "Calendar quarter in the reporting time zone such as 2026Q3, or all.")
SCHEME = Column("scheme_id", STRING, "Segment scheme.")
SEGMENT = Column("segment_id", STRING, "Segment of the scheme.")
