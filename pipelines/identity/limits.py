"""What no cluster may hold twice: a key a person has once, a pair the ledger forbids.

Belongs here: which value each record holds, and which values are one after all. Stays out: the choice among links that
offend against a limit (``contested``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.rules import LEDGER_RULE, Rules

Codes = NDArray[np.int64]

MOST_SPELLINGS = 250
"""Above so many values, a cluster is searched for no slips: it is no person."""


@dataclass(frozen=True)
class Limit:
    """Values of which one cluster may hold one.

    ``label`` is the value (a code into ``values``, or -1) of each node; of a forbidden pair it is the two nodes
    themselves, so that thousands of pairs cost no array of all nodes each.
    """

    reason: str
    key_type: str
    label: Codes
    values: pl.Series = field(repr=False)
    is_pair: bool = False
    slips: bool = False
    judges: tuple[str, ...] = ()
    """Rules whose direct links may join two values; with ``slips`` or judges, values in one cluster are one."""

    def holders(self, component: Codes) -> tuple[Codes, Codes]:
        """Clusters that hold a value, and the value."""
        if self.is_pair:
            return component[self.label], np.array([0, 1], dtype=np.int64)
        nodes = np.flatnonzero(self.label >= 0)
        return component[nodes], self.label[nodes]

    def contested(self, component: Codes, whole: Codes) -> Codes:
        """Wholes (what clusters would become) that would hold two values."""
        part, value = self.holders(component)
        target = whole[part]
        if self.is_pair:
            return target[:1] if target[0] == target[1] else target[:0]
        low = np.full(len(whole), np.iinfo(np.int64).max)
        high = np.full(len(whole), -1, dtype=np.int64)
        np.minimum.at(low, target, value)
        np.maximum.at(high, target, value)
        return np.flatnonzero((high >= 0) & (low < high))


def join(component: Codes, a: Codes, b: Codes) -> Codes:
    """Components after linking component ``a[i]`` with ``b[i]``."""
    size = len(component)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int64)[component]


def key_limits(
    n_nodes: int, unique_keys: pl.DataFrame, texts: pl.Series, evidence: pl.DataFrame, rules: Rules
) -> list[Limit]:
    """One limit per unique key: the value each node holds, values the system itself merged being one.

    A record that shows two values belongs to no one of them by itself, so it holds none.
    """
    limits = []
    for unique in rules.unique:
        held = unique_keys.filter(pl.col("key_type").cast(pl.String) == unique.key).select("node", "value").unique()
        if held.is_empty():
            continue
        values = held["value"].unique().sort()
        held = held.join(pl.DataFrame({"value": values}).with_row_index("place"), on="value")
        held = held.select("node", value="place")
        same = evidence.filter(pl.col("rule").is_in([*unique.merged_by, LEDGER_RULE]) & pl.col("is_usable"))
        if unique.is_personal:
            same = same.clear()  # two dates that are one for this person are two for all others
        alias = _aliases(len(values), held, same, n_nodes, is_merged=bool(unique.merged_by))
        held = held.with_columns(pl.Series("alias", alias).gather(held["value"]).alias("alias"))
        single = held.group_by("node").agg(pl.col("alias").min(), pl.col("alias").n_unique().alias("n"))
        single = single.filter(pl.col("n") == 1)
        label = np.full(n_nodes, -1, dtype=np.int64)
        label[single["node"].to_numpy()] = single["alias"].to_numpy()
        told = texts.gather(values)
        limits.append(Limit("unique_key", unique.key, label, told, slips=unique.slips, judges=unique.judged_by))
    return limits


def _aliases(n_values: int, held: pl.DataFrame, same: pl.DataFrame, n_nodes: int, *, is_merged: bool) -> Codes:
    """Smallest value that each value is one with: values met by the system's own merges or a person's decision."""
    own = np.arange(n_values, dtype=np.int64)
    if same.is_empty() and not is_merged:
        return own
    person = join(np.arange(n_nodes, dtype=np.int64), same["a"].to_numpy(), same["b"].to_numpy())
    # A record outside every merge is no bridge between its values, unless the system itself lists merges on records.
    merged = np.zeros(n_nodes, dtype=np.bool_)
    merged[same["a"].to_numpy()] = True
    merged[same["b"].to_numpy()] = True
    kept = held if is_merged else held.filter(pl.Series(merged[held["node"].to_numpy()]))
    first = n_values + person[kept["node"].to_numpy()]
    joined = join(np.arange(n_values + n_nodes, dtype=np.int64), kept["value"].to_numpy().astype(np.int64), first)
    smallest = np.full(n_values + n_nodes, n_values, dtype=np.int64)
    np.minimum.at(smallest, joined[:n_values], own)
    return smallest[joined[:n_values]]


def never_limits(ids: pl.Series, never: pl.DataFrame) -> list[Limit]:
    """One limit per forbidden pair: as if each of the two held another value of a key of their own."""
    return [
        Limit("never_match", "never_match", np.array([a, b]), ids.gather([a, b]), is_pair=True)
        for a, b in never.select("a", "b").sort("a", "b").iter_rows()
    ]


def person_limit(component: Codes, named: Codes, ids: pl.Series) -> Limit:
    """Each person with a name, as the clusters are now, is told from each other one; by its smallest named record."""
    label = np.full(len(component), -1, dtype=np.int64)
    smallest = np.full(len(component), len(component), dtype=np.int64)
    np.minimum.at(smallest, component[named], named)
    label[named] = smallest[component[named]]
    return Limit("other_person", "name", label, ids)


def eased(limit: Limit, level: pl.DataFrame, component: Codes, whole: Codes) -> Limit:
    """The limit as it binds one level: in each cluster-to-be, values that are one after all bear one label.

    They are where they already lie in one cluster, where one is the other with a slip of the keyboard (``slips``), and
    where a link of a rule that weighs the key itself (``judges``) joins the two directly.

    Args:
        limit: as ``key_limits`` gives it.
        level: links of the level: ``a``, ``b`` (node codes), ``rule``.
        component: clusters before the level.
        whole: what each cluster would become if every link of the level were used.
    """
    if not (limit.slips or limit.judges):
        return limit
    if LEDGER_RULE in level["rule"]:  # the level of a person's decisions, which needs no other's leave
        return replace(limit, label=np.full_like(limit.label, -1))
    disputed = limit.contested(component, whole)
    holders = np.flatnonzero(limit.label >= 0)
    holders = holders[np.isin(whole[component[holders]], disputed)]
    if not len(holders):
        return limit
    held = pl.DataFrame(
        {"node": holders, "whole": whole[component[holders]], "part": component[holders], "value": limit.label[holders]}
    ).with_columns((pl.struct("whole", "value").rank("dense").cast(pl.Int64) - 1).alias("vertex"))
    vertices = held.select("whole", "value", "vertex").unique().sort("vertex")
    parts = held.select("part", "vertex").unique().with_columns(pl.col("vertex").min().over("part").alias("first"))
    first = np.full(len(component), -1, dtype=np.int64)
    first[parts["part"].to_numpy()] = parts["first"].to_numpy()
    judged = level.filter(pl.col("rule").is_in(limit.judges))
    a, b = (first[component[judged[end].to_numpy()]] for end in ("a", "b"))
    is_direct = (a >= 0) & (b >= 0)
    ends = [(parts["first"].to_numpy(), parts["vertex"].to_numpy()), (a[is_direct], b[is_direct])]
    if limit.slips:
        ends.append(_slips(vertices, limit.values))
    left, right = (np.concatenate([pair[side] for pair in ends]) for side in (0, 1))
    class_of = join(np.arange(vertices.height, dtype=np.int64), left, right)
    alias = vertices.with_columns(pl.Series("class", class_of)).with_columns(
        pl.col("value").min().over("class").alias("alias")
    )
    label = limit.label.copy()
    label[holders] = alias["alias"].gather(held["vertex"]).to_numpy()
    return replace(limit, label=label)


def _slips(vertices: pl.DataFrame, values: pl.Series) -> tuple[Codes, Codes]:
    """Vertices of one whole whose values are a slip apart (``is_slip``)."""
    few = vertices.filter(pl.len().over("whole") <= MOST_SPELLINGS)
    pairs = few.join(few, on="whole", suffix="_other").filter(pl.col("value") < pl.col("value_other"))
    near = is_slip(values.gather(pairs["value"]), values.gather(pairs["value_other"]))
    return pairs["vertex"].to_numpy()[near], pairs["vertex_other"].to_numpy()[near]


def is_slip(left: pl.Series, right: pl.Series) -> NDArray[np.bool_]:
    """Which texts differ by one character, two neighbours swapped, or day and month of YYYY-MM-DD swapped."""
    if not len(left):
        return np.zeros(0, dtype=np.bool_)
    # Both in one array, so that NumPy finds the width of the longest.
    both = np.array([left.to_list(), right.to_list()], dtype=np.str_)
    one, other = both.view(np.uint32).reshape(2, len(left), -1)
    differs = one != other
    n_different = differs.sum(axis=1)
    swapped = (one[:, :-1] == other[:, 1:]) & (one[:, 1:] == other[:, :-1]) & differs[:, 1:]
    is_date = left.str.contains(DATE).to_numpy() & right.str.contains(DATE).to_numpy()
    turned = is_date & np.asarray(
        (left.str.slice(0, 4) == right.str.slice(0, 4))
        & (left.str.slice(5, 2) == right.str.slice(8, 2))
        & (left.str.slice(8, 2) == right.str.slice(5, 2))
    )
    return np.asarray((n_different <= 1) | ((n_different == 2) & swapped.any(axis=1)) | turned, dtype=np.bool_)


DATE = r"^\d{4}-\d{2}-\d{2}$"
