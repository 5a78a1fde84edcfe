"""Analytics tables as assets: each is read, built, checked against its laws and written.

Belongs here: the wiring. Stays out: statistics and laws (``pipelines.analytics``).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from pipelines import warehouse
from pipelines.analytics.build import BUILDS, build_table, inputs
from pipelines.analytics.tables import TABLES, Table
from pipelines.defs.catalogue import DAILY, owners
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.quality.results import CheckResult, record

KEY_LAW = "key_unique_and_complete"


def build_analytics_assets() -> list[dg.AssetsDefinition]:
    """One asset for each declared table, with its laws as blocking checks."""
    return [_asset(TABLES[name]) for name in BUILDS]


def _asset(table: Table) -> dg.AssetsDefinition:
    key = dg.AssetKey(["analytics", table.name])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey(name.split(".")) for name in inputs(table.name)] + [dg.AssetKey(["raw", "run_settings"])],
        group_name="analytics",
        owners=owners("analytics"),
        kinds={"polars", "duckdb"},
        description=table.grain,
        metadata={"dagster/column_schema": column_schema(table)},
        freshness_policy=DAILY,
        check_specs=[
            dg.AssetCheckSpec(
                KEY_LAW, asset=key, blocking=True, description=f"{', '.join(table.key)}: unique together, never null."
            )
        ],
    )
    def _build(house: dg.ResourceParam[House]) -> Iterator[Any]:
        settings = house.settings
        run = current_run(settings)
        frame = build_table(
            table.name,
            lambda name, columns: warehouse.read(settings, name, columns),
            as_of=run.as_of,
            run_id=run.run_id,
            min_cell=run.min_cell,
        )
        rows = warehouse.write(settings, f"analytics.{table.name}", frame)
        laws = [_key_law(table, frame)]
        record(settings, run.run_id, f"analytics.{table.name}", laws)
        yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})
        for law in laws:
            yield _as_result(key, law)

    return _build


def column_schema(table: Table) -> dg.TableSchema:
    """The table's declared columns, for the asset's page."""
    return dg.TableSchema(
        [dg.TableColumn(column.name, str(column.dtype).lower(), column.description) for column in table.columns]
    )


def _key_law(table: Table, frame: pl.DataFrame) -> CheckResult:
    columns = frame.select(table.key)
    wrong = int(columns.is_duplicated().sum()) + columns.filter(pl.any_horizontal(pl.all().is_null())).height
    return CheckResult(
        layer="analytics",
        table=table.name,
        check_type=KEY_LAW,
        severity="error",
        why="The key is unique and never null.",
        status="failed" if wrong else "passed",
        columns=table.key,
        n_checked=frame.height,
        n_unexpected=wrong,
    )


def _as_result(key: dg.AssetKey, law: CheckResult) -> dg.AssetCheckResult:
    message = "" if law.success else law.message or f"{law.n_unexpected} rows break it: {law.why}"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=law.check_type,
        passed=law.success,
        severity=dg.AssetCheckSeverity.ERROR if law.severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"rows": law.n_unexpected or 0, "message": message, "file": "pipelines/analytics/tables.py"},
    )
