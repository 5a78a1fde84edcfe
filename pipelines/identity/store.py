"""The tables of identity in the warehouse: reading what earlier runs left, writing what this one says.

Belongs here: names and the one transaction. Stays out: what the tables say, and what outlives the warehouse
(``state``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines import warehouse
from pipelines.identity import state
from pipelines.identity.frames import Schema, shaped
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


def read_state(settings: Settings, con: duckdb.DuckDBPyConnection) -> State:
    """What earlier runs left: as kept outside the warehouse, else as an older house left it in its tables.

    Raises:
        StateError: what was kept is damaged.
    """
    kept = state.read_state(settings)
    if kept is not None:
        return kept
    tables = {"history": HISTORY_TABLE, "redirects": REDIRECTS_TABLE, "events": EVENTS_TABLE, "health": HEALTH_TABLE}
    return State(**{name: _read(con, table, state.SCHEMAS[name]) for name, table in tables.items()})


def write(settings: Settings, resolution: Resolution, review: pl.DataFrame, kept: State) -> None:
    """Keep the state, then make the tables say the same in one transaction.

    Killed between the two, the next run finds the state and nothing to add to it, and the tables follow.
    """
    state.write_state(settings, kept)
    tables = {
        MAP_TABLE: resolution.map,
        LINKS_TABLE: resolution.links,
        SKIPPED_TABLE: resolution.skipped,
        CLUSTERS_TABLE: resolution.clusters,
        REVIEW_TABLE: review,
        REDIRECTS_TABLE: kept.redirects,
        EVENTS_TABLE: kept.events,
        HISTORY_TABLE: kept.history,
        HEALTH_TABLE: kept.health,
    }
    with warehouse.connect(settings, read_only=False) as con:
        con.execute("begin")
        con.execute(f"create schema if not exists {SCHEMA}")
        for table, frame in tables.items():
            con.register("incoming", frame.to_arrow())
            con.execute(f"create or replace table {table} as select * from incoming")
            con.unregister("incoming")
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
