"""The tables identity keeps: reading what earlier runs left, writing what this one says.

Belongs here: names, columns and the one transaction. Stays out: what the tables say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
from polars.datatypes import DataType, DataTypeClass

from pipelines import warehouse
from pipelines.identity.frames import Schema, shaped
from pipelines.identity.health import HEALTH_SCHEMA
from pipelines.identity.history import EVENT_SCHEMA
from pipelines.identity.stable import HISTORY_SCHEMA, REDIRECT_SCHEMA, Known
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

SQL_TYPES: dict[DataType | DataTypeClass, str] = {
    pl.String: "varchar",
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Datetime("us"): "timestamp",
}


def read_known(con: duckdb.DuckDBPyConnection) -> Known:
    """What the warehouse holds of earlier runs; empty before the first."""
    history, redirects = _read(con, HISTORY_TABLE, HISTORY_SCHEMA), _read(con, REDIRECTS_TABLE, REDIRECT_SCHEMA)
    events = _read(con, EVENTS_TABLE, {"event": pl.String, "customer_id": pl.String})
    return Known(history, redirects, events.filter(pl.col("event") == "new")["customer_id"])


def read_health(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The measures of the last run; empty before the first."""
    health = _read(con, HEALTH_TABLE, HEALTH_SCHEMA)
    return health.filter(pl.col("known_at") == pl.col("known_at").max())


def write(settings: Settings, resolution: Resolution, review: pl.DataFrame, health: pl.DataFrame) -> None:
    """Replace this run's tables, append to the logs and the history: one transaction, no change without its trace."""
    replaced = {
        MAP_TABLE: resolution.map,
        LINKS_TABLE: resolution.links,
        SKIPPED_TABLE: resolution.skipped,
        CLUSTERS_TABLE: resolution.clusters,
        REDIRECTS_TABLE: resolution.redirects,
        REVIEW_TABLE: review,
    }
    appended: dict[str, tuple[pl.DataFrame, Schema]] = {
        EVENTS_TABLE: (resolution.events, EVENT_SCHEMA),
        HISTORY_TABLE: (resolution.history_added, HISTORY_SCHEMA),
        HEALTH_TABLE: (health, HEALTH_SCHEMA),
    }
    with warehouse.connect(settings, read_only=False) as con:
        con.execute("begin")
        con.execute(f"create schema if not exists {SCHEMA}")
        for table, frame in replaced.items():
            con.register("incoming", frame.to_arrow())
            con.execute(f"create or replace table {table} as select * from incoming")
            con.unregister("incoming")
        for table, (_, schema) in appended.items():
            columns = [f"{name} {SQL_TYPES[dtype]}" for name, dtype in schema.items()]
            con.execute(f"create table if not exists {table} ({', '.join(columns)})")
            for column in columns:  # a log of an earlier version keeps its rows
                con.execute(f"alter table {table} add column if not exists {column}")
        con.register("closed", resolution.history_closed.to_arrow())
        con.execute(
            f"update {HISTORY_TABLE} set known_to = $known where known_to is null and node_id in (from closed)",
            {"known": resolution.run.known_at},
        )
        # A run that is done again measures again; only what it changes is appended to the log and the history.
        con.execute(f"delete from {HEALTH_TABLE} where known_at = $known", {"known": resolution.run.known_at})
        for table, (frame, _) in appended.items():
            con.register("incoming", frame.to_arrow())
            con.execute(f"insert into {table} by name select * from incoming")
            con.unregister("incoming")
        con.execute("commit")


def _read(con: duckdb.DuckDBPyConnection, table: str, schema: Schema) -> pl.DataFrame:
    schema_name, name = table.split(".")
    found = con.execute(
        "select 1 from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema_name, name],
    ).fetchall()
    if not found:
        return pl.DataFrame(schema=schema)
    frame = con.sql(f"select {', '.join(schema)} from {table}").pl()
    return shaped(frame, schema)
