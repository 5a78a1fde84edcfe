"""The run every table of a refresh belongs to, as the warehouse holds it.

Belongs here: reading ``raw.run_settings``. Stays out: writing it (``pipelines.ingest``). Steps read it instead of
asking Dagster, so that landing and building may be two runs and still stamp one id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.settings import Settings
from pipelines.warehouse import connect, read_from


@dataclass(frozen=True)
class CurrentRun:
    """The one row of ``raw.run_settings``, as far as Python steps need it."""

    run_id: str
    as_of: date
    min_cell: int


def current_run(settings: Settings) -> CurrentRun:
    """The run of the warehouse as it is.

    Raises:
        WarehouseError: nothing has landed yet.
    """
    with connect(settings) as con:
        return run_of(con)


def run_of(con: duckdb.DuckDBPyConnection) -> CurrentRun:
    """``current_run`` on an open connection."""
    row = read_from(con, "raw.run_settings", ["run_id", "as_of_date", "min_cell"]).row(0, named=True)
    return CurrentRun(row["run_id"], row["as_of_date"], row["min_cell"])
