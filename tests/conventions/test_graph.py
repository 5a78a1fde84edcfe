"""The asset graph: every asset says who it belongs to and what it is, is checked, and loading it opens nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.dependency import NodeHandle

from pipelines.build import build_defs
from pipelines.defs.catalogue import OWNERS
from pipelines.defs.run import Graph, SelectionError
from pipelines.settings import PROJECT_ROOT, Settings
from tests.shared import settings_in, with_parsed_project

JOBS = ["build", "land", "publish", "refresh_all", "refresh_source"]

LOAD_WITHOUT_SOCKET_OR_DATABASE = """
import socket
import duckdb

def refuse(*arguments, **options):
    raise AssertionError(f"loading the definitions opened {arguments}")

socket.socket.connect = socket.socket.bind = refuse
socket.getaddrinfo = socket.create_connection = refuse
duckdb.connect = refuse

import pipelines.definitions as definitions
assert definitions.defs.resolve_job_def("refresh_all")
print("loaded")
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return with_parsed_project(tmp_path_factory, settings_in(tmp_path_factory.mktemp("graph")))


@pytest.fixture(scope="module")
def defs(settings: Settings) -> dg.Definitions:
    return build_defs(settings=settings)


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> list[dg.AssetSpec]:
    found = [spec for assets in defs.assets or [] if isinstance(assets, dg.AssetsDefinition) for spec in assets.specs]
    assert len(found) > 100
    return found


def name(spec: dg.AssetSpec) -> str:
    return spec.key.to_user_string()


def test_every_asset_has_the_group_of_its_layer(specs: list[dg.AssetSpec]) -> None:
    assert [name(spec) for spec in specs if spec.group_name != spec.key.path[0]] == []
    assert {spec.group_name for spec in specs} == set(OWNERS)


@pytest.mark.parametrize("what", ["owners", "kinds", "description"])
def test_every_asset_has(specs: list[dg.AssetSpec], what: str) -> None:
    assert [name(spec) for spec in specs if not getattr(spec, what)] == []


def test_every_asset_declares_its_columns(specs: list[dg.AssetSpec]) -> None:
    missing = []
    tables = [spec for spec in specs if spec.group_name != "showroom"]
    for spec in tables:
        schema = spec.metadata.get("dagster/column_schema")
        columns = getattr(schema, "columns", None) or getattr(getattr(schema, "schema", None), "columns", [])
        if not columns or any(not column.type for column in columns):
            missing.append(name(spec))
    assert missing == []


def test_every_asset_is_checked(defs: dg.Definitions, specs: list[dg.AssetSpec]) -> None:
    checked = {key.asset_key for key in defs.resolve_asset_graph().asset_check_keys}
    assert [name(spec) for spec in specs if spec.key not in checked] == []


def test_what_leaves_raw_is_guarded_by_a_blocking_check(defs: dg.Definitions, specs: list[dg.AssetSpec]) -> None:
    graph = defs.resolve_asset_graph()
    blocking = {key.asset_key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking}
    exports = [spec for spec in specs if spec.group_name == "raw" and "__" in spec.key.path[-1]]
    assert exports
    assert [name(spec) for spec in exports if spec.key not in blocking] == []


def test_the_ui_can_load_the_graph_whole(defs: dg.Definitions) -> None:
    """What `dagster dev` does and a single job does not: every job, step and sensor in one repository."""
    repository = defs.get_repository_def()
    repository.load_all_definitions()
    assert {job.name for job in repository.get_all_jobs()} >= set(JOBS)


def test_the_jobs_run_in_one_process(defs: dg.Definitions) -> None:
    assert sorted(job.name for job in defs.jobs or []) == JOBS
    for job in JOBS:
        assert defs.resolve_job_def(job).executor_def is dg.in_process_executor


def test_dbt_runs_in_two_steps(defs: dg.Definitions) -> None:
    """A model in the wrong one makes Dagster split both; a part without sources then runs before anything landed."""
    steps = sorted(name for name in defs.resolve_job_def("refresh_all").graph.node_dict if name.startswith("dbt_"))
    assert steps == ["dbt_entities", "dbt_marts"]


def test_landing_and_building_are_the_whole_refresh(defs: dg.Definitions) -> None:
    def parts(job_name: str) -> set[dg.AssetKey | dg.AssetCheckKey]:
        """Every asset and check of a job."""
        job = defs.resolve_job_def(job_name)
        handles = [NodeHandle(name, None) for name in job.graph.node_dict]
        return {key for handle in handles for key in job.asset_layer.get_selected_entity_keys_for_node(handle)}

    whole, land, build = parts("refresh_all"), parts("land"), parts("build")
    assert whole - (land | build) == set()
    assert land & build == set()
    assert land | build == whole


def test_the_nightly_refresh_runs_at_two_in_the_reporting_zone(defs: dg.Definitions) -> None:
    (schedule,) = [schedule for schedule in defs.schedules or [] if schedule.name == "nightly_refresh"]
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/Berlin")
    assert schedule.job_name == "refresh_all"


def test_every_call_builds_a_fresh_graph_and_takes_resources(settings: Settings) -> None:
    first, second = build_defs(settings=settings), build_defs(settings=settings, resources={"house": "mine"})
    assert first is not second
    assert second.resources is not None
    assert second.resources["house"] == "mine"


def test_loading_opens_no_socket_and_no_database(settings: Settings, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD_WITHOUT_SOCKET_OR_DATABASE],
        cwd=PROJECT_ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **settings.environ()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "loaded"
    assert not settings.warehouse_path.exists()


def test_a_selection_takes_what_a_step_makes_at_once_and_says_where_it_cannot(settings: Settings) -> None:
    graph = Graph(settings)
    after = graph.planned("refresh_all", 'key:"core/dim_customers"+')
    assert {"core/dim_customers", "published/dim_customers", "published/metrics"} <= set(after)
    one = graph.planned("refresh_all", 'key:"identity/int_identity__map"')
    assert {"identity/int_identity__map", "identity/int_identity__events"} <= set(one)
    with pytest.raises(SelectionError, match="a part of what one step makes at once"):
        graph.planned("refresh_all", '+key:"identity/int_identity__map"')
    with pytest.raises(SelectionError, match="selects no asset"):
        graph.planned("land", "group:core")
