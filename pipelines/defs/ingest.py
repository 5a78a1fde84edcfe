"""Raw tables as assets: one step a system lands its files and registers its relations.

Belongs here: turning landing reports into materialisations. Stays out: how a file is read, and the step that closes the
landing (``pipelines.defs.closing``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from pipelines.contract import Contract, Table, load_contracts
from pipelines.defs.catalogue import DAILY, IO_RETRY, raw_key
from pipelines.defs.closing import closing_asset
from pipelines.defs.resources import House
from pipelines.funnels import funnel_tables, load_funnels
from pipelines.ingest.landing import TableLanding, land_table
from pipelines.ingest.raw import register_raw
from pipelines.segments import load_segments, segment_definitions
from pipelines.settings import Settings
from pipelines.warehouse import connect, relation


def build_ingest_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """One step for each enabled system, and the step that closes the landing."""
    contracts = load_contracts(settings.systems, settings.project_root)
    # Read while the graph is put together: a wrong definition is told before anything runs.
    funnels = funnel_tables(load_funnels(settings.project_root), settings.project_root)
    segments = segment_definitions(load_segments(settings.project_root))
    return [*(_system(contract) for contract in contracts.values()), closing_asset(contracts, funnels, segments)]


def _system(contract: Contract) -> dg.AssetsDefinition:
    tables = {raw_key(table): table for table in contract.tables}

    @dg.multi_asset(
        name=f"raw_{contract.system}",
        specs=[_spec(contract, key, table) for key, table in tables.items()],
        can_subset=True,
        retry_policy=IO_RETRY,
    )
    def _land(context: dg.AssetExecutionContext, house: dg.ResourceParam[House]) -> Iterator[Any]:
        with_files = contract.system in house.systems
        landings = {
            key: land_table(house.settings, tables[key]) for key in sorted(context.selected_asset_keys) if with_files
        }
        with connect(house.settings, read_only=False) as con:
            register_raw(con, house.settings, [contract])
            counts = {
                key: con.execute(f"select count(*) from {relation('raw.' + tables[key].relation_name)}").fetchall()[0][
                    0
                ]
                for key in context.selected_asset_keys
            }
        for key in sorted(context.selected_asset_keys):
            told = _metadata(landings[key]) if key in landings else {"message": "files of this system left alone"}
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": counts[key], **told})

    return _land


def _spec(contract: Contract, key: dg.AssetKey, table: Table) -> dg.AssetSpec:
    columns = [dg.TableColumn(c.name, c.data_type, c.description) for c in table.columns]
    return dg.AssetSpec(
        key,
        group_name="raw",
        owners=[contract.owner],
        kinds={"parquet", "duckdb", contract.system},
        description=table.description,
        metadata={"dagster/column_schema": dg.TableSchema(columns), "files": ", ".join(table.files)},
        freshness_policy=DAILY,
    )


def _metadata(landing: TableLanding) -> Mapping[str, Any]:
    return {
        "files_seen": landing.files_seen,
        "files_landed": landing.files_landed,
        "files_already": landing.files_already,
        "files_rejected": landing.files_rejected,
        "files_waiting": landing.files_waiting,
        "rows_read": landing.rows_read,
        "rows_landed": landing.rows_landed,
        "rows_quarantined": landing.rows_quarantined,
        "bytes": landing.bytes,
        "new_columns": ", ".join(landing.new_columns),
        "seconds": round(landing.seconds, 3),
    }
