"""Ids that stay: which cluster keeps which id, and what became of every other id.

Belongs here: pure functions from clusters and what was known before to ids. Stays out: clustering (``clusters``), the
log and the history (``history``), reading and writing (``resolve``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.identity.frames import Schema, shaped

Codes = NDArray[np.int64]

ID_PREFIX, ID_DIGITS = "c_", 16
"""A new customer id is the prefix and the first hexadecimal digits of the MD5 of the person's smallest node id."""

REDIRECT_SCHEMA: Schema = {
    "customer_id": pl.String,
    "into_customer_id": pl.String,
    "run_id": pl.String,
    "known_from": pl.Datetime("us"),
}
HISTORY_SCHEMA: Schema = {
    "node_id": pl.String,
    "customer_id": pl.String,
    "valid_from": pl.Datetime("us"),
    "valid_to": pl.Datetime("us"),
    "known_from": pl.Datetime("us"),
    "known_to": pl.Datetime("us"),
    "run_id": pl.String,
}


@dataclass(frozen=True)
class Run:
    """The run that decides: its id and its time, later than everything known before."""

    run_id: str
    known_at: datetime


@dataclass(frozen=True)
class Known:
    """What earlier runs left: ``history`` (``HISTORY_SCHEMA``), ``redirects`` (``REDIRECT_SCHEMA``) and every id ever
    ``given`` (from the log: of an erased person nothing else is left).
    """

    history: pl.DataFrame
    redirects: pl.DataFrame
    given: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))

    def last(self) -> datetime | None:
        """The latest time anything was known."""
        found = self.history.select(pl.max_horizontal(pl.col("known_from").max(), pl.col("known_to").max())).item()
        return found if isinstance(found, datetime) else None


def nothing_known() -> Known:
    return Known(pl.DataFrame(schema=HISTORY_SCHEMA), pl.DataFrame(schema=REDIRECT_SCHEMA))


@dataclass(frozen=True)
class Ids:
    """``customer_ids`` in the order of the nodes; ``moves``: the columns of ``MOVE_SCHEMA``."""

    customer_ids: pl.Series
    moves: pl.DataFrame


def stable_ids(nodes: pl.DataFrame, component: Codes, known: Known) -> Ids:
    """Give each cluster the id it shares most records with (ties: the oldest id, then the smaller), no id twice.

    A record that was away and is back counts for the id it had. An id that was ever given is never given to others.

    Args:
        nodes: ``node_id`` (sorted) and ``proposed_id``: the id of a new person of whom this is the smallest record.
        component: cluster of each node.
        known: what earlier runs left.
    """
    frame = nodes.select("node_id", "proposed_id").with_columns(pl.Series("component", component))
    # Nodes are sorted, so the first of a component is its smallest.
    clusters = frame.group_by("component", maintain_order=True).agg(
        pl.col("node_id").first().alias("first_node"),
        pl.col("proposed_id").first(),
        pl.len().cast(pl.Int64).alias("size"),
    )
    before = last_ids(known)
    shared = (
        frame.join(before, on="node_id", how="inner")
        .group_by("component", "previous_id")
        .agg(pl.len().cast(pl.Int64).alias("n_nodes"))
        .join(clusters.select("component", "first_node"), on="component")
        .join(_born(known), on="previous_id", how="left")
    )
    taken = pl.concat([known.history["customer_id"], known.redirects["customer_id"], known.given])
    clusters = clusters.join(_kept_ids(shared), on="component", how="left")
    clusters = clusters.with_columns(
        pl.coalesce(pl.col("previous_id"), _new_ids(clusters, taken=taken)).alias("customer_id")
    )
    ids = frame.join(clusters.select("component", "customer_id"), on="component", how="left", maintain_order="left")
    return Ids(ids["customer_id"], _moves(shared, clusters, before, is_first=known.history.is_empty()))


def last_ids(known: Known) -> pl.DataFrame:
    """The id each record had last: ``node_id``, ``previous_id``, ``was_there`` (in the last map)."""
    last = (
        known.history.sort("known_from")
        .unique("node_id", keep="last", maintain_order=True)
        .join(
            known.redirects.select("customer_id", pl.col("into_customer_id").alias("lives_as")),
            on="customer_id",
            how="left",
        )
    )
    return last.select(
        "node_id",
        pl.coalesce("lives_as", "customer_id").alias("previous_id"),
        pl.col("known_to").is_null().alias("was_there"),
    )


def _born(known: Known) -> pl.DataFrame:
    """When each id was given first: ``previous_id``, ``born``."""
    return known.history.group_by(pl.col("customer_id").alias("previous_id")).agg(
        pl.col("known_from").min().alias("born")
    )


def _kept_ids(shared: pl.DataFrame) -> pl.DataFrame:
    """``component``, ``previous_id``: greatest overlap first; ties: the older id, the smaller, the smaller first node.

    Each round every component claims its best free id and every id takes its best claimant; the number of rounds is the
    length of the longest chain of displaced claims, which is one or two in practice.
    """
    open_pairs, rounds = shared, []
    while open_pairs.height:
        claims = open_pairs.sort("n_nodes", "born", "previous_id", descending=[True, False, False]).unique(
            "component", keep="first", maintain_order=True
        )
        won = claims.sort("n_nodes", "first_node", descending=[True, False]).unique(
            "previous_id", keep="first", maintain_order=True
        )
        rounds.append(won.select("component", "previous_id"))
        open_pairs = open_pairs.join(won, on="component", how="anti").join(won, on="previous_id", how="anti")
    return pl.concat(rounds) if rounds else shared.select("component", "previous_id")


def _new_ids(clusters: pl.DataFrame, taken: pl.Series) -> pl.Series:
    """An id for each component without one: the id proposed by its smallest node.

    An id that was given before is not given again (the smaller part of a split may start with the node that named the
    whole): those few are hashed with a salt until they are free.
    """
    wanting = (
        clusters.filter(pl.col("previous_id").is_null())
        .select("component", "first_node", "proposed_id")
        .sort("first_node")
    )
    is_free = ~pl.col("proposed_id").is_in(taken.unique().implode()) & pl.col("proposed_id").is_first_distinct()
    wanting = wanting.with_columns(is_free.alias("is_free"))
    used = set(taken.unique().to_list()) | set(wanting.filter("is_free")["proposed_id"].to_list())
    salted = {}
    for node in wanting.filter(~pl.col("is_free"))["first_node"].to_list():
        salt = 1
        while (candidate := _salted_id(node, salt)) in used:
            salt += 1
        used.add(candidate)
        salted[node] = candidate
    new = wanting.with_columns(
        pl.when("is_free")
        .then("proposed_id")
        .otherwise(pl.col("first_node").replace_strict(salted, default=None))
        .alias("new_id")
    )
    return clusters.join(new.select("component", "new_id"), on="component", how="left", maintain_order="left")["new_id"]


def _salted_id(node_id: str, salt: int) -> str:
    return ID_PREFIX + md5(f"{node_id}#{salt}".encode(), usedforsecurity=False).hexdigest()[:ID_DIGITS]


MOVE_SCHEMA: Schema = {
    "event": pl.String,
    "customer_id": pl.String,
    "into_customer_id": pl.String,
    "n_nodes": pl.Int64,
    "reason": pl.String,
}


def _moves(shared: pl.DataFrame, clusters: pl.DataFrame, before: pl.DataFrame, *, is_first: bool) -> pl.DataFrame:
    """What became of each id: ``merged`` (its records are another's), ``split`` (some are), ``retired``, ``new``.

    ``reason`` where it is known from this alone.
    """
    current = clusters.select(pl.col("customer_id").alias("previous_id"), pl.lit(value=True).alias("lives_on"))
    moved = (
        shared.join(clusters.select("component", "customer_id"), on="component")
        .filter(pl.col("previous_id") != pl.col("customer_id"))
        .join(current, on="previous_id", how="left")
    )
    gone = before.filter("was_there").select("previous_id").unique().join(shared, on="previous_id", how="anti")
    fresh = clusters.filter(pl.col("previous_id").is_null()).join(
        shared.select("component").unique().with_columns(pl.lit(value=True).alias("has_past")),
        on="component",
        how="left",
    )
    none = pl.lit(None, dtype=pl.String)
    parts = [
        moved.select(
            pl.when(pl.col("lives_on").is_null()).then(pl.lit("merged")).otherwise(pl.lit("split")).alias("event"),
            pl.col("previous_id").alias("customer_id"),
            pl.col("customer_id").alias("into_customer_id"),
            "n_nodes",
            none.alias("reason"),
        ),
        gone.select(
            pl.lit("retired").alias("event"),
            pl.col("previous_id").alias("customer_id"),
            none.alias("into_customer_id"),
            pl.lit(0, dtype=pl.Int64).alias("n_nodes"),
            pl.lit("records_gone").alias("reason"),
        ),
        fresh.select(
            pl.lit("new").alias("event"),
            "customer_id",
            none.alias("into_customer_id"),
            pl.col("size").alias("n_nodes"),
            pl.when(pl.col("has_past").is_not_null())
            .then(pl.lit("split_off"))
            .otherwise(pl.lit("first_run" if is_first else "new_records"))
            .alias("reason"),
        ),
    ]
    return shaped(pl.concat(parts), MOVE_SCHEMA)
