"""How good a cluster is: size, density, its weakest link, its bridges.

Belongs here: pure functions of the links that were made. Stays out: making them (``clusters``).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from pipelines.identity.frames import Schema

Codes = NDArray[np.int64]

CLUSTER_SCHEMA: Schema = {
    "customer_id": pl.String,
    "n_nodes": pl.Int64,
    "n_links": pl.Int64,
    "density": pl.Float64,
    "weakest_rule": pl.String,
    "weakest_confidence": pl.Float64,
    "n_bridges": pl.Int64,
    "was_capped": pl.Boolean,
}

BRIDGE_SEED = 20261122


def cluster_quality(
    person: pl.Series, links: pl.DataFrame, is_bridge: NDArray[np.bool_], capped: NDArray[np.bool_]
) -> pl.DataFrame:
    """One row per ``person``, with the columns of ``CLUSTER_SCHEMA`` but the id.

    ``density``: linked pairs / possible pairs. A value shared by many gives a star, so 2 / n is a person held together
    by one value; null for one record. ``weakest_*``: the weakest link of the strongest tree that holds the person
    together: without links as weak as it the person falls apart. ``n_bridges``: links whose loss alone would.

    Args:
        person: person of each node code; null for a node that belongs to none.
        links: ``a`` < ``b`` (node codes), ``rule``, ``priority``, ``confidence``.
        is_bridge: for each link.
        capped: nodes the size cap held back.
    """
    people = (
        pl.DataFrame({"person": person, "capped": capped})
        .drop_nulls("person")
        .group_by("person")
        .agg(pl.len().cast(pl.Int64).alias("n_nodes"), pl.col("capped").any().alias("was_capped"))
    )
    told = links.with_columns(
        person.gather(links["a"]).alias("person"),
        pl.Series("is_bridge", is_bridge, dtype=pl.Boolean),
    )
    counted = told.group_by("person").agg(
        pl.len().cast(pl.Int64).alias("n_links"),
        pl.col("is_bridge").sum().cast(pl.Int64).alias("n_bridges"),
    )
    pairs = told.select("a", "b", "person").unique(["a", "b"])
    counted = counted.join(pairs.group_by("person").agg(pl.len().cast(pl.Int64).alias("n_pairs")), on="person")
    possible = pl.col("n_nodes") * (pl.col("n_nodes") - 1) / 2
    told = (
        people.join(counted, on="person", how="left")
        .join(_weakest(told, len(person)), on="person", how="left")
        .with_columns(pl.when(possible > 0).then(pl.col("n_pairs") / possible).alias("density"))
        .with_columns(pl.col("n_links", "n_bridges").fill_null(0))
    )
    return told.select("person", *(name for name in CLUSTER_SCHEMA if name != "customer_id"))


def _weakest(links: pl.DataFrame, n_nodes: int) -> pl.DataFrame:
    """The weakest link of each person's strongest spanning tree."""
    doubt = links.select("a", "b", "person", "priority", "confidence", "rule", doubt=1 - pl.col("confidence"))
    names = doubt.select("priority", "doubt", "rule", "confidence").unique(["priority", "doubt", "rule"])
    names = names.sort("priority", "doubt", "rule").with_columns(pl.int_range(1, pl.len() + 1).alias("strength"))
    strength = doubt.join(names.drop("confidence"), on=["priority", "doubt", "rule"])
    pairs = strength.group_by("a", "b").agg(pl.col("strength").min())
    graph = coo_array(
        (pairs["strength"].to_numpy().astype(np.float64), (pairs["a"].to_numpy(), pairs["b"].to_numpy())),
        shape=(n_nodes, n_nodes),
    )
    tree = minimum_spanning_tree(csr_array(graph)).tocoo()
    person = strength.select("a", "person").unique("a")
    return (
        pl.DataFrame({"a": tree.row.astype(np.int32), "strength": tree.data.astype(np.int64)})
        .join(person, on="a")
        .group_by("person")
        .agg(pl.col("strength").max())
        .join(names, on="strength")
        .select("person", pl.col("rule").alias("weakest_rule"), pl.col("confidence").alias("weakest_confidence"))
    )


def bridges(n_nodes: int, a: Codes, b: Codes) -> NDArray[np.bool_]:
    """Which links, each by itself, hold two parts together. Two links of one pair are not.

    Each link outside a spanning forest gets a random 64-bit number; a tree link is a bridge when the numbers of the
    links around it cancel out (XOR over its subtree is 0). Linear in links; the
    chance of a wrong answer is 2^-64 a link.
    """
    found = np.zeros(len(a), dtype=np.bool_)
    if not len(a):
        return found
    parent, order, depth = _forest(n_nodes, a, b)
    # The first link of each tree pair is the tree's; any other link of the pair is a way around it.
    is_tree_pair = (parent[a] == b) | (parent[b] == a)
    child = np.where(parent[a] == b, a, b)
    tree_rows = np.flatnonzero(is_tree_pair)
    first = tree_rows[np.unique(child[tree_rows], return_index=True)[1]]
    is_tree = np.zeros(len(a), dtype=np.bool_)
    is_tree[first] = True
    around = np.flatnonzero(~is_tree)
    number = np.random.default_rng(BRIDGE_SEED).integers(1, 2**63, len(around), dtype=np.int64)
    sums = np.zeros(n_nodes + 1, dtype=np.int64)
    np.bitwise_xor.at(sums, a[around], number)
    np.bitwise_xor.at(sums, b[around], number)
    by_depth = order[np.argsort(-depth[order], kind="stable")]
    starts = np.flatnonzero(np.diff(depth[by_depth], prepend=depth[by_depth[0]] + 1))
    for start, stop in zip(starts, [*starts[1:], len(by_depth)], strict=True):
        level = by_depth[start:stop]
        np.bitwise_xor.at(sums, parent[level], sums[level])
    found[first] = sums[child[first]] == 0
    return found


def _forest(n_nodes: int, a: Codes, b: Codes) -> tuple[Codes, Codes, Codes]:
    """Parent of each node in a breadth-first forest (roots hang on node ``n_nodes``), nodes in order, depth of each."""
    size = n_nodes + 1
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(n_nodes, n_nodes))
    _, label = connected_components(graph, directed=False)
    roots = np.unique(label, return_index=True)[1].astype(np.int64)
    rows = np.concatenate([a, np.full(len(roots), n_nodes)])
    columns = np.concatenate([b, roots])
    whole = csr_array(coo_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(size, size)))
    order, parent = breadth_first_order(whole, n_nodes, directed=False)
    order, parent = order.astype(np.int64)[1:], parent.astype(np.int64)
    depth = np.ones(size, dtype=np.int64)
    depth[n_nodes] = 0
    # Depths by doubling: each round a node adds the way its ancestor has already counted.
    above = parent.copy()
    above[n_nodes] = n_nodes
    while (above != n_nodes).any():
        depth += depth[above]
        above = above[above]
    return parent, order, depth
