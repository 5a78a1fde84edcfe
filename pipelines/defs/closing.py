"""The step that closes the landing: the run's settings, the manifest, definitions read, and what landing is held to.

Belongs here: the assets beside the systems' own tables in schema ``raw``, and the checks on every landed table.
Stays out: landing a file (``pipelines.ingest``) and the systems' steps (``pipelines.defs.ingest``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from pipelines.contract import Contract, Table
from pipelines.defs.catalogue import IO_RETRY, owners, raw_key
from pipelines.defs.checks import as_check
from pipelines.defs.resources import House
from pipelines.funnels import write_funnels
from pipelines.ingest.landing import unmatched_files
from pipelines.ingest.manifest import LANDED, read_manifest
from pipelines.ingest.raw import register_raw, write_run_settings
from pipelines.quality.results import CheckResult, record
from pipelines.segments import write_segments
from pipelines.warehouse import connect

LANDING_CHECK = "landed_completely"
FUNNEL_CHECK = "funnels_are_whole"
RUN_SETTINGS = dg.AssetKey(["raw", "run_settings"])
LOAD_MANIFEST = dg.AssetKey(["raw", "load_manifest"])
SEGMENTS = dg.AssetKey(["raw", "segment_definitions"])
SEGMENT_CHECK = "segments_are_whole"
FUNNELS = {name: dg.AssetKey(["raw", name]) for name in ("funnel_definitions", "funnel_matches")}

RUN_COLUMNS = {
    "run_id": "varchar",
    "company": "varchar",
    "run_at": "timestamp",
    "as_of": "timestamp",
    "as_of_date": "date",
    "reporting_time_zone": "varchar",
    "reporting_currency": "varchar",
    "min_cell": "bigint",
}

POLARS_TYPES = {"Int32": "integer", "Int64": "bigint", "String": "varchar", "Boolean": "boolean"}

MANIFEST_COLUMNS = {
    "system": "varchar",
    "table_name": "varchar",
    "batch_id": "varchar",
    "source_name": "varchar",
    "load_date": "date",
    "loaded_at": "timestamp",
    "rows_read": "bigint",
    "rows_landed": "bigint",
    "rows_quarantined": "bigint",
    "first_event_at": "timestamp",
    "last_event_at": "timestamp",
    "new_columns": "varchar",
    "bytes": "bigint",
    "status": "varchar",
    "reason": "varchar",
}


def landing_result(table: Table, batches: pl.DataFrame) -> CheckResult:
    """Lost rows are an error; rejected files and quarantined rows are a warning that names the files, never a value."""
    own = batches.filter((pl.col("system") == table.system) & (pl.col("table_name") == table.name))
    read, landed, held = (int(own[name].sum()) for name in ("rows_read", "rows_landed", "rows_quarantined"))
    lost = read - landed - held
    noted = [f"{lost} rows neither landed nor in quarantine"] if lost else []
    for name, rows in own.filter(pl.col("rows_quarantined") > 0).select("source_name", "rows_quarantined").rows():
        noted.append(f"{name}: {rows} rows in quarantine")
    noted += own.filter(pl.col("status") != LANDED)["reason"].to_list()
    return CheckResult(
        layer="raw",
        table=table.relation_name,
        check_type=LANDING_CHECK,
        severity="error" if lost else "warning",
        why="Every row read is landed or in quarantine; no file was rejected, no row held back.",
        status="failed" if noted else "passed",
        n_checked=read,
        n_unexpected=abs(lost) + held,
        message="; ".join(noted),
    )


def closing_asset(
    contracts: Mapping[str, Contract], funnels: Mapping[str, pl.DataFrame], segments: pl.DataFrame
) -> dg.AssetsDefinition:
    tables = [table for contract in contracts.values() for table in contract.tables]
    raw = [raw_key(table) for table in tables]

    @dg.multi_asset(
        name="raw_run",
        specs=[
            _spec(
                RUN_SETTINGS,
                "One row: the run, its as-of date and instant, reporting zone and currency, minimum cell.",
                RUN_COLUMNS,
                raw,
            ),
            _spec(
                LOAD_MANIFEST,
                "One row per landed or rejected file: counts, times, new columns, reason.",
                MANIFEST_COLUMNS,
                raw,
            ),
            *(
                _spec(
                    key, f"The funnels file as the run read it: {name.replace('_', ' ')}.", _types(funnels[name]), raw
                )
                for name, key in FUNNELS.items()
            ),
            _spec(
                SEGMENTS, "The segments file as the run read it: one row per scheme and rule.", _types(segments), raw
            ),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "as_of_after_last_event",
                asset=RUN_SETTINGS,
                description="No landed event lies after the as-of instant.",
            ),
            dg.AssetCheckSpec(
                "files_are_known",
                asset=LOAD_MANIFEST,
                description="Every file beside the tables' own belongs to a contract.",
            ),
            *(
                dg.AssetCheckSpec(FUNNEL_CHECK, asset=key, description="Every step can be reached by some event.")
                for key in FUNNELS.values()
            ),
            dg.AssetCheckSpec(
                SEGMENT_CHECK, asset=SEGMENTS, description="Every scheme says where everybody else goes, last and once."
            ),
            *(
                dg.AssetCheckSpec(
                    LANDING_CHECK,
                    asset=key,
                    blocking=True,
                    description="Every row read is landed or in quarantine; no file was rejected, no row held back.",
                )
                for key in raw
            ),
        ],
        # The checks of the raw tables are made here, from the manifest of the whole landing. This also frees the step
        # from waiting for the suites that block those tables, which need the run's settings themselves.
        allow_arbitrary_check_specs=True,
        retry_policy=IO_RETRY,
    )
    def _close_landing(house: dg.ResourceParam[House]) -> Iterator[Any]:
        with connect(house.settings, read_only=False) as con:
            manifest = read_manifest(house.settings)
            row = write_run_settings(con, house.settings, contracts, manifest, house.run_id)
            write_funnels(con, funnels)
            write_segments(con, segments)
            listed = register_raw(con, house.settings, contracts).height
            later = con.execute(
                "select count(*) from raw.load_manifest, raw.run_settings"
                " where load_manifest.last_event_at >= run_settings.as_of"
            ).fetchall()[0][0]
        unknown = unmatched_files(house.settings, [*contracts.values()])
        yield dg.MaterializeResult(
            asset_key=RUN_SETTINGS, metadata={"dagster/row_count": 1, "as_of_date": str(row["as_of_date"])}
        )
        yield dg.MaterializeResult(asset_key=LOAD_MANIFEST, metadata={"dagster/row_count": listed})
        for name, key in FUNNELS.items():
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": funnels[name].height})
        yield dg.MaterializeResult(asset_key=SEGMENTS, metadata={"dagster/row_count": segments.height})
        results = [
            _late_events(later),
            _known_files(unknown),
            *(_whole_funnels(name, funnels) for name in FUNNELS),
            _whole_segments(segments),
            *(landing_result(table, manifest) for table in tables),
        ]
        record(house.settings, house.run_id, "landed", results)
        for result in results:
            file = f"quarantine/{result.table.replace('__', '/')}" if result.check_type == LANDING_CHECK else ""
            yield as_check(dg.AssetKey(["raw", result.table]), result, file)

    return _close_landing


def _late_events(files: int) -> CheckResult:
    return CheckResult(
        layer="raw",
        table=RUN_SETTINGS.path[-1],
        check_type="as_of_after_last_event",
        severity="warning",
        why="No landed event lies after the as-of date; later ones are left out.",
        status="failed" if files else "passed",
        observed=files,
        message=f"{files} files hold events after the as-of date; they are left out" if files else "",
    )


def _whole_funnels(table: str, funnels: Mapping[str, pl.DataFrame]) -> CheckResult:
    """Whether both tables speak of the same steps: those of the other that this one lacks."""
    steps = {
        "funnel_definitions": funnels["funnel_definitions"].select("funnel_number", "step_order").unique(),
        "funnel_matches": funnels["funnel_matches"]
        .filter(pl.col("role") == "step")
        .select("funnel_number", "step_order")
        .unique(),
    }
    own = steps.pop(table)
    ((_, other),) = steps.items()
    missing = other.join(own, on=other.columns, how="anti").height
    return CheckResult(
        layer="raw",
        table=table,
        check_type=FUNNEL_CHECK,
        severity="error",
        why="Every step of a funnel is defined and can be reached by some event.",
        status="failed" if missing else "passed",
        n_checked=other.height,
        n_unexpected=missing,
        message=f"{missing} steps are only in one of the two tables" if missing else "",
    )


def _whole_segments(segments: pl.DataFrame) -> CheckResult:
    """Whether each scheme ends with the one rule that takes whoever is left."""
    ends = (
        segments.filter(pl.col("form") != "tag")
        .group_by("scheme_id")
        .agg(
            pl.col("is_otherwise").sum().alias("ends"),
            pl.col("is_otherwise").sort_by("rule_number").last().alias("last"),
        )
    )
    open_ended = ends.filter((pl.col("ends") != 1) | ~pl.col("last")).height
    return CheckResult(
        layer="raw",
        table=SEGMENTS.path[-1],
        check_type=SEGMENT_CHECK,
        severity="error",
        why="A scheme without an otherwise leaves people out.",
        status="failed" if open_ended else "passed",
        n_checked=ends.height,
        n_unexpected=open_ended,
        message=f"{open_ended} schemes do not end with their otherwise" if open_ended else "",
    )


def _known_files(unknown: Sequence[str]) -> CheckResult:
    return CheckResult(
        layer="raw",
        table=LOAD_MANIFEST.path[-1],
        check_type="files_are_known",
        severity="warning",
        why="Every file beside the tables' own belongs to a contract.",
        status="failed" if unknown else "passed",
        observed=len(unknown),
        message=f"no contract knows {', '.join(unknown)}" if unknown else "",
    )


def _spec(key: dg.AssetKey, description: str, columns: Mapping[str, str], deps: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        description=description,
        group_name="raw",
        owners=owners("raw"),
        kinds={"duckdb"},
        deps=deps,
        metadata={"dagster/column_schema": dg.TableSchema([dg.TableColumn(*column) for column in columns.items()])},
    )


def _types(frame: pl.DataFrame) -> dict[str, str]:
    return {column: POLARS_TYPES[str(kind)] for column, kind in frame.schema.items()}
