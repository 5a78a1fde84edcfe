"""Comparing what was published, for tests that claim two ways lead to the same result.

Belongs here: reading two versions side by side. Stays out: tests.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.analytics.tables import TABLES
from pipelines.settings import Settings

OF_THE_RUN = ("data_quality", "identity_health", "late_arrivals", "segment_history", "segment_migration")
"""Tables about the run, its loads, and what earlier runs found: two ways of loading may differ there."""

STAMP = "run_id"


def database(settings: Settings) -> Path:
    """The file readers open."""
    return settings.published_dir / "current" / "marts.duckdb"


def versions(settings: Settings) -> list[str]:
    """Names of the published versions, oldest first."""
    return sorted(path.name for path in settings.published_dir.iterdir() if path.is_dir() and path.name[0].isdigit())


def differences(left: Settings, right: Settings) -> dict[str, int]:
    """Rows that only one of the two has, by table; the run's own id is left out. Empty: the same marts."""
    with duckdb.connect() as con:
        con.execute(f"attach '{database(left)}' as l (read_only)")
        con.execute(f"attach '{database(right)}' as r (read_only)")
        tables = {side: _tables(con, side) for side in ("l", "r")}
        assert tables["l"] == tables["r"]
        assert len(tables["l"]) > 10
        found = {table: _difference(con, table) for table in tables["l"] if table not in OF_THE_RUN}
    return {table: rows for table, rows in found.items() if rows}


def _tables(con: duckdb.DuckDBPyConnection, side: str) -> list[str]:
    rows = con.execute("select table_name from duckdb_tables() where database_name = ? order by 1", [side]).fetchall()
    return [name for (name,) in rows]


def _difference(con: duckdb.DuckDBPyConnection, table: str) -> int:
    # Statistics are sums of floats over groups that threads share out, so they differ in the last few of their sixteen
    # digits, also over rows read in one order: nine are compared, and a difference of equal means is zero to nine
    # places. Whatever SQL made is compared exactly.
    doubles = con.execute(
        "select column_name from duckdb_columns()"
        " where database_name = 'l' and table_name = ? and data_type = 'DOUBLE' and list_contains(?, table_name)",
        [table, [*TABLES]],
    ).fetchall()
    rounded = ", ".join(f"printf('%.9g', round({name}, 9) + 0.0) as {name}" for (name,) in doubles)
    kept = f"select * exclude ({STAMP}) {f'replace ({rounded})' if rounded else ''} from"
    (rows,) = con.execute(
        f"""
        select
            (select count(*) from ({kept} l.{table} except all {kept} r.{table}))
            + (select count(*) from ({kept} r.{table} except all {kept} l.{table}))
        """
    ).fetchall()[0]
    return int(rows)
