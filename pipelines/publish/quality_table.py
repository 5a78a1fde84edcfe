"""``data_quality``: the checks of the run as a published table.

Belongs here: its columns and its rows from results. Stays out: running checks, and the page for people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import duckdb
import polars as pl

from pipelines.publish.build import TARGET, Stamp, comment
from pipelines.publish.contract import STAMP
from pipelines.quality.results import CheckResult, in_order

NAME = "data_quality"
GRAIN = "One row per check of this run, from the raw tables to the published ones."

COLUMNS: dict[str, tuple[pl.DataType, str]] = {
    "layer": (pl.String(), "Where the check looked: raw, staging, entities, identity, core, analytics, published."),
    "table_name": (pl.String(), "Table checked."),
    "check_name": (pl.String(), "Short name of the check."),
    "check_type": (pl.String(), "Kind of check: a Great Expectations type, a dbt test, a law, a probe."),
    "check_arguments": (pl.String(), "Its arguments as JSON."),
    "severity": (pl.String(), "error stops publishing, warning is shown."),
    "status": (pl.String(), "passed; failed: the data break the rule; error: it could not be computed."),
    "n_checked": (pl.Int64(), "Rows looked at."),
    "n_unexpected": (pl.Int64(), "Rows that break the rule, where rows are what is judged."),
    "unexpected_share": (pl.Float64(), "n_unexpected / n_checked."),
    "observed": (pl.Float64(), "The number judged, for checks of a whole table or column."),
    "why": (pl.String(), "Reason of the check, and when its limit was set."),
}


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty table in the attached file."""
    con.register("quality_rows", _frame([]).to_arrow())
    stamped = "cast(null as date) as as_of, cast(null as varchar) as run_id"
    con.execute(f"create table {TARGET}.{NAME} as select *, {stamped} from quality_rows where false")
    con.unregister("quality_rows")
    comment(con, NAME, GRAIN, {name: description for name, (_, description) in COLUMNS.items()} | STAMP)


def append(con: duckdb.DuckDBPyConnection, results: Iterable[CheckResult], stamp: Stamp) -> None:
    """Add rows for results."""
    con.register("quality_rows", _frame(results).to_arrow())
    con.execute(
        f"insert into {TARGET}.{NAME} select *, cast(? as date), ? from quality_rows",
        [stamp.as_of.isoformat(), stamp.run_id],
    )
    con.unregister("quality_rows")


def _frame(results: Iterable[CheckResult]) -> pl.DataFrame:
    rows = [
        {
            "layer": result.layer,
            "table_name": result.table,
            "check_name": result.check,
            "check_type": result.check_type,
            "check_arguments": json.dumps(dict(result.kwargs), ensure_ascii=False, default=str, sort_keys=True),
            "severity": result.severity,
            "status": result.status,
            "n_checked": result.n_checked,
            "n_unexpected": result.n_unexpected,
            "unexpected_share": result.share,
            "observed": result.observed,
            "why": result.why,
        }
        for result in in_order(results)
    ]
    return pl.DataFrame(rows, schema={name: dtype for name, (dtype, _) in COLUMNS.items()})
