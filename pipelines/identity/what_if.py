"""What a change of identity does: whose records move, which links fall or come, which numbers differ.

Belongs here: comparing two states, given as frames; pure. Stays out: the change itself (``proposal``), building the
second state and reading both (``pipelines.defs.what_if``), showing.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.identity.rules import LEDGER_RULE

TOLERANCE = 1e-9
"""Statistics are sums of floats that threads share out: below this, relative to their size, two are the same."""

ABSENT = pl.lit(None, dtype=pl.String)

MEASURE_KEY = ("topic", "measure", "breakdown", "group_id", "period")
ESTIMATE = ("value", "lo", "hi", "n")


@dataclass(frozen=True)
class People:
    """How a change moves records between persons.

    Attributes:
        n_before, n_after: persons.
        n_records: records in the maps; ``n_moved`` of them have another customer id after the change.
        clusters: one row per person concerned and way: ``kind``, ``customer_id``, ``others`` (ids, sorted),
            ``n_before``, ``n_after`` (records). Kinds: ``new`` (an id that was not there; others: whose its records
            were), ``retired`` (an id that is no more; others: whose its records are), ``split`` (records of one person
            who are several; others: all of them), ``merged`` (one person of what were several; others: all of them).
            A person who is split and whose one part joins another is told as both.
        moved: ``node_id``, ``was``, ``is``: records whose customer id differs; null where one side lacks the record.
    """

    n_before: int
    n_after: int
    n_records: int
    clusters: pl.DataFrame
    moved: pl.DataFrame

    @property
    def n_moved(self) -> int:
        return self.moved.height

    def count(self, kind: str) -> int:
        """Persons concerned in this way."""
        return self.clusters.filter(pl.col("kind") == kind).height


def compare_maps(before: pl.DataFrame, after: pl.DataFrame) -> People:
    """Compare two maps (``node_id``, ``customer_id``; a record once), whatever their order."""
    both = before.select("node_id", was="customer_id").join(
        after.select("node_id", **{"is": "customer_id"}), on="node_id", how="full", coalesce=True
    )
    had = both.drop_nulls("was").group_by(customer_id="was").agg(n_before=pl.len().cast(pl.Int64))
    has = both.drop_nulls("is").group_by(customer_id="is").agg(n_after=pl.len().cast(pl.Int64))
    went = _others(both, "was", "is")
    came = _others(both, "is", "was")
    several = pl.col("others").list.len() > 1
    kinds = [
        came.join(had, on="customer_id", how="anti").with_columns(kind=pl.lit("new")),
        went.join(has, on="customer_id", how="anti").with_columns(kind=pl.lit("retired")),
        went.filter(several).with_columns(kind=pl.lit("split")),
        came.filter(several).with_columns(kind=pl.lit("merged")),
    ]
    clusters = (
        pl.concat(kinds)
        .join(had, on="customer_id", how="left")
        .join(has, on="customer_id", how="left")
        .with_columns(pl.col("n_before", "n_after").fill_null(0))
        .select("kind", "customer_id", "others", "n_before", "n_after")
        .sort("kind", "customer_id")
    )
    moved = both.filter(pl.col("was").ne_missing(pl.col("is"))).select("node_id", "was", "is").sort("node_id")
    return People(had.height, has.height, both.height, clusters, moved)


def _others(both: pl.DataFrame, own: str, other: str) -> pl.DataFrame:
    """``customer_id`` on one side, and the ids its records have on the other."""
    known = both.drop_nulls(own)
    return known.group_by(customer_id=own).agg(others=pl.col(other).drop_nulls().unique().sort())


def compare_links(
    *,
    map_before: pl.DataFrame,
    map_after: pl.DataFrame,
    links_before: pl.DataFrame,
    links_after: pl.DataFrame,
    skipped_before: pl.DataFrame,
    skipped_after: pl.DataFrame,
) -> pl.DataFrame:
    """The links that decide a change: those between records who are two people after it, or were before it.

    A link that is only replaced by another within one person decides nothing and is left out. A decision that two
    records are one person may be refused: a limit keeps them apart.

    Returns:
        ``change`` (cut, made, refused), ``node_id_a``, ``node_id_b``, ``rule``, ``confidence``, ``reason`` (why a link
        was cut or refused: as in ``int_identity__skipped_links``; null where its evidence is no longer there); the
        weakest first. Values that link are personal data and left out.
    """
    key = ["node_id_a", "node_id_b", "rule"]
    cut = _apart(links_before, map_after).join(
        skipped_after.group_by(key).agg(pl.col("reason").min()), on=key, how="left"
    )
    made = _apart(links_after, map_before).with_columns(reason=ABSENT)
    refused = skipped_after.filter(pl.col("rule") == LEDGER_RULE).join(skipped_before, on=key, how="anti")
    return pl.concat(
        frame.select(pl.lit(change).alias("change"), "node_id_a", "node_id_b", "rule", "confidence", "reason")
        for change, frame in (("cut", cut), ("made", made), ("refused", refused))
    ).sort("change", "confidence", "node_id_a", "node_id_b", "rule")


def _apart(links: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Links whose two records are two people in another map; a link once, however many values bear it."""
    once = links.group_by("node_id_a", "node_id_b", "rule").agg(pl.col("confidence").max())
    whose = other.select("node_id", "customer_id")
    return (
        once.join(whose.rename({"node_id": "node_id_a", "customer_id": "a"}), on="node_id_a", how="left")
        .join(whose.rename({"node_id": "node_id_b", "customer_id": "b"}), on="node_id_b", how="left")
        .filter(pl.col("a").ne_missing(pl.col("b")))
        .drop("a", "b")
    )


@dataclass(frozen=True)
class Numbers:
    """How a change moves the numbers.

    Attributes:
        counted: one row per ``topic``, in the order they came: ``n_compared`` numbers, ``n_changed`` of them differ.
        changed: one row per number that differs: ``MEASURE_KEY``, ``value``, ``lo``, ``hi``, ``n`` each with suffix
            ``_before`` and ``_after``, and ``difference`` of the values; null where a side has no such number (the
            group is not there, or its cell is too small to be shown). In each topic the company first, then the
            largest change in relation to the value.
    """

    counted: pl.DataFrame
    changed: pl.DataFrame


def compare_measures(before: pl.DataFrame, after: pl.DataFrame) -> Numbers:
    """Compare two sets of numbers: columns ``MEASURE_KEY`` (unique) and ``ESTIMATE``.

    Raises:
        ValueError: a number stands twice.
    """
    for side in (before, after):
        if side.select(MEASURE_KEY).is_duplicated().any():
            raise ValueError("a measure stands twice under one name")
    topics = pl.concat([before["topic"], after["topic"]]).unique(maintain_order=True)
    sides = [
        frame.select(*MEASURE_KEY, *(pl.col(name).cast(pl.Float64).name.suffix(suffix) for name in ESTIMATE))
        for frame, suffix in ((before, "_before"), (after, "_after"))
    ]
    both = sides[0].join(sides[1], on=list(MEASURE_KEY), how="full", coalesce=True, nulls_equal=True)
    is_changed = pl.any_horizontal(_differs(name) for name in ESTIMATE)
    both = both.with_columns(is_changed.alias("is_changed"), _order(topics))
    counted = (
        both.group_by("topic", "order")
        .agg(n_compared=pl.len().cast(pl.Int64), n_changed=pl.col("is_changed").sum().cast(pl.Int64))
        .sort("order")
        .drop("order")
    )
    changed = (
        both.filter("is_changed")
        .with_columns(difference=pl.col("value_after") - pl.col("value_before"))
        .with_columns(size=(pl.col("difference") / pl.col("value_before")).abs())
        .sort(
            "order",
            pl.col("breakdown") != "company",
            "size",
            *MEASURE_KEY[1:],
            descending=[False, False, True, *(False for _ in MEASURE_KEY[1:])],
            nulls_last=False,
        )
        .select(
            *MEASURE_KEY,
            *(f"{name}_{side}" for name in ESTIMATE for side in ("before", "after")),
            "difference",
        )
    )
    return Numbers(counted, changed)


def _differs(name: str) -> pl.Expr:
    a, b = pl.col(f"{name}_before"), pl.col(f"{name}_after")
    allowed = pl.max_horizontal(a.abs(), b.abs(), pl.lit(1.0)) * TOLERANCE
    return (a.is_null() != b.is_null()) | ((a - b).abs() > allowed).fill_null(value=False)


def _order(topics: pl.Series) -> pl.Expr:
    return pl.col("topic").replace_strict(topics, pl.Series(range(len(topics)), dtype=pl.Int64)).alias("order")
