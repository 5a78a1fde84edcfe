"""Who is one person: connected components over the evidence, within limits that are never broken.

Belongs here: pure functions from records and links to clusters, and to what every link came to. Stays out: normalising
evidence (dbt: ``models/intermediate/identity``), ids that stay (``stable``), reading or writing the warehouse
(``resolve``).

Priorities are taken one after another, the strongest first. Where a priority's links would put two people into one
cluster (two values of a unique key, or a pair the ledger forbids), each record there joins the nearest of the two; one
that is as near to both joins neither, and a value both of them show links nobody to either. So no link is used because
of the order of rows, and the link left out is always the weakest on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.identity.contested import settle
from pipelines.identity.frames import EDGE_SCHEMA, Schema
from pipelines.identity.limits import Limit, eased, join, key_limits, never_limits, person_limit
from pipelines.identity.rules import Rules

Codes = NDArray[np.int64]

SKIPPED_SCHEMA: Schema = {
    **EDGE_SCHEMA,
    "reason": pl.String,
    "key_type": pl.String,
    "key_value_a": pl.String,
    "key_value_b": pl.String,
}
"""``reason``: unique_key, never_match, other_person (of a guess), ambiguous, cluster_cap, rule_disabled,
below_threshold. ``key_type`` and the two values say what forbade the link."""


BELOW = "below_threshold"


@dataclass(frozen=True)
class Clusters:
    """``component``: cluster number by node code. ``capped``: which nodes the size cap held back. ``evidence``,
    ``made`` (links made in place of a star that lost its hub) and ``left_out``: what ``outcome`` tells of.
    """

    component: Codes
    capped: NDArray[np.bool_]
    evidence: pl.DataFrame
    made: pl.DataFrame
    left_out: pl.DataFrame


def cluster(
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    *,
    unique_keys: pl.DataFrame,
    values: pl.Series,
    never: pl.DataFrame,
    rules: Rules,
) -> Clusters:
    """Join records by their evidence.

    Args:
        nodes: ``node_id``, sorted, none twice: a node's code is its row; ``is_named``: it shows a name of its own.
        edges: evidence, columns of ``CODED_SCHEMA``.
        unique_keys: ``node``, ``key_type``, ``value``; types the rules do not name are left aside.
        values: the texts behind ``value``, in order.
        never: pairs that may not meet: ``a``, ``b``.
        rules: priorities, confidences, unique keys, cap and threshold.

    Raises:
        ValueError: an edge has a rule the file does not know, or no confidence.
    """
    evidence = _prepared(edges, rules)
    limits = [*key_limits(nodes.height, unique_keys, values, evidence, rules), *never_limits(nodes["node_id"], never)]
    state = _State(
        component=np.arange(nodes.height, dtype=np.int64), frozen=np.zeros(nodes.height, dtype=np.bool_), limits=limits
    )
    named = np.flatnonzero(nodes["is_named"].to_numpy())
    made, left_out = [_nothing_made()], [_nothing_left()]
    for priority in evidence["priority"].unique().sort():
        level = evidence.filter(pl.col("priority") == priority)
        backed = _backed(level, evidence, state, pl.concat(left_out), rules.thresholds.backed)
        if len(backed):
            evidence = evidence.with_columns(_used_if(pl.col("edge").is_in(backed.implode())))
            level = level.with_columns(_used_if(pl.col("edge").is_in(backed.implode())))
        level = level.filter("is_usable")
        if level.is_empty():
            continue
        limits = state.limits
        if level["links"][0] == "guess":
            limits = [*limits, person_limit(state.component, named, nodes["node_id"])]
        bridged, outcome = _take_level(state, level, limits, rules.cluster_cap)
        made.append(bridged)
        left_out.append(outcome)
    # What is less than doubtful and backed by nothing is no evidence, and nothing was skipped.
    is_told = (pl.col("unused") != BELOW) | (pl.col("confidence") >= rules.thresholds.review)
    return Clusters(
        component=state.component,
        capped=state.frozen,
        evidence=evidence.filter(is_told.fill_null(value=False) | pl.col("is_usable")),
        made=pl.concat(made),
        left_out=pl.concat(left_out),
    )


@dataclass
class _State:
    """What the levels so far have joined."""

    component: Codes
    frozen: NDArray[np.bool_]
    """Nodes of a quarantined cluster."""
    limits: list[Limit]


def _prepared(edges: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Edges with ``a`` < ``b``, their rule's priority and confidence, in an order only their content decides."""
    known = rules.frame().with_columns(pl.col("rule").cast(edges.schema["rule"], strict=False)).drop_nulls("rule")
    told = edges.join(known, on="rule", how="left").with_columns(
        pl.coalesce("confidence", "rule_confidence").alias("confidence"),
        pl.min_horizontal("a", "b").alias("a"),
        pl.max_horizontal("a", "b").alias("b"),
    )
    if nameless := told.filter(pl.col("priority").is_null())["rule"].unique().cast(pl.String).sort().to_list():
        raise ValueError(f"no rule of the rules file is called {', '.join(nameless)}: add it to rules.yml")
    if bare := told.filter(pl.col("confidence").is_null())["rule"].unique().cast(pl.String).sort().to_list():
        raise ValueError(f"links of rule {', '.join(bare)} have no confidence, and the rules file gives none")
    is_likely = (pl.col("source") != "model") | (pl.col("confidence") >= rules.thresholds.auto_link)
    return (
        told.drop("rule_confidence")
        .with_columns(
            pl.when(~pl.col("is_enabled"))
            .then(pl.lit("rule_disabled"))
            .when(~is_likely)
            .then(pl.lit(BELOW))
            .alias("unused"),
        )
        .with_columns(pl.col("unused").is_null().alias("is_usable"))
        .filter(pl.col("a") != pl.col("b"))
        .unique(maintain_order=False)
        .sort("priority", "a", "b", "rule", "value", "confidence", "observed_at", nulls_last=True)
        .with_row_index("edge")
        .with_columns(pl.col("edge").cast(pl.Int64))
    )


def _backed(
    level: pl.DataFrame, evidence: pl.DataFrame, state: _State, left_out: pl.DataFrame, least: float
) -> pl.Series:
    """Edges of a judge that is not sure enough alone, between two clusters that a rule links and only the key the judge
    weighs keeps apart: where two kinds of evidence agree, probable is enough.
    """
    found = [pl.Series("edge", [], dtype=pl.Int64)]
    doubtful = level.filter((pl.col("unused") == BELOW) & (pl.col("confidence") >= least))
    for limit in state.limits if doubtful.height else ():
        refused = left_out.filter((pl.col("reason") == limit.reason) & (pl.col("key_type") == limit.key_type))
        ends = _parts(evidence.join(refused, on="edge", how="semi"), state.component).select("low", "high")
        judged = _parts(doubtful.filter(pl.col("rule").is_in(limit.judges)), state.component)
        found.append(judged.join(ends, on=["low", "high"], how="semi")["edge"])
    return pl.concat(found)


def _parts(edges: pl.DataFrame, component: Codes) -> pl.DataFrame:
    """``edge`` and the two clusters it lies between."""
    a, b = (component[edges[end].to_numpy()] for end in ("a", "b"))
    return pl.DataFrame({"edge": edges["edge"], "low": np.minimum(a, b), "high": np.maximum(a, b)})


def _used_if(condition: pl.Expr) -> list[pl.Expr]:
    return [
        (pl.col("is_usable") | condition).alias("is_usable"),
        pl.when(~condition).then("unused").alias("unused"),
    ]


def _take_level(state: _State, level: pl.DataFrame, limits: list[Limit], cap: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Join what one priority links; returns links made in place of a star that lost its hub, and links left out."""
    component = state.component
    a, b = component[level["a"].to_numpy()], component[level["b"].to_numpy()]
    whole = join(np.arange(len(component), dtype=np.int64), a, b)
    disputed = np.zeros(len(component), dtype=np.bool_)
    limits = [eased(limit, level, component, whole) for limit in limits]
    for limit in limits:
        disputed[limit.contested(component, whole)] = True
    disputed[np.flatnonzero(np.bincount(whole[component], minlength=len(component)) > cap)] = True
    frozen = np.zeros(len(component), dtype=np.bool_)
    frozen[component[state.frozen]] = True
    disputed[whole[frozen]] = True
    is_disputed = disputed[whole[a]] & (a != b)
    free = ~is_disputed
    joined = join(component, a[free], b[free])
    if not is_disputed.any():
        state.component = joined
        return _nothing_made(), _nothing_left()
    settled = settle(level.filter(pl.Series(is_disputed)), joined, state.frozen, limits, cap)
    state.component = settled.component
    state.frozen = settled.frozen
    return settled.made, settled.left_out


def _nothing_made() -> pl.DataFrame:
    return pl.DataFrame(schema={"edge": pl.Int64, "a": pl.Int32, "b": pl.Int32})


def _nothing_left() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"edge": pl.Int64, **{name: pl.String for name in SKIPPED_SCHEMA if name not in EDGE_SCHEMA}}
    )


def outcome(found: Clusters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What every link came to: the evidence within clusters, and what was skipped (``reason`` and the key's values).

    One left out whose ends meet by other links is evidence within the person after all.
    """
    evidence, component = found.evidence, found.component
    remade = found.made.join(evidence.rename({"a": "was_a", "b": "was_b"}), on="edge")
    is_other = (pl.col("a") != pl.col("was_a")) | (pl.col("b") != pl.col("was_b"))
    remade = remade.filter(is_other).unique(["edge", "a", "b"])
    everything = pl.concat([evidence, remade.select(evidence.columns)]) if remade.height else evidence
    inside = pl.Series(component[everything["a"].to_numpy()] == component[everything["b"].to_numpy()], dtype=pl.Boolean)
    reasons = found.left_out.unique("edge", keep="first", maintain_order=True)
    skipped = everything.filter(~inside).join(reasons, on="edge", how="left")
    skipped = skipped.with_columns(pl.coalesce("unused", "reason").alias("reason"))
    links = everything.filter(inside & everything["is_usable"])
    order = ("a", "b", "rule", "value", "confidence")
    return links.sort(order, nulls_last=True), skipped.sort(order, nulls_last=True)
