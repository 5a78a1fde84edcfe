"""The tables of identity in the warehouse: reading what earlier runs left, writing what this one says.

Belongs here: names and the one transaction. Stays out: what the tables say, and what outlives the warehouse
(``state``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa

from pipelines import warehouse
from pipelines.identity import state
from pipelines.identity.clusters import SKIPPED_SCHEMA
from pipelines.identity.frames import EDGE_SCHEMA, Schema, shaped
from pipelines.identity.quality import CLUSTER_SCHEMA
from pipelines.identity.state import State
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.identity.resolve import Resolution

SCHEMA = "identity"
MAP_TABLE = f"{SCHEMA}.int_identity__map"
LINKS_TABLE = f"{SCHEMA}.int_identity__links"
SKIPPED_TABLE = f"{SCHEMA}.int_identity__skipped_links"
CLUSTERS_TABLE = f"{SCHEMA}.int_identity__clusters"
REVIEW_TABLE = f"{SCHEMA}.int_identity__review"
REDIRECTS_TABLE = f"{SCHEMA}.int_identity__redirects"
EVENTS_TABLE = f"{SCHEMA}.int_identity__events"
HISTORY_TABLE = f"{SCHEMA}.int_identity__map_history"
HEALTH_TABLE = f"{SCHEMA}.int_identity__health"

STATE_TABLES = {"history": HISTORY_TABLE, "redirects": REDIRECTS_TABLE, "events": EVENTS_TABLE, "health": HEALTH_TABLE}
"""Tables that repeat what outlives the warehouse."""

SCAN_MEMORY = "2GB"
"""Enough for scans and for giving codes: pages kept in memory would only stand beside the frames made of them."""

MAP_SCHEMA: Schema = {
    "node_id": pl.String,
    "system": pl.String,
    "profile_kind": pl.String,
    "customer_id": pl.String,
    "cluster_size": pl.Int64,
    "is_staff": pl.Boolean,
}
LINK_SCHEMA: Schema = {**EDGE_SCHEMA, "customer_id": pl.String, "is_bridge": pl.Boolean}


def read_state(settings: Settings, con: duckdb.DuckDBPyConnection) -> State:
    """What earlier runs left: as kept outside the warehouse, else as an older house left it in its tables.

    Raises:
        StateError: what was kept is damaged.
    """
    kept = state.read_state(settings)
    if kept is not None:
        return kept
    return state.state_of({name: _read(con, table, state.SCHEMAS[name]).lazy() for name, table in STATE_TABLES.items()})


def write(
    settings: Settings, resolution: Resolution, review: pl.DataFrame, before: State, health: pl.DataFrame
) -> None:
    """Keep the state, then make the tables say the same in one transaction.

    Killed between the two, the next run finds the state and nothing to add to it, and the tables follow.
    """
    told = resolution.names.told
    # A resolution that is done again at the same time measures anew.
    measured = before.health.filter(pl.col("known_at") != resolution.run.known_at)
    kept = {
        "history": told(resolution.history, state.SCHEMAS["history"]),
        "redirects": [resolution.redirects],
        "events": [before.events.collect(), resolution.events],
        "health": [measured, health],
    }
    folder = state.write_state(settings, kept)
    tables = {
        MAP_TABLE: (resolution.map, MAP_SCHEMA),
        LINKS_TABLE: (resolution.links, LINK_SCHEMA),
        SKIPPED_TABLE: (resolution.skipped, SKIPPED_SCHEMA),
        CLUSTERS_TABLE: (resolution.clusters, CLUSTER_SCHEMA),
        REVIEW_TABLE: (review, EDGE_SCHEMA),
    }
    with warehouse.connect(settings, read_only=False) as con:
        con.execute(f"set memory_limit = '{SCAN_MEMORY}'")
        con.execute("begin")
        con.execute(f"create schema if not exists {SCHEMA}")
        for table, (frame, schema) in tables.items():
            arrow = pl.DataFrame(schema=schema).to_arrow().schema
            parts = (batch for part in told(frame, schema) for batch in part.to_arrow().cast(arrow).to_batches())
            con.register("incoming", pa.RecordBatchReader.from_batches(arrow, parts))
            con.execute(f"create or replace table {table} as select * from incoming")
            con.unregister("incoming")
        for name, table in STATE_TABLES.items():
            file = warehouse.quote(folder / f"{name}.parquet")
            con.execute(f"create or replace table {table} as select * from read_parquet({file})")
        con.execute("commit")


def _read(con: duckdb.DuckDBPyConnection, table: str, schema: Schema) -> pl.DataFrame:
    """A table, empty where it or one of its columns is not there yet."""
    schema_name, name = table.split(".")
    found = con.execute(
        "select column_name from information_schema.columns"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema_name, name],
    ).fetchall()
    there = [column for (column,) in found if column in schema]
    if not there:
        return pl.DataFrame(schema=schema)
    frame = con.sql(f"select {', '.join(there)} from {table}").pl()
    missing = [pl.lit(None, dtype=dtype).alias(column) for column, dtype in schema.items() if column not in there]
    return shaped(frame.with_columns(missing), schema)
