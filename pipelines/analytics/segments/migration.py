"""Who moved from which segment to which over a quarter of a year, and what moved them.

Belongs here: the matrix of moves. Stays out: the history it is read from (history.py).

The segment before is the one that is true of the day 91 days earlier by what is known today; ``(new)`` where the person
was not known then, ``(gone)`` where the person is no customer of the base any more. Rows of a segment before sum to its
people then, and columns of a segment now to its people now: a small move is hidden with companions until neither sum
gives it away.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.analytics import disclosure, stats
from pipelines.analytics.disclosure import Sum
from pipelines.analytics.tables import TABLES

DAYS = 91
NEW, GONE = "(new)", "(gone)"
MOVED = ("scheme_id", "customer_id", "segment_id", "moved_by", "valid_from", "valid_to", "known_to")
PLACE = ["scheme_id", "from_segment", "to_segment"]


def moves(history: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """scheme_id, customer_id, from_segment, to_segment, moved_by of the last move (null for those who stayed)."""
    believed = history.filter(pl.col("known_to").is_null())

    def at(day: date) -> pl.DataFrame:
        is_true = (pl.col("valid_from") <= day) & (pl.col("valid_to") > day).fill_null(value=True)
        return believed.filter(is_true)

    member = ["scheme_id", "customer_id"]
    before = at(as_of - timedelta(days=DAYS)).select(*member, pl.col("segment_id").alias("from_segment"))
    after = at(as_of).select(*member, pl.col("segment_id").alias("to_segment"), "moved_by")
    both = before.join(after, on=member, how="full", coalesce=True)
    return both.with_columns(
        pl.col("from_segment").fill_null(NEW),
        pl.col("to_segment").fill_null(GONE),
    ).with_columns(pl.when(pl.col("from_segment") != pl.col("to_segment")).then("moved_by").alias("moved_by"))


def hidden_moves(counted: pl.DataFrame, min_cell: int) -> pl.Series:
    """Whether each move of one scheme must be hidden: small ones, and those whose row or column gives one away."""
    counts = counted["n"].to_list()
    sums = []
    for side in ("from_segment", "to_segment"):
        for part in counted.with_row_index("_row").partition_by(side, maintain_order=True):
            counts.append(int(part["n"].sum()))
            sums.append(Sum(len(counts) - 1, tuple(part["_row"].to_list())))
    hidden = disclosure.hide(counts, sums, min_cell)
    return pl.Series([row in hidden for row in range(counted.height)], dtype=pl.Boolean)


def build_segment_migration(*, history: pl.DataFrame, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """One row per scheme, segment before and segment now with a person in it."""
    table = TABLES["segment_migration"]
    counted = (
        moves(history, as_of)
        .group_by(PLACE)
        .agg(
            pl.len().cast(pl.Int64).alias("n"), pl.col("moved_by").drop_nulls().sort().mode(maintain_order=True).first()
        )
        .sort(PLACE)
    )
    if counted.is_empty():
        return table.empty()
    of_row = pl.col("n").sum().over("scheme_id", "from_segment")
    parts = [
        part.with_columns(hidden_moves(part, min_cell).alias("_hide"))
        for part in counted.with_columns(of_row.alias("_all")).partition_by("scheme_id", maintain_order=True)
    ]
    frame = pl.concat(parts)
    share = stats.wilson(frame["n"].to_numpy(), frame["_all"].to_numpy())
    frame = frame.with_columns(
        *(pl.Series(name, getattr(share, name), pl.Float64) for name in ("value", "lo", "hi")),
        pl.lit("customers of the segment before").alias("basis"),
        pl.when(~pl.col("_hide")).then("moved_by").alias("moved_by"),
    )
    return table.conform(disclosure.blank(frame, table, pl.col("_hide")), as_of=as_of, run_id=run_id)
