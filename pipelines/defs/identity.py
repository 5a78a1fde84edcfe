"""The identity map as an asset: computed in Python between the two dbt steps.

Belongs here: the wiring. Stays out: the rules of evidence (dbt) and the clustering (``pipelines.identity``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from pipelines.defs.catalogue import owners
from pipelines.defs.checks import as_check
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.identity.resolve import resolve
from pipelines.quality.results import CheckResult, record
from pipelines.warehouse import connect

MAP = dg.AssetKey(["identity", "int_identity__map"])
EVIDENCE = [
    dg.AssetKey(["entities", "int_profiles"]),
    dg.AssetKey(["identity", "int_identity__edges"]),
    dg.AssetKey(["identity", "int_identity__records"]),
]


def build_identity_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """``identity/int_identity__map`` with its law; the words about it are those of the dbt source that reads it."""
    source = next(s for s in manifest["sources"].values() if s["identifier"] == MAP.path[-1])
    columns = [
        dg.TableColumn(c["name"], c["data_type"] or "varchar", c["description"]) for c in source["columns"].values()
    ]

    @dg.asset(
        key=MAP,
        deps=EVIDENCE,
        group_name="identity",
        owners=owners("identity"),
        kinds={"python", "duckdb"},
        description=source["description"],
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
        check_specs=[
            dg.AssetCheckSpec(
                LAW_NAME,
                asset=MAP,
                blocking=True,
                description="Every source record is in the map exactly once.",
            ),
        ],
    )
    def _map(house: dg.ResourceParam[House]) -> Iterator[Any]:
        run_id = current_run(house.settings).run_id
        stats = resolve(house.settings, run_id=run_id)
        with connect(house.settings) as con:
            rows, wrong = con.execute(LAW).fetchall()[0]
        yield dg.MaterializeResult(asset_key=MAP, metadata={"dagster/row_count": rows, **stats.as_metadata()})
        result = CheckResult(
            layer="identity",
            table=MAP.path[-1],
            check_type=LAW_NAME,
            severity="error",
            why="Every source record is in the map exactly once.",
            status="failed" if wrong else "passed",
            n_checked=rows,
            n_unexpected=wrong,
        )
        record(house.settings, run_id, "identity", [result])
        yield as_check(MAP, result, "pipelines/identity/resolve.py")

    return _map


LAW_NAME = "one_person_a_record"
LAW = """
    with mapped as (
        select node_id, count(*) as n from identity.int_identity__map group by 1
    )
    select
        (select count(*) from identity.int_identity__map),
        count(*) filter (where mapped.n is distinct from 1 or profiles.node_id is null)
    from mapped
    full outer join entities.int_profiles as profiles on mapped.node_id = profiles.node_id
"""
