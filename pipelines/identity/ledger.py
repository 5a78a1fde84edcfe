"""The ledger: what people decided about pairs of records, replayed on every run.

Belongs here: checking the two seeds ``identity_never_match`` and ``identity_always_match`` and turning them into pairs.
Stays out: applying them (``clusters``). Rows about records that are not there are kept and counted, not an error: a
system may be switched off today and back tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

LEDGER_SCHEMA = {
    "node_id_a": pl.String,
    "node_id_b": pl.String,
    "decided_by": pl.String,
    "decided_at": pl.Date,
    "reason": pl.String,
}


class LedgerError(ValueError):
    """A row of the ledger is incomplete or contradicts another; the message names the records."""


@dataclass(frozen=True)
class Ledger:
    """Pairs that are never one person, pairs that always are; the smaller record first, no pair twice."""

    never: pl.DataFrame
    always: pl.DataFrame
    n_idle: int = 0
    """Rows that name a record which is not there today."""


def empty_ledger() -> Ledger:
    return Ledger(pl.DataFrame(schema=LEDGER_SCHEMA), pl.DataFrame(schema=LEDGER_SCHEMA))


def read_ledger(never: pl.DataFrame, always: pl.DataFrame, nodes: pl.Series) -> Ledger:
    """The ledger as it applies to these records.

    Args:
        never, always: the seeds: columns of ``LEDGER_SCHEMA``; order of rows and of the two records does not matter.
        nodes: every ``node_id`` there is.

    Raises:
        LedgerError: a row lacks a record, a name or a reason, names one record twice, or the two seeds contradict each
            other, directly or over a chain of always_match rows.
    """
    checked = {name: _pairs(name, frame) for name, frame in (("never_match", never), ("always_match", always))}
    _check_contradictions(checked["never_match"], checked["always_match"])
    known = {
        name: frame.filter(pl.col("node_id_a").is_in(nodes.implode()) & pl.col("node_id_b").is_in(nodes.implode()))
        for name, frame in checked.items()
    }
    n_idle = sum(frame.height for frame in checked.values()) - sum(frame.height for frame in known.values())
    return Ledger(known["never_match"], known["always_match"], n_idle)


def _pairs(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    text = [column for column, dtype in LEDGER_SCHEMA.items() if dtype == pl.String]
    rows = frame.select(
        *[pl.col(column).cast(pl.String).str.strip_chars() for column in text], pl.col("decided_at").cast(pl.Date)
    )
    for column in LEDGER_SCHEMA:
        empty = rows.filter(pl.col(column).is_null() | (pl.col(column).cast(pl.String) == ""))
        if empty.height:
            where = empty.row(0, named=True)
            raise LedgerError(
                f"identity_{name}: the row of {where['node_id_a']} and {where['node_id_b']} has no {column}; "
                "each decision says which two records, who, when and why"
            )
    selfish = rows.filter(pl.col("node_id_a") == pl.col("node_id_b"))
    if selfish.height:
        raise LedgerError(f"identity_{name}: {selfish['node_id_a'][0]} stands beside itself")
    return (
        rows.with_columns(
            pl.min_horizontal("node_id_a", "node_id_b").alias("node_id_a"),
            pl.max_horizontal("node_id_a", "node_id_b").alias("node_id_b"),
        )
        .sort(*LEDGER_SCHEMA)
        .unique(["node_id_a", "node_id_b"], keep="first", maintain_order=True)
        .select(*LEDGER_SCHEMA)
    )


def _check_contradictions(never: pl.DataFrame, always: pl.DataFrame) -> None:
    if never.is_empty() or always.is_empty():
        return
    nodes = pl.concat([always["node_id_a"], always["node_id_b"]]).unique().sort()
    code = pl.DataFrame({"node_id": nodes}).with_row_index("code")

    def codes(frame: pl.DataFrame, column: str) -> pl.Series:
        return frame.join(code, left_on=column, right_on="node_id", how="left", maintain_order="left")["code"]

    a, b = codes(always, "node_id_a").to_numpy(), codes(always, "node_id_b").to_numpy()
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(nodes), len(nodes)))
    _, component = connected_components(graph, directed=False)
    joined = pl.Series("joined", component)
    left, right = (joined.gather(codes(never, column)) for column in ("node_id_a", "node_id_b"))
    wrong = never.filter((left == right).fill_null(value=False))
    if wrong.height:
        pair = wrong.row(0, named=True)
        raise LedgerError(
            f"the ledger contradicts itself: {pair['node_id_a']} and {pair['node_id_b']} are never one person "
            "(identity_never_match), and always one (identity_always_match)"
        )
