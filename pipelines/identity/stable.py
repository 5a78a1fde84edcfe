"""Ids that stay: which cluster keeps which id, and what became of every other id.

Belongs here: pure functions from clusters and what was known before to ids. Stays out: clustering (``clusters``), the
log and the history (``history``), reading and writing (``resolve``).
"""

from __future__ import annotations

from binascii import hexlify
from dataclasses import dataclass
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
    """What earlier runs left.

    Attributes:
        history: ``HISTORY_SCHEMA`` in codes: ``node`` for ``node_id``, ``person`` for ``customer_id``.
        redirects: ``REDIRECT_SCHEMA``.
        people: every customer id ever given, sorted (also from the log: of an erased person nothing else is left).
    """

    history: pl.DataFrame
    redirects: pl.DataFrame
    people: pl.Series

    def last(self) -> datetime | None:
        """The latest time anything was known."""
        found = self.history.select(pl.max_horizontal(pl.col("known_from").max(), pl.col("known_to").max())).item()
        return found if isinstance(found, datetime) else None


@dataclass(frozen=True)
class Ids:
    """``person``: code of each node's customer id in ``people``, null where no source holds the node any more.
    ``was``: the code each node had last. ``moves``: the columns of ``MOVE_SCHEMA``.
    """

    person: pl.Series
    was: pl.Series
    people: pl.Series
    moves: pl.DataFrame


def stable_ids(nodes: pl.DataFrame, component: Codes, known: Known) -> Ids:
    """Give each cluster the id it shares most records with (ties: the oldest id, then the smaller), no id twice.

    A record that was away and is back counts for the id it had. An id that was ever given is never given to others.

    Args:
        nodes: ``node_id`` (sorted), ``is_there`` and ``proposed``: the number that names a new person of whom this is
            the smallest record.
        component: cluster of each node.
        known: what earlier runs left.
    """
    frame = nodes.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("node"), "proposed", "is_there")
    there = frame.with_columns(pl.Series("component", component)).filter("is_there").drop("is_there")
    # Nodes are sorted, so the first of a component is its smallest.
    clusters = there.group_by("component", maintain_order=True).agg(
        pl.col("node").first().alias("first_node"),
        pl.col("proposed").first(),
        pl.len().cast(pl.Int64).alias("size"),
    )
    before = last_ids(known)
    shared = (
        there.select("node", "component")
        .join(before, on="node", how="inner")
        .group_by("component", "previous")
        .agg(pl.len().cast(pl.Int64).alias("n_nodes"))
        .join(clusters.select("component", "first_node"), on="component")
        .join(_born(known), on="previous", how="left")
    )
    clusters = clusters.join(_kept_ids(shared), on="component", how="left", maintain_order="left")
    fresh = clusters.filter(pl.col("previous").is_null())
    people = pl.concat([known.people, _new_ids(fresh, nodes["node_id"], known.people)])
    named = fresh.select(
        "component", pl.int_range(len(known.people), len(people), dtype=pl.Int32, eager=True).alias("new")
    )
    clusters = clusters.join(named, on="component", how="left", maintain_order="left").with_columns(
        pl.coalesce("previous", "new").alias("person")
    )
    by_component = np.full(int(component.max(initial=-1)) + 1, -1, dtype=np.int32)
    by_component[clusters["component"].to_numpy()] = clusters["person"].to_numpy()
    person = frame.select(pl.when("is_there").then(pl.Series(by_component[component], dtype=pl.Int32)).alias("person"))[
        "person"
    ]
    was = np.full(nodes.height, -1, dtype=np.int32)
    was[before["node"].to_numpy()] = before["previous"].to_numpy()
    return Ids(
        person,
        pl.Series(was).set(pl.Series(was < 0), None),
        people,
        _moves(shared, clusters, before, people, is_first=known.history.is_empty()),
    )


def last_ids(known: Known) -> pl.DataFrame:
    """The id each record had last: ``node``, ``previous`` (code), ``was_there`` (in the last map)."""
    places = pl.DataFrame({"id": known.people}).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("place"))
    leads = known.redirects.select("customer_id", "into_customer_id")
    for name, code in (("customer_id", "person"), ("into_customer_id", "lives_as")):
        leads = leads.join(places.rename({"id": name, "place": code}), on=name, how="left")
    last = (
        known.history.select("node", "person", "known_from", "known_to")
        .sort("known_from")
        .unique("node", keep="last", maintain_order=True)
        .join(leads.select("person", "lives_as"), on="person", how="left")
    )
    return last.select(
        "node",
        pl.coalesce("lives_as", "person").alias("previous"),
        pl.col("known_to").is_null().alias("was_there"),
    )


def _born(known: Known) -> pl.DataFrame:
    """When each id was given first: ``previous``, ``born``."""
    return known.history.group_by(pl.col("person").alias("previous")).agg(pl.col("known_from").min().alias("born"))


def _kept_ids(shared: pl.DataFrame) -> pl.DataFrame:
    """``component``, ``previous``: greatest overlap first; ties: the older id, the smaller, the smaller first node.

    Each round every component claims its best free id and every id takes its best claimant; the number of rounds is the
    length of the longest chain of displaced claims, which is one or two in practice.
    """
    open_pairs, rounds = shared, []
    while open_pairs.height:
        claims = open_pairs.sort("n_nodes", "born", "previous", descending=[True, False, False]).unique(
            "component", keep="first", maintain_order=True
        )
        won = claims.sort("n_nodes", "first_node", descending=[True, False]).unique(
            "previous", keep="first", maintain_order=True
        )
        rounds.append(won.select("component", "previous"))
        open_pairs = open_pairs.join(won, on="component", how="anti").join(won, on="previous", how="anti")
    return pl.concat(rounds) if rounds else shared.select("component", "previous")


def _new_ids(fresh: pl.DataFrame, node_ids: pl.Series, taken: pl.Series) -> pl.Series:
    """An id for each of these components: the one proposed by its smallest node (``first_node``, in their order).

    An id that was given before is not given again (the smaller part of a split may start with the node that named the
    whole): those few are hashed with a salt until they are free.
    """
    proposed = id_texts(fresh["proposed"])
    is_free = (~proposed.is_in(taken.implode()) & proposed.is_first_distinct()).to_numpy()
    if is_free.all():
        return proposed
    used = set(taken.to_list()) | set(proposed.filter(is_free).to_list())
    new = proposed.to_list()
    for place in np.flatnonzero(~is_free).tolist():
        node, salt = node_ids[fresh["first_node"][place]], 1
        while (candidate := _salted_id(node, salt)) in used:
            salt += 1
        used.add(candidate)
        new[place] = candidate
    return pl.Series(new, dtype=pl.String)


def id_texts(numbers: pl.Series) -> pl.Series:
    """Customer ids of numbers of 64 bits."""
    digits = np.frombuffer(hexlify(numbers.to_numpy().astype(">u8").tobytes()), dtype=f"S{ID_DIGITS}")
    return ID_PREFIX + pl.Series(digits).cast(pl.String)


def _salted_id(node_id: str, salt: int) -> str:
    return ID_PREFIX + md5(f"{node_id}#{salt}".encode(), usedforsecurity=False).hexdigest()[:ID_DIGITS]


MOVE_SCHEMA: Schema = {
    "event": pl.String,
    "customer_id": pl.String,
    "into_customer_id": pl.String,
    "n_nodes": pl.Int64,
    "reason": pl.String,
}


def _moves(
    shared: pl.DataFrame, clusters: pl.DataFrame, before: pl.DataFrame, people: pl.Series, *, is_first: bool
) -> pl.DataFrame:
    """What became of each id: ``merged`` (its records are another's), ``split`` (some are), ``retired``, ``new``.

    ``reason`` where it is known from this alone.
    """

    def named(frame: pl.DataFrame, code: str) -> pl.Series:
        return people.gather(frame[code])

    current = clusters.select(pl.col("person").alias("previous"), pl.lit(value=True).alias("lives_on"))
    moved = (
        shared.join(clusters.select("component", "person"), on="component")
        .filter(pl.col("previous") != pl.col("person"))
        .join(current, on="previous", how="left")
    )
    gone = before.filter("was_there").select("previous").unique().join(shared, on="previous", how="anti")
    fresh = clusters.filter(pl.col("previous").is_null()).join(
        shared.select("component").unique().with_columns(pl.lit(value=True).alias("has_past")),
        on="component",
        how="left",
    )
    none = pl.lit(None, dtype=pl.String)
    parts = [
        moved.select(
            pl.when(pl.col("lives_on").is_null()).then(pl.lit("merged")).otherwise(pl.lit("split")).alias("event"),
            named(moved, "previous").alias("customer_id"),
            named(moved, "person").alias("into_customer_id"),
            "n_nodes",
            none.alias("reason"),
        ),
        gone.select(
            pl.lit("retired").alias("event"),
            named(gone, "previous").alias("customer_id"),
            none.alias("into_customer_id"),
            pl.lit(0, dtype=pl.Int64).alias("n_nodes"),
            pl.lit("records_gone").alias("reason"),
        ),
        fresh.select(
            pl.lit("new").alias("event"),
            named(fresh, "person").alias("customer_id"),
            none.alias("into_customer_id"),
            pl.col("size").alias("n_nodes"),
            pl.when(pl.col("has_past").is_not_null())
            .then(pl.lit("split_off"))
            .otherwise(pl.lit("first_run" if is_first else "new_records"))
            .alias("reason"),
        ),
    ]
    return shaped(pl.concat(parts), MOVE_SCHEMA)
