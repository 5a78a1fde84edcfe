"""dbt models, seeds and tests as assets and checks, built in this process.

Belongs here: names, groups and owners of dbt nodes, and the mapping of dbt's results to Dagster events. Stays out:
calling dbt (``dbt_runner``). The project is split in two steps because the identity map is made between them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from pipelines.defs import dbt_runner
from pipelines.defs.built_by import is_other_code, note
from pipelines.defs.catalogue import DAILY, owners
from pipelines.defs.dbt_runner import NodeResult
from pipelines.defs.progress import Progress, tell
from pipelines.defs.resources import House
from pipelines.defs.run_settings import current_run
from pipelines.quality.results import CheckResult, record
from pipelines.warehouse import connect, relation

UNIQUE_ID = "dagster_dbt/unique_id"
IDENTITY = "identity"
"""Schema of the sources that the Python step between the two dbt steps writes."""

CHECK_LAYERS = {"journey": "core", "feedback": "core", "seeds": "staging"}
"""Layers of the architecture for schemas that are named otherwise."""


class LayerTranslator(DagsterDbtTranslator):
    """Key ``<layer>/<model>``, group = layer, owner by layer; sources are the assets that land or compute them."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_metadata=False, enable_source_tests_as_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        name = dbt_resource_props.get("identifier") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        return owners(self.get_group_name(dbt_resource_props))

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "")

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        # Not blocking by Dagster's own means: a step whose test fails fails itself (``dbt_events``), and hundreds of
        # blocking checks make every step behind them wait for each one: 10 s of planning a run.
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec._replace(blocking=False) if spec else None

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return (
            spec.replace_attributes(freshness_policy=DAILY)
            if spec.group_name in ("core", "journey", "feedback")
            else spec
        )


def build_dbt_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """Two steps: what identity is decided from, and what is made from any table it writes."""
    late = f"source:{IDENTITY}+"
    after = _made_from_identity(manifest)
    tests = {
        unique_id: [parent for parent in node["depends_on"]["nodes"] if not parent.startswith("source.")]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and node["config"]["enabled"]
    }
    return [
        _step("dbt_entities", manifest, {test: tests[test] for test in tests.keys() - after}, exclude=late),
        _step("dbt_marts", manifest, {test: tests[test] for test in tests.keys() & after}, select=late),
    ]


def _made_from_identity(manifest: Mapping[str, Any]) -> set[str]:
    """Every node and test that reads a table the Python step writes, directly or not."""
    start = [unique_id for unique_id, source in manifest["sources"].items() if source["schema"] == IDENTITY]
    found: set[str] = set()
    while start:
        children = set(manifest["child_map"].get(start.pop(), [])) - found
        found |= children
        start += children
    return found


def _step(
    name: str,
    manifest: Mapping[str, Any],
    tests: Mapping[str, Sequence[str]],
    *,
    select: str = "fqn:*",
    exclude: str = "",
) -> dg.AssetsDefinition:
    """One step; ``tests`` are those that can be held after it, each with the models and seeds it reads.

    A test runs when any of them is built, or where it reads sources alone: every test file, asset check or not.
    """

    @dbt_assets(
        manifest=manifest,
        name=name,
        select=select,
        exclude=exclude or None,
        dagster_dbt_translator=LayerTranslator(),
        required_resource_keys={"house"},
    )
    def _build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        house: House = context.resources.house
        nodes = _selected_nodes(context).keys()
        kept = {node for node in nodes if manifest["nodes"][node]["config"]["materialized"] == "incremental"}
        results = dbt_runner.build_nodes(
            house.settings,
            {*nodes, *_selected_tests(context), *(test for test, read in tests.items() if not read or nodes & read)},
            full_refresh=house.full_refresh or is_other_code(house.settings, kept),
            on_start=lambda node: tell(Progress("working", name, asset=node)),
        )
        if done := kept & {result.unique_id for result in results if result.status == "success"}:
            note(house.settings, done)
        part = [_as_check(manifest, result) for result in results if result.resource_type == "test"]
        record(house.settings, current_run(house.settings).run_id, name, [check for check in part if check])
        yield from dbt_events(context, house, results)

    return _build


def _selected_nodes(context: dg.AssetExecutionContext) -> dict[str, dg.AssetKey]:
    """The selected models and seeds: dbt's unique id to the asset's key."""
    definition = context.assets_def
    return {definition.get_asset_spec(key).metadata[UNIQUE_ID]: key for key in context.selected_asset_keys}


def _selected_tests(context: dg.AssetExecutionContext) -> dict[str, dg.AssetCheckKey]:
    """The selected tests: dbt's unique id to the check's key."""
    definition = context.assets_def
    return {
        (definition.get_spec_for_check_key(key).metadata or {})[UNIQUE_ID]: key
        for key in context.selected_asset_check_keys
    }


def dbt_events(context: dg.AssetExecutionContext, house: House, results: Sequence[NodeResult]) -> Iterator[Any]:
    """A materialisation for each built node, a check result for each test; then a failure if anything failed.

    Raises:
        dagster.Failure: a node failed or a test of severity error did; its description names them, with the next step.
    """
    keys, checks = _selected_nodes(context), _selected_tests(context)
    built = {result.unique_id: result for result in results if result.status == "success" and result.unique_id in keys}
    rows = _row_counts(house, built.values())
    for unique_id, result in built.items():
        yield dg.MaterializeResult(
            asset_key=keys[unique_id],
            metadata={"dagster/row_count": rows[unique_id], "seconds": round(result.seconds, 3)},
        )
    for result in results:
        if result.unique_id in checks and result.status != "skipped":
            yield _check_result(checks[result.unique_id], result)
    failed = [result for result in results if result.status in ("error", "fail", "runtime error")]
    if failed:
        raise dg.Failure(
            description="; ".join(f"{result.name}: {result.message or result.status}" for result in failed),
            metadata={"failed": [result.unique_id for result in failed]},
            allow_retries=False,
        )
    # A blocking check without a result lets everything behind it through, and Dagster only says so in its log.
    if silent := sorted(set(checks) - {result.unique_id for result in results}):
        raise dg.Failure(
            description=f"dbt did not run {len(silent)} selected tests: {', '.join(silent)}",
            metadata={"silent": silent},
            allow_retries=False,
        )


def _as_check(manifest: Mapping[str, Any], result: NodeResult) -> CheckResult | None:
    """A test as a row of the run's checks, in the words of its declaration; none where it was skipped."""
    node = manifest["nodes"][result.unique_id]
    attached = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), None)
    if result.status == "skipped" or attached is None:
        return None
    target = manifest["nodes"].get(attached) or manifest["sources"][attached]
    told = node.get("test_metadata") or {"name": node["name"], "kwargs": {}}
    arguments = {name: value for name, value in told["kwargs"].items() if name not in ("model", "column_name")}
    outcome = {"pass": "passed", "warn": "failed", "fail": "failed"}.get(result.status, "error")
    return CheckResult(
        layer=CHECK_LAYERS.get(target["schema"], target["schema"]),
        table=target["name"],
        check_type=told["name"],
        severity="warning" if node["config"]["severity"].lower() == "warn" else "error",
        why=node.get("description") or "The model's declared grain, values and references.",
        status=outcome,
        columns=(node["column_name"],) if node.get("column_name") else (),
        kwargs=arguments,
        n_unexpected=None if outcome == "error" else result.failures,
        message="" if outcome == "passed" else result.message,
    )


def _check_result(key: dg.AssetCheckKey, result: NodeResult) -> dg.AssetCheckResult:
    warned = result.status == "warn"
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if warned else dg.AssetCheckSeverity.ERROR,
        metadata={
            "rows": result.failures,
            "seconds": round(result.seconds, 3),
            "message": result.message,
            "sql": result.compiled_path,
        },
    )


def _row_counts(house: House, results: Iterable[NodeResult]) -> dict[str, int]:
    counts: dict[str, int] = {}
    with connect(house.settings) as con:
        for result in results:
            schema, name = [part.strip('"') for part in result.relation.split(".")[-2:]]
            found = con.execute(f"select count(*) from {relation(f'{schema}.{name}')}").fetchone()
            counts[result.unique_id] = int(found[0]) if found else 0
    return counts
