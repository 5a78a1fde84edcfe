"""Analytics tables as assets: each is read, built, written and held against its laws.

Belongs here: the wiring. Stays out: statistics and laws (``pipelines.analytics``).
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines import warehouse
from pipelines.analytics.build import BUILDS, build_from, inputs, read_inputs
from pipelines.analytics.inputs import Columns, Run
from pipelines.analytics.law import Violation
from pipelines.analytics.laws import LAWS, check_table
from pipelines.analytics.table import Table
from pipelines.analytics.tables import TABLES
from pipelines.defs.catalogue import DAILY, owners
from pipelines.defs.checks import as_check
from pipelines.defs.heap import give_back
from pipelines.defs.resources import House
from pipelines.defs.run_settings import run_of
from pipelines.defs.segment_state import KEPT, KEPT_TABLE, keeper, read_kept
from pipelines.quality.results import CheckResult, record
from pipelines.settings import Settings

LAWS_FILE = "pipelines/analytics/laws/"


def build_analytics_assets() -> list[dg.AssetsDefinition]:
    """One asset for each declared table, with its laws as blocking checks."""
    return [_asset(TABLES[name]) for name in BUILDS]


def reads(name: str) -> list[str]:
    """Every ``schema.table`` of the warehouse a table and its laws read, and the run's settings."""
    of_laws = {table for law in LAWS[name] for table in law.reads}
    return sorted({*inputs(name), *of_laws, "raw.run_settings"} - KEPT.keys())


def _read(settings: Settings, con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> pl.DataFrame:
    """A table of the warehouse, or what earlier runs kept outside it."""
    if table in KEPT:
        return read_kept(settings, table, columns)
    schemes = columns.schemes if isinstance(columns, Columns) else ()
    return warehouse.read_from(con, table, columns, only={"scheme_id": schemes} if schemes else None)


def _asset(table: Table) -> dg.AssetsDefinition:
    key = dg.AssetKey(["analytics", table.name])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey(name.split(".")) for name in reads(table.name)],
        group_name="analytics",
        owners=owners("analytics"),
        kinds={"polars", "duckdb"},
        description=table.grain,
        metadata={"dagster/column_schema": column_schema(table)},
        freshness_policy=DAILY,
        check_specs=[
            dg.AssetCheckSpec(law.name, asset=key, blocking=True, description=law.why) for law in LAWS[table.name]
        ],
    )
    def _build(house: dg.ResourceParam[House]) -> Iterator[Any]:
        settings = house.settings
        with warehouse.connect(settings, keep=True) as con:
            run = run_of(con)
            frames = read_inputs(table.name, partial(_read, settings, con))
        # Nothing large is open while it computes: the engine's cache and the frames need not be held at once.
        keep = keeper(settings, frames, run.as_of) if table.name == KEPT_TABLE else None
        frame = build_from(table.name, frames, Run(run.as_of, run.run_id, run.min_cell))
        del frames
        give_back()
        with warehouse.connect(settings, read_only=False, keep=True) as con:
            rows = warehouse.write_to(con, f"analytics.{table.name}", frame)
            broken = check_table(table.name, partial(_read, settings, con), min_cell=run.min_cell, frame=frame)
        if keep and not broken:
            keep(frame)
        del frame, keep
        give_back()
        results = law_results(table.name, rows, broken)
        record(settings, run.run_id, f"analytics.{table.name}", results)
        yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})
        for result in results:
            yield as_check(key, result, LAWS_FILE)

    return _build


def column_schema(table: Table) -> dg.TableSchema:
    """The table's declared columns, for the asset's page."""
    return dg.TableSchema(
        [dg.TableColumn(column.name, str(column.dtype).lower(), column.description) for column in table.columns]
    )


def law_results(name: str, rows: int, violations: Sequence[Violation]) -> list[CheckResult]:
    """One result a law of the table: what breaks it is counted and said in words."""
    results = []
    for law in LAWS[name]:
        broken = [violation for violation in violations if violation.law == law.name]
        results.append(
            CheckResult(
                layer="analytics",
                table=name,
                check_type=law.name,
                severity="error",
                why=law.why,
                status="failed" if broken else "passed",
                n_checked=rows,
                n_unexpected=sum(violation.count for violation in broken),
                message="; ".join(violation.detail for violation in broken),
            )
        )
    return results
