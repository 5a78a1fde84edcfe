"""Who is one person: connected components over the evidence, under ids that stay.

Belongs here: pure functions from nodes, edges and the previous map to the new map. Stays out: normalising and limiting
evidence (dbt: ``models/intermediate/identity``) and reading or writing the warehouse (``resolve``).

Components are taken level by level, strongest rule first. A level of weak evidence (loyalty card, phone, order number,
device) never joins two people whom one system tells apart by its own customer id: where it would, a record without such
an id keeps its link only if it points to exactly one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Codes = NDArray[np.int64]

STRONGEST_WEAK_PRIORITY = 3
"""Edges of this priority and higher numbers are weak: they obey the systems' own customer ids."""

OWN_ID_KINDS = ("customer",)
"""Kinds of record whose system gives one id to one person."""

ID_PREFIX, ID_DIGITS = "c_", 16
"""A new customer id is the prefix and the first hexadecimal digits of the MD5 of the person's smallest node id."""

MAP_SCHEMA = {
    "node_id": pl.String,
    "system": pl.String,
    "profile_kind": pl.String,
    "customer_id": pl.String,
    "cluster_size": pl.Int64,
    "is_staff": pl.Boolean,
}

EVENT_SCHEMA = {"event": pl.String, "customer_id": pl.String, "into_customer_id": pl.String, "n_nodes": pl.Int64}


@dataclass(frozen=True)
class Resolution:
    """The new map, what changed against the previous one, and how many weak links own customer ids overruled."""

    map: pl.DataFrame
    events: pl.DataFrame
    n_edges: int
    n_overruled: int


def resolve_clusters(nodes: pl.DataFrame, edges: pl.DataFrame, previous: pl.DataFrame | None = None) -> Resolution:
    """Assign every node to a person.

    Args:
        nodes: one row per source record: ``node_id``, ``system``, ``profile_kind``, ``is_staff`` and ``proposed_id``:
            the id of a new person of whom this is the smallest node (a hash of ``node_id``, computed where it is read).
        edges: evidence: ``node_id_a``, ``node_id_b``, ``priority`` (1 strongest). Edges to unknown nodes are an error.
        previous: the last map (``node_id``, ``customer_id``), or None for the first run.

    Returns:
        The map (one row per node, columns of ``MAP_SCHEMA``, sorted by node), and one event per id that was merged into
        another, split off another or retired. The same evidence gives the same map in any order of rows, and resolving
        again with the result as ``previous`` changes nothing.

    Raises:
        ValueError: a node occurs twice or an edge names an unknown node.
    """
    nodes = (
        nodes.select("node_id", "system", "profile_kind", "is_staff", "proposed_id")
        .sort("node_id")
        .with_row_index("code")
    )
    if nodes["node_id"].n_unique() != nodes.height:
        raise ValueError("int_profiles holds a node_id twice: every source record must be one row")
    coded = _coded_edges(nodes, edges)
    component, n_overruled = _components(nodes, coded)
    ids, events = _stable_ids(nodes, component, previous)
    mapped = (
        nodes.with_columns(pl.Series("customer_id", ids, dtype=pl.String))
        .with_columns(
            pl.len().over("customer_id").cast(pl.Int64).alias("cluster_size"),
            pl.col("is_staff").any().over("customer_id").alias("is_staff"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in MAP_SCHEMA.items())
    )
    return Resolution(map=mapped, events=events, n_edges=coded.height, n_overruled=n_overruled)


def _coded_edges(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Edges as integer codes ``a``, ``b`` with their ``priority``."""
    codes = nodes.select("node_id", "code")
    coded = (
        edges.select("node_id_a", "node_id_b", "priority")
        .join(codes.rename({"node_id": "node_id_a", "code": "a"}), on="node_id_a", how="left")
        .join(codes.rename({"node_id": "node_id_b", "code": "b"}), on="node_id_b", how="left")
        .select("a", "b", "priority")
    )
    unknown = coded.filter(pl.col("a").is_null() | pl.col("b").is_null()).height
    if unknown:
        raise ValueError(f"{unknown} edges name a source record that int_profiles does not hold")
    return coded.unique()


def _components(nodes: pl.DataFrame, edges: pl.DataFrame) -> tuple[Codes, int]:
    """Component number per node, and the number of weak edges left out."""
    strong = edges.filter(pl.col("priority") < STRONGEST_WEAK_PRIORITY)
    component = _join(np.arange(nodes.height, dtype=np.int64), strong["a"].to_numpy(), strong["b"].to_numpy())
    own = nodes.with_columns(
        pl.when(pl.col("profile_kind").is_in(OWN_ID_KINDS)).then("system").alias("own_id_system")
    ).select("code", "own_id_system")
    n_overruled = 0
    for priority in sorted(edges["priority"].unique().to_list()):
        if priority < STRONGEST_WEAK_PRIORITY:
            continue
        level = edges.filter(pl.col("priority") == priority)
        a, b = component[level["a"].to_numpy()], component[level["b"].to_numpy()]
        keep = _allowed(component, a, b, own)
        n_overruled += int((~keep).sum())
        component = _join(component, a[keep], b[keep])
    return component, n_overruled


def _join(component: Codes, a: Codes, b: Codes) -> Codes:
    """Components after linking component ``a[i]`` with ``b[i]``."""
    size = len(component)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int64)[component]


def _allowed(component: Codes, a: Codes, b: Codes, own: pl.DataFrame) -> NDArray[np.bool_]:
    """Which links between components ``a[i]`` and ``b[i]`` may be made without joining two own ids of one system."""
    joined = _join(np.arange(len(component), dtype=np.int64), a, b)
    holders = (
        own.filter(pl.col("own_id_system").is_not_null())
        .select(
            pl.Series("part", component[own.filter(pl.col("own_id_system").is_not_null())["code"].to_numpy()]),
            "own_id_system",
        )
        .unique()
    )
    holders = holders.with_columns(pl.Series("whole", joined[holders["part"].to_numpy()]))
    contested = (
        holders.group_by("whole", "own_id_system")
        .agg(pl.len().alias("n"))
        .filter(pl.col("n") > 1)["whole"]
        .unique()
        .to_numpy()
    )
    if not len(contested):
        return np.ones(len(a), dtype=np.bool_)
    held = np.zeros(len(component), dtype=np.bool_)
    held[holders["part"].to_numpy()] = True
    # Within a contested component only links from a part without an own id to a part with one are candidates, and only
    # where the former sees no other: then no two holders can meet.
    links = pl.DataFrame(
        {
            "row": np.arange(len(a)),
            "free": np.where(held[a], b, a),
            "holder": np.where(held[a], a, b),
            "is_candidate": held[a] != held[b],
            "is_contested": np.isin(joined[a], contested),
            "is_inside": a == b,
        }
    ).with_columns(
        pl.col("holder").filter("is_candidate").n_unique().over("free").alias("n_holders"),
    )
    keep = ~pl.col("is_contested") | pl.col("is_inside") | (pl.col("is_candidate") & (pl.col("n_holders") == 1))
    return links.select(keep.alias("keep"))["keep"].to_numpy()


def _stable_ids(nodes: pl.DataFrame, component: Codes, previous: pl.DataFrame | None) -> tuple[pl.Series, pl.DataFrame]:
    """Customer id per node: each component takes the previous id it shares most nodes with, no id is given twice."""
    frame = nodes.select("node_id", "proposed_id").with_columns(pl.Series("component", component))
    # Nodes are sorted, so the first of a component is its smallest.
    clusters = frame.group_by("component", maintain_order=True).agg(
        pl.col("node_id").first().alias("first_node"), pl.col("proposed_id").first()
    )
    if previous is None or previous.is_empty():
        before = pl.DataFrame(schema={"node_id": pl.String, "previous_id": pl.String})
    else:
        before = previous.select("node_id", pl.col("customer_id").alias("previous_id"))
    shared = (
        frame.join(before, on="node_id", how="inner")
        .group_by("component", "previous_id")
        .agg(pl.len().cast(pl.Int64).alias("n_nodes"))
    )
    shared = shared.join(clusters.select("component", "first_node"), on="component")
    kept = _kept_ids(shared)
    clusters = clusters.join(kept, on="component", how="left")
    clusters = clusters.with_columns(
        pl.coalesce(pl.col("previous_id"), _new_ids(clusters, taken=before["previous_id"])).alias("customer_id")
    )
    ids = frame.join(clusters.select("component", "customer_id"), on="component", how="left", maintain_order="left")[
        "customer_id"
    ]
    return ids, _events(shared, clusters, before)


def _kept_ids(shared: pl.DataFrame) -> pl.DataFrame:
    """``component``, ``previous_id``: greatest overlap first; ties go to the smaller id, then the smaller first node.

    Each round every component claims its best free id and every id takes its best claimant; the number of rounds is the
    length of the longest chain of displaced claims, which is one or two in practice.
    """
    open_pairs, rounds = shared, []
    while open_pairs.height:
        claims = open_pairs.sort("n_nodes", "previous_id", descending=[True, False]).unique(
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


def _events(shared: pl.DataFrame, clusters: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """One row per id whose records moved: ``merge`` (all into another id), ``split`` (a part under another id),
    ``retire`` (none of its records is left).
    """
    moved = (
        shared.join(clusters.select("component", "customer_id"), on="component")
        .filter(pl.col("previous_id") != pl.col("customer_id"))
        .select("previous_id", "customer_id", "n_nodes")
    )
    current = clusters.select(pl.col("customer_id").alias("previous_id")).unique()
    moved = moved.join(current.with_columns(pl.lit(True).alias("lives_on")), on="previous_id", how="left")
    gone = before.select("previous_id").unique().join(shared, on="previous_id", how="anti")
    return pl.concat(
        [
            moved.select(
                pl.when(pl.col("lives_on").is_null()).then(pl.lit("merge")).otherwise(pl.lit("split")).alias("event"),
                pl.col("previous_id").alias("customer_id"),
                pl.col("customer_id").alias("into_customer_id"),
                "n_nodes",
            ),
            gone.select(
                pl.lit("retire").alias("event"),
                pl.col("previous_id").alias("customer_id"),
                pl.lit(None, dtype=pl.String).alias("into_customer_id"),
                pl.lit(0, dtype=pl.Int64).alias("n_nodes"),
            ),
        ]
    ).sort("customer_id", "into_customer_id", nulls_last=True)
