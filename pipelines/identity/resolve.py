"""Resolve identity: from records and evidence to the map, and everything that is told about it.

Belongs here: the order of the steps (``resolve_records``, pure) and the traffic between the warehouse and them
(``resolve``). Stays out: the steps themselves, and the making of evidence (dbt). Called between two dbt steps; holds no
connection when it returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from pipelines import warehouse
from pipelines.identity import store
from pipelines.identity.clusters import cluster
from pipelines.identity.evidence import Inputs, read_inputs, read_settled, sorted_nodes
from pipelines.identity.features import read_records
from pipelines.identity.frames import EDGE_SCHEMA, Schema
from pipelines.identity.health import Seen, build_health
from pipelines.identity.history import events_of, history_after, redirects_after
from pipelines.identity.predict import RAN, Scored, second_pass
from pipelines.identity.quality import bridges, cluster_quality
from pipelines.identity.rules import Rules, load_rules
from pipelines.identity.stable import Known, Run, stable_ids
from pipelines.identity.state import State
from pipelines.settings import Settings

SCAN_MEMORY = "1GB"
"""Enough for plain scans: pages kept in memory would only stand beside the frames made of them."""

MAP_SCHEMA: Schema = {
    "node_id": pl.String,
    "system": pl.String,
    "profile_kind": pl.String,
    "customer_id": pl.String,
    "cluster_size": pl.Int64,
    "is_staff": pl.Boolean,
}


@dataclass(frozen=True)
class Resolution:
    """What a resolution says, table by table (``store.TABLES``), and the whole history."""

    map: pl.DataFrame
    links: pl.DataFrame
    skipped: pl.DataFrame
    clusters: pl.DataFrame
    events: pl.DataFrame
    redirects: pl.DataFrame
    history: pl.DataFrame
    run: Run


@dataclass(frozen=True)
class ResolveStats:
    """Counts of one resolution; no personal data."""

    n_nodes: int
    n_edges: int
    n_model_edges: int
    n_links: int
    n_skipped: int
    n_review_pairs: int
    n_customers: int
    n_multi_record_customers: int
    largest_cluster: int
    n_capped: int
    n_ledger_rows: int
    n_idle_ledger_rows: int
    n_new: int
    n_merged: int
    n_split: int
    n_retired: int
    n_drifted: int
    rules: str
    n_compared_rows: int
    n_compared_pairs: int
    n_skipped_blocks: int
    skipped_blocks: str
    """Blocks too large to compare, by blocking rule."""
    model_parameters: str
    second_pass: str
    """``ran``, or why it did not and what to do."""

    def as_metadata(self) -> dict[str, int | str]:
        return dict(self.__dict__)


def resolve(settings: Settings, *, run_id: str, rules: Rules | None = None) -> ResolveStats:
    """Resolve the records of the warehouse, keep the state and write the tables of ``store``.

    Reads ``entities.int_profiles``, ``identity.int_identity__edges`` and ``int_identity__unique_keys``, the ledger's
    seeds, the model's pairs and what earlier runs left. Pairs the model finds probable but not sure are left in
    ``identity.int_identity__review``.

    Raises:
        WarehouseError: dbt has not built the records and edges yet.
        RulesError, LedgerError, StateError: the rules file, the ledger or the kept state is wrong.
        ValueError: a record occurs twice or an edge names an unknown record.
    """
    rules = rules or load_rules()
    # Nothing large stands beside the scoring: neither an open warehouse, which fills a memory limit of its own,
    # nor the evidence, which is read again afterwards.
    with _scanned(settings) as con:
        records, links = read_records(con), read_settled(con, rules)
    scored = second_pass(settings, records, links, rules=rules)
    del records, links
    with _scanned(settings) as con:
        before = store.read_state(settings, con)
        inputs = read_inputs(con, before.known())
        (run_at,) = con.execute("select run_at from raw.run_settings").fetchall()[0]
    inputs = replace(inputs, edges=pl.concat([inputs.edges, scored.edges]))
    resolution = resolve_records(inputs, rules, Run(run_id, _later(run_at, inputs.known)))
    review = scored.edges.filter(
        pl.col("confidence").is_between(rules.thresholds.review, rules.thresholds.auto_link, closed="left")
    ).join(resolution.links.filter(pl.col("source") == "model"), on=["node_id_a", "node_id_b"], how="anti")
    run = resolution.run
    seen = _seen(inputs, resolution, review)
    health = build_health(seen, before.last_health(), rules.drift, run)
    store.write(settings, resolution, review, _after(before, resolution, health))
    return _stats(inputs, resolution, review, health, rules, scored)


@contextmanager
def _scanned(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.connect(settings) as con:
        con.execute(f"set memory_limit = '{SCAN_MEMORY}'")
        yield con


def resolve_records(inputs: Inputs, rules: Rules, run: Run) -> Resolution:
    """Decide who is who. The same inputs give the same result in any order of rows; again, they change nothing.

    Raises:
        ValueError: a record occurs twice or an edge names an unknown record or rule.
    """
    nodes = sorted_nodes(inputs)
    found = cluster(nodes, inputs.evidence(), inputs.unique_keys, inputs.ledger.never, rules)
    ids = stable_ids(nodes, found.component, inputs.known)
    mapped = (
        nodes.with_columns(ids.customer_ids.alias("customer_id"))
        .with_columns(
            pl.len().over("customer_id").cast(pl.Int64).alias("cluster_size"),
            pl.col("is_staff").any().over("customer_id").alias("is_staff"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in MAP_SCHEMA.items())
    )
    is_bridge = bridges(nodes.height, found.links["a"].to_numpy(), found.links["b"].to_numpy())
    links = found.links.with_columns(
        ids.customer_ids.gather(found.links["a"]).alias("customer_id"),
        pl.Series("is_bridge", is_bridge, dtype=pl.Boolean),
    )
    redirects = redirects_after(inputs.known, ids.moves, run)
    return Resolution(
        map=mapped,
        links=links.select(*EDGE_SCHEMA, "customer_id", "is_bridge"),
        skipped=found.skipped,
        clusters=cluster_quality(ids.customer_ids, links, is_bridge, found.capped),
        events=events_of(
            ids=ids,
            nodes=nodes,
            known=inputs.known,
            redirects=redirects,
            links=links,
            skipped=found.skipped,
            run=run,
        ),
        redirects=redirects,
        history=history_after(nodes, ids.customer_ids, links, inputs.known, run),
        run=run,
    )


def _after(before: State, resolution: Resolution, health: pl.DataFrame) -> State:
    """What is kept after a resolution. One that is done again at the same time measures anew."""
    return State(
        history=resolution.history,
        redirects=resolution.redirects,
        events=pl.concat([before.events, resolution.events]),
        health=pl.concat([before.health.filter(pl.col("known_at") != resolution.run.known_at), health]),
    )


def _later(run_at: datetime, known: Known) -> datetime:
    """The run's time, moved past all that is known: a second resolution within one run is a later one."""
    last = known.last()
    return max(run_at, last + timedelta(microseconds=1)) if last else run_at


def _seen(inputs: Inputs, resolution: Resolution, review: pl.DataFrame) -> Seen:
    history = inputs.known.history.filter(pl.col("known_to").is_null()).select("node_id", was="customer_id")
    met = resolution.map.select("node_id", "customer_id").join(history, on="node_id")
    return Seen(
        clusters=resolution.clusters,
        links=resolution.links,
        skipped=resolution.skipped,
        events=resolution.events,
        n_review=review.height,
        n_moved=met.filter(pl.col("was") != pl.col("customer_id")).height,
        n_known=met.height,
        blocked=inputs.blocked,
    )


def _stats(  # noqa: PLR0917 (a row from six tables)
    inputs: Inputs, resolution: Resolution, review: pl.DataFrame, health: pl.DataFrame, rules: Rules, scored: Scored
) -> ResolveStats:
    sizes = resolution.clusters["n_nodes"].to_numpy()
    linked = resolution.links.filter(pl.col("source") == "model")
    kinds = resolution.events["event"]
    return ResolveStats(
        n_nodes=inputs.nodes.height,
        n_edges=inputs.edges.height - scored.edges.height + linked.height,
        n_model_edges=linked.height,
        n_links=resolution.links.height,
        n_skipped=resolution.skipped.height,
        n_review_pairs=review.height,
        n_customers=len(sizes),
        n_multi_record_customers=int((sizes > 1).sum()),
        largest_cluster=int(np.max(sizes, initial=0)),
        n_capped=int(resolution.clusters["was_capped"].sum()),
        n_ledger_rows=inputs.ledger.never.height + inputs.ledger.always.height,
        n_idle_ledger_rows=inputs.ledger.n_idle,
        n_new=int((kinds == "new").sum()),
        n_merged=int((kinds == "merged").sum()),
        n_split=int((kinds == "split").sum()),
        n_retired=int((kinds == "retired").sum()),
        n_drifted=int(health["is_warning"].sum()),
        rules=rules.fingerprint,
        n_compared_rows=scored.n_rows,
        n_compared_pairs=scored.n_pairs,
        n_skipped_blocks=sum(scored.skipped_blocks.values()),
        skipped_blocks=", ".join(f"{rule}: {n}" for rule, n in sorted(scored.skipped_blocks.items())) or "none",
        model_parameters=scored.parameters_hash or "none",
        second_pass=scored.note or RAN,
    )
