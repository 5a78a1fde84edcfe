"""The identity tables as assets: computed in Python between the two dbt steps.

Belongs here: the wiring. Stays out: the rules of evidence (dbt) and the resolution (``pipelines.identity``).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from pipelines.defs.catalogue import owners
from pipelines.defs.checks import as_check
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.identity.laws import LAWS, broken
from pipelines.identity.predict import RAN
from pipelines.identity.resolve import ResolveStats, resolve
from pipelines.identity.rules import load_rules
from pipelines.identity.store import HEALTH_TABLE
from pipelines.quality.results import CheckResult, record
from pipelines.warehouse import connect

MAP = dg.AssetKey(["identity", "int_identity__map"])
HEALTH = dg.AssetKey(HEALTH_TABLE.split("."))
EVIDENCE = [
    dg.AssetKey(["entities", "int_profiles"]),
    *[dg.AssetKey(["identity", f"int_identity__{name}"]) for name in ("edges", "unique_keys", "blocked", "records")],
    *[dg.AssetKey(["seeds", f"identity_{name}_match"]) for name in ("never", "always")],
]
DRIFT_NAME = "no_measure_drifted"
DRIFT_WHY = "No measure of identity moved by more than the rules file allows against the run before."

PASS_NAME = "second_pass_ran"
PASS_WHY = (
    "The model compared the records, with parameters that fit its settings; else the rules alone say who is one person."
)


def build_identity_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The tables of ``pipelines.identity.store``, each with its law; the words are those of their dbt sources."""
    sources = {s["identifier"]: s for s in manifest["sources"].values() if s["source_name"] == "identity"}
    keys = {law.table: dg.AssetKey(["identity", law.table]) for law in LAWS}

    @dg.multi_asset(
        name="identity",
        specs=[_spec(keys[table], sources[table]) for table in keys],
        check_specs=[
            *[dg.AssetCheckSpec(law.name, asset=keys[law.table], blocking=True, description=law.why) for law in LAWS],
            dg.AssetCheckSpec(DRIFT_NAME, asset=HEALTH, description=DRIFT_WHY),
            dg.AssetCheckSpec(PASS_NAME, asset=MAP, description=PASS_WHY),
        ],
    )
    def _identity(house: dg.ResourceParam[House]) -> Iterator[Any]:
        run_id = current_run(house.settings).run_id
        rules = house.rules or load_rules()
        stats = resolve(house.settings, run_id=run_id, rules=rules)
        with connect(house.settings) as con:
            found = {law.name: broken(con, law, rules) for law in LAWS}
            measures = con.execute(
                f"""
                select measure, value, is_warning from {HEALTH_TABLE}
                where known_at = (select max(known_at) from {HEALTH_TABLE})
                order by measure
                """
            ).fetchall()
        told: dict[str, Mapping[str, Any]] = {
            "int_identity__map": stats.as_metadata(),
            "int_identity__health": {measure: value for measure, value, _ in measures},
        }
        for law in LAWS:
            rows = {"dagster/row_count": found[law.name][0]}
            yield dg.MaterializeResult(asset_key=keys[law.table], metadata={**rows, **told.get(law.table, {})})
        results = [
            CheckResult(
                layer="identity",
                table=law.table,
                check_type=law.name,
                severity="error",
                why=law.why,
                status="failed" if found[law.name][1] else "passed",
                n_checked=found[law.name][0],
                n_unexpected=found[law.name][1],
            )
            for law in LAWS
        ]
        results.append(_drift([measure for measure, _, is_warning in measures if is_warning], len(measures)))
        results.append(_second_pass(stats))
        record(house.settings, run_id, "identity", results)
        for result in results:
            yield as_check(keys[result.table], result, "pipelines/identity/laws.py")

    return _identity


def _spec(key: dg.AssetKey, source: Mapping[str, Any]) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(c["name"], c["data_type"] or "varchar", c["description"]) for c in source["columns"].values()
    ]
    return dg.AssetSpec(
        key,
        deps=EVIDENCE,
        group_name="identity",
        owners=owners("identity"),
        kinds={"python", "duckdb"},
        description=source["description"],
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
    )


def _second_pass(stats: ResolveStats) -> CheckResult:
    has_run = stats.second_pass == RAN
    return CheckResult(
        layer="identity",
        table=MAP.path[-1],
        check_type=PASS_NAME,
        severity="warning",
        why=PASS_WHY,
        status="passed" if has_run else "failed",
        n_checked=stats.n_compared_rows,
        message="" if has_run else stats.second_pass,
    )


def _drift(drifted: list[str], n_measures: int) -> CheckResult:
    return CheckResult(
        layer="identity",
        table=HEALTH.path[-1],
        check_type=DRIFT_NAME,
        severity="warning",
        why=DRIFT_WHY,
        status="failed" if drifted else "passed",
        n_checked=n_measures,
        n_unexpected=len(drifted),
        message=f"moved: {', '.join(drifted)}" if drifted else "",
    )
