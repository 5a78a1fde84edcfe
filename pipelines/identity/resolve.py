"""Resolve identity: from records and evidence to the map, and everything that is told about it.

Belongs here: the order of the steps (``resolve_records``, pure) and the traffic between the warehouse and them
(``resolve``). Stays out: the steps themselves, and the making of evidence (dbt). Called between two dbt steps; holds no
connection when it returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from pipelines import warehouse
from pipelines.identity import store
from pipelines.identity.clusters import outcome
from pipelines.identity.evidence import Inputs, clustered, parts, read_inputs
from pipelines.identity.health import Seen, build_health
from pipelines.identity.history import events_of, history_after, redirects_after
from pipelines.identity.names import Names
from pipelines.identity.predict import RAN, Scored, second_pass
from pipelines.identity.quality import bridges, cluster_quality
from pipelines.identity.rules import Rules, load_rules
from pipelines.identity.stable import Known, Run, stable_ids
from pipelines.settings import Settings


@dataclass(frozen=True)
class Resolution:
    """What a resolution says, table by table (``store``), in codes whose strings are in ``names``."""

    names: Names
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
    with _scanned(settings) as con:
        before = store.read_state(settings, con)
        inputs = read_inputs(con, rules, before)
        (run_at,) = con.execute("select run_at from raw.run_settings").fetchall()[0]
    scored = second_pass(settings, parts(inputs, rules), rules=rules)
    inputs = inputs.with_pairs(scored.pairs)
    resolution = resolve_records(inputs, rules, Run(run_id, _later(run_at, inputs.known)))
    review = inputs.edges.filter(
        pl.col("source") == "model",
        pl.col("confidence").is_between(rules.thresholds.review, rules.thresholds.auto_link, closed="left"),
    ).join(resolution.links.filter(pl.col("source") == "model"), on=["a", "b"], how="anti")
    seen = _seen(inputs, resolution, review)
    health = build_health(seen, before.last_health(), rules.drift, resolution.run)
    store.write(settings, resolution, review, before, health)
    return _stats(inputs, resolution, review, health, rules, scored)


@contextmanager
def _scanned(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.connect(settings) as con:
        con.execute(f"set memory_limit = '{store.SCAN_MEMORY}'")
        yield con


def resolve_records(inputs: Inputs, rules: Rules, run: Run) -> Resolution:
    """Decide who is who. The same inputs give the same result in any order of rows; again, they change nothing.

    Raises:
        ValueError: an edge has a rule that the rules do not know, or no confidence.
    """
    nodes = inputs.nodes
    found = clustered(inputs, rules)
    links, skipped = outcome(found)
    component, capped = found.component, found.capped
    del found
    ids = stable_ids(nodes, component, inputs.known)
    mapped = (
        nodes.select("system", "profile_kind", "is_staff", "is_there", person=ids.person)
        .with_row_index("node")
        .filter("is_there")
        .with_columns(
            pl.len().over("person").cast(pl.Int64).alias("cluster_size"), pl.col("is_staff").any().over("person")
        )
        .drop("is_there")
    )
    is_bridge = bridges(nodes.height, links["a"].to_numpy(), links["b"].to_numpy())
    clusters = cluster_quality(ids.person, links, is_bridge, capped)
    redirects = redirects_after(inputs.known, ids.moves, run)
    return Resolution(
        names=Names(nodes["node_id"], inputs.values, ids.people),
        map=mapped,
        links=links.with_columns(
            ids.person.gather(links["a"]).alias("person"), pl.Series("is_bridge", is_bridge, dtype=pl.Boolean)
        ),
        skipped=skipped,
        clusters=clusters[ids.people.gather(clusters["person"]).arg_sort()],
        events=events_of(ids=ids, known=inputs.known, redirects=redirects, links=links, skipped=skipped, run=run),
        redirects=redirects,
        history=history_after(nodes, ids.person, links, inputs.known, run),
        run=run,
    )


def _later(run_at: datetime, known: Known) -> datetime:
    """The run's time, moved past all that is known: a second resolution within one run is a later one."""
    last = known.last()
    return max(run_at, last + timedelta(microseconds=1)) if last else run_at


def _seen(inputs: Inputs, resolution: Resolution, review: pl.DataFrame) -> Seen:
    open_rows = inputs.known.history.filter(pl.col("known_to").is_null()).select("node", was="person")
    met = resolution.map.select("node", "person").join(open_rows, on="node")
    return Seen(
        clusters=resolution.clusters,
        links=resolution.links,
        skipped=resolution.skipped,
        events=resolution.events,
        n_review=review.height,
        n_moved=met.filter(pl.col("was") != pl.col("person")).height,
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
        n_nodes=resolution.map.height,
        n_edges=inputs.edges.height - scored.pairs.height + linked.height,
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
