"""Where links would join two people: which of them to leave out.

Belongs here: the choice among the links of one priority that offend against a limit or the size cap. Stays out: the
limits (``limits``) and everything undisputed (``clusters``). Only disputed parts come here, so their number, not that
of all records, is what this costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.limits import Limit

Codes = NDArray[np.int64]

NOBODY, AMBIGUOUS = -1, -2


@dataclass(frozen=True)
class Settled:
    """The new clusters and quarantine, links made in place of stars (``edge``, ``a``, ``b``), links left out."""

    component: Codes
    frozen: NDArray[np.bool_]
    made: pl.DataFrame
    left_out: pl.DataFrame


def settle(edges: pl.DataFrame, component: Codes, frozen: NDArray[np.bool_], limits: list[Limit], cap: int) -> Settled:
    """Use what may be used of the disputed links of one priority, the surest first.

    Args:
        edges: ``edge``, ``a``, ``b`` (node codes), ``rule``, ``value``, ``links``, ``confidence``.
        component: cluster of each node after the undisputed links.
        frozen: nodes of quarantined clusters: they take no further link.
        limits: what no cluster may hold twice.
        cap: most nodes of a cluster.
    """
    frozen = frozen.copy()
    made, left_out = [], []
    steps = edges.with_columns(pl.col("confidence").round(4).alias("step")).sort(
        "step", "edge", descending=[True, False]
    )
    for (_step,), part in steps.group_by("step", maintain_order=True):
        component, rebuilt, refused = _step_of(part, component, frozen, limits, cap)
        made.append(rebuilt)
        left_out.append(refused)
    return Settled(component, frozen, pl.concat(made), pl.concat(left_out))


def _step_of(
    edges: pl.DataFrame, component: Codes, frozen: NDArray[np.bool_], limits: list[Limit], cap: int
) -> tuple[Codes, pl.DataFrame, pl.DataFrame]:
    """One confidence: links between clusters become arms between a cluster and the value it shows."""
    arms = _arms(edges)
    parts, part = np.unique(component[arms["node"].to_numpy()], return_inverse=True)
    n = len(parts)
    hub = n + arms["hub"].to_numpy()
    size = int(hub.max()) + 1
    small_of = np.full(len(component), -1, dtype=np.int64)
    small_of[parts] = np.arange(n)
    keep = np.ones(arms.height, dtype=np.bool_)
    refused = []

    is_frozen = np.zeros(n, dtype=np.bool_)
    held_back = small_of[component[frozen]]
    is_frozen[held_back[held_back >= 0]] = True
    refused.append(_refuse(edges, keep, is_frozen[part], ("cluster_cap", None)))
    for limit in limits:
        holder, value = limit.holders(component)
        inside = small_of[holder] >= 0
        if len(np.unique(value[inside])) < 2:
            continue
        owner = np.full(size, NOBODY, dtype=np.int64)
        owner[small_of[holder[inside]]] = value[inside]
        owner, low, high = nearest(part[keep], hub[keep], owner)
        wrong = (owner[part] != owner[hub]) & ((owner[part] >= 0) | (owner[hub] >= 0))
        torn = [np.maximum(reached[part], reached[hub]) for reached in (low, high)]
        refused.append(_refuse(edges, keep, wrong, _forbidden(limit, edges.height, owner[part], *torn)))
    weight = np.zeros(size, dtype=np.int64)
    weight[:n] = np.bincount(component, minlength=len(component))[parts]
    label = _components(size, part[keep], hub[keep])
    over = (np.bincount(label, weights=weight, minlength=size) > cap)[label[part]]
    if (over & keep).any():
        stopped = np.zeros(len(component), dtype=np.bool_)
        stopped[parts[np.unique(part[over & keep])]] = True
        frozen |= stopped[component]
    refused.append(_refuse(edges, keep, over, ("cluster_cap", None)))
    label = _components(size, part[keep], hub[keep])
    first = np.full(size, len(component), dtype=np.int64)
    np.minimum.at(first, label[:n], parts)
    relabel = np.arange(len(component), dtype=np.int64)
    relabel[parts] = first[label[:n]]
    told = pl.concat(refused).unique("edge", keep="first", maintain_order=True)
    return relabel[component], _rebuilt(arms, keep), told


def _refuse(
    edges: pl.DataFrame, keep: NDArray[np.bool_], wrong: NDArray[np.bool_], why: tuple[str, None] | pl.DataFrame
) -> pl.DataFrame:
    """Take arms out of ``keep``; the links that lose one by this, with the reason (one for all, or one a link)."""
    newly = wrong & keep
    keep[wrong] = False
    half = edges.height
    lost = newly[:half] | newly[half:]
    if isinstance(why, tuple):
        nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in ("key_type", "key_value_a", "key_value_b")]
        return edges.filter(pl.Series(lost)).select("edge", pl.lit(why[0]).alias("reason"), *nothing)
    return pl.concat([edges.select("edge"), why], how="horizontal").filter(pl.Series(lost))


def _forbidden(limit: Limit, half: int, mine: Codes, low: Codes, high: Codes) -> pl.DataFrame:
    """Reason of each link that offends against a limit, with the two values that would meet.

    Args:
        half: number of links; their first arms come first in the other arguments, then their second ones.
        mine: value of the cluster at each arm's end.
        low, high: the two values that reached the arm's end or its hub, where that is as near to both.
    """
    left, right = mine[:half], mine[half:]
    is_clash = (left >= 0) & (right >= 0) & (left != right)
    between, beyond = (np.maximum(reached[:half], reached[half:]) for reached in (low, high))
    first, second = np.where(is_clash, left, between), np.where(is_clash, right, beyond)
    return pl.DataFrame(
        {
            "reason": np.where(is_clash, limit.reason, "ambiguous"),
            "key_type": np.full(half, limit.key_type),
            **{
                name: pl.Series(limit.values.gather(np.clip(value, 0, None)).to_list(), dtype=pl.String)
                for name, value in (("key_value_a", first), ("key_value_b", second))
            },
        },
        schema=dict.fromkeys(("reason", "key_type", "key_value_a", "key_value_b"), pl.String),
    )


def nearest(a: Codes, b: Codes, owner: Codes) -> tuple[Codes, Codes, Codes]:
    """The value each vertex is nearest to over the arms ``a[i]``-``b[i]``; ``AMBIGUOUS`` where two are as near.

    All vertices with a value start at once, and each round reaches one arm further. An ambiguous vertex passes nothing
    on. Also returns the lowest and highest value that reached each ambiguous vertex (-1 elsewhere).
    """
    owner = owner.copy()
    lowest, highest = np.full(len(owner), -1, dtype=np.int64), np.full(len(owner), -1, dtype=np.int64)
    while len(a):
        from_a, from_b = owner[a], owner[b]
        reaches = ((from_a >= 0) & (from_b == NOBODY)) | ((from_b >= 0) & (from_a == NOBODY))
        if not reaches.any():
            break
        value = np.maximum(from_a, from_b)[reaches]
        target = np.where(from_a >= 0, b, a)[reaches]
        vertex, at = np.unique(target, return_inverse=True)
        low = np.full(len(vertex), np.iinfo(np.int64).max)
        high = np.full(len(vertex), -1, dtype=np.int64)
        np.minimum.at(low, at, value)
        np.maximum.at(high, at, value)
        is_torn = low != high
        owner[vertex] = np.where(is_torn, AMBIGUOUS, low)
        lowest[vertex[is_torn]], highest[vertex[is_torn]] = low[is_torn], high[is_torn]
        is_open = (owner[a] == NOBODY) | (owner[b] == NOBODY)
        a, b = a[is_open], b[is_open]
    return owner, lowest, highest


def _arms(edges: pl.DataFrame) -> pl.DataFrame:
    """Two arms a link (``edge``, ``node``, ``hub``). Links of one value that touch share a hub: the value itself.

    A star's centre is chosen by its name only. With the value as hub, all who show it are equally near to each other.
    """
    told = edges.select("edge", "a", "b", "rule", "value", "links")
    ends = pl.concat([told.select("edge", "rule", "value", "links", pl.col(end).alias("node")) for end in ("a", "b")])
    shown = ends.with_columns(
        pl.when((pl.col("links") == "pair") | pl.col("value").is_null())
        .then(pl.col("edge"))
        .otherwise(None)
        .alias("own")
    ).with_columns(pl.struct("own", "rule", "value", "node").rank("dense").alias("vertex"))
    half = told.height
    vertex = shown["vertex"].to_numpy().astype(np.int64) - 1
    label = _components(int(vertex.max()) + 1, vertex[:half], vertex[half:])
    hub = np.unique(label[vertex], return_inverse=True)[1]
    return shown.select("edge", "node").with_columns(pl.Series("hub", hub, dtype=pl.Int64))


def _rebuilt(arms: pl.DataFrame, keep: NDArray[np.bool_]) -> pl.DataFrame:
    """Links in place of those whose centre was refused: the smallest node left at a hub to each other one."""
    state = arms.with_columns(pl.Series("keep", keep))
    broken = state.group_by("hub").agg(pl.col("keep").all().alias("is_whole")).filter(~pl.col("is_whole"))
    left = (
        state.join(broken, on="hub", how="semi")
        .filter("keep")
        .group_by("hub", "node")
        .agg(pl.col("edge").min())
        .with_columns(pl.col("node").min().over("hub").alias("centre"))
        .filter(pl.col("node") != pl.col("centre"))
    )
    # An edge is told by its row, so the evidence of the new link is that of a link of the same hub.
    return left.select("edge", pl.col("centre").alias("a"), pl.col("node").alias("b"))


def _components(size: int, a: Codes, b: Codes) -> Codes:
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int64)
