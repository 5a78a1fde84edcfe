"""Resolve identity in the warehouse: read records and evidence, write the map and what changed.

Belongs here: the traffic between the warehouse and the pure functions of ``clusters``. Stays out: the rules of evidence
(dbt) and the clustering itself. Called between two dbt steps; holds no connection when it returns.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import polars as pl

from pipelines import warehouse
from pipelines.identity.clusters import EVENT_SCHEMA, ID_DIGITS, ID_PREFIX, resolve_clusters
from pipelines.identity.predict import AUTO_LINK, model_edges
from pipelines.settings import Settings

MAP_TABLE = "identity.int_identity__map"
EVENTS_TABLE = "identity.int_identity__events"
REVIEW_TABLE = "identity.int_identity__review"

MODEL_PRIORITY = 9
"""What is only probable is the weakest evidence: it obeys the systems' own ids, and all that is certain."""


@dataclass(frozen=True)
class ResolveStats:
    """Counts of one resolution; no personal data."""

    n_nodes: int
    n_edges: int
    n_customers: int
    n_multi_record_customers: int
    largest_cluster: int
    n_overruled_edges: int
    n_model_edges: int
    n_review_pairs: int
    n_merged: int
    n_split: int
    n_retired: int

    def as_metadata(self) -> dict[str, int]:
        return asdict(self)


def resolve(settings: Settings, *, run_id: str) -> ResolveStats:
    """Write ``identity.int_identity__map`` from ``entities.int_profiles`` and ``identity.int_identity__edges``.

    The previous map gives each person the id he or she had. Changes of ids are appended to
    ``identity.int_identity__events`` (run_id, event, customer_id, into_customer_id, n_nodes); the first run has none.

    Pairs of records the model finds probable but not sure are left in ``identity.int_identity__review`` for a person,
    in the shape of ``predict.EDGE_SCHEMA``.

    Raises:
        WarehouseError: dbt has not built the records and edges yet.
        ValueError: a record occurs twice or an edge names an unknown record.
    """
    nodes, edges, probable, previous = _read(settings)
    sure = pl.col("confidence") >= AUTO_LINK
    linking = probable.filter(sure).select(
        "node_id_a", "node_id_b", pl.lit(MODEL_PRIORITY, dtype=edges.schema["priority"]).alias("priority")
    )
    review = probable.filter(~sure)
    resolution = resolve_clusters(nodes, pl.concat([edges, linking]), previous)
    _write(settings, resolution.map, review, resolution.events.insert_column(0, pl.lit(run_id).alias("run_id")))
    sizes = resolution.map.group_by("customer_id").agg(pl.len().alias("n"))["n"]
    kinds = resolution.events["event"]
    return ResolveStats(
        n_nodes=nodes.height,
        n_edges=resolution.n_edges,
        n_customers=sizes.len(),
        n_multi_record_customers=int((sizes > 1).sum()),
        largest_cluster=int(sizes.max() or 0),  # type: ignore[arg-type]
        n_overruled_edges=resolution.n_overruled,
        n_model_edges=linking.height,
        n_review_pairs=review.height,
        n_merged=int((kinds == "merge").sum()),
        n_split=int((kinds == "split").sum()),
        n_retired=int((kinds == "retire").sum()),
    )


def _read(settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame | None]:
    tables = set(warehouse.tables(settings))
    with warehouse.connect(settings) as con:
        nodes = con.sql(
            f"""
            select
                node_id, system, profile_kind, is_staff,
                '{ID_PREFIX}' || substr(md5(node_id), 1, {ID_DIGITS}) as proposed_id
            from entities.int_profiles
            """
        ).pl()
        edges = con.sql("select node_id_a, node_id_b, priority from identity.int_identity__edges").pl()
        probable = model_edges(settings, con)
        previous = con.sql(f"select node_id, customer_id from {MAP_TABLE}").pl() if MAP_TABLE in tables else None
    return nodes, edges, probable, previous


def _write(settings: Settings, resolved: pl.DataFrame, review: pl.DataFrame, events: pl.DataFrame) -> None:
    """Replace the map and the review list and append the events in one transaction: no change without its trace."""
    columns = ", ".join(
        f"{name} {'varchar' if dtype == pl.String else 'bigint'}" for name, dtype in EVENT_SCHEMA.items()
    )
    with warehouse.connect(settings, read_only=False) as con:
        con.register("resolved", resolved.to_arrow())
        con.register("changes", events.to_arrow())
        con.register("unsure", review.to_arrow())
        con.execute("begin")
        con.execute("create schema if not exists identity")
        con.execute(f"create or replace table {MAP_TABLE} as select * from resolved")
        con.execute(f"create or replace table {REVIEW_TABLE} as select * from unsure")
        con.execute(f"create table if not exists {EVENTS_TABLE} (run_id varchar, {columns})")
        con.execute(f"insert into {EVENTS_TABLE} select * from changes")
        con.execute("commit")
