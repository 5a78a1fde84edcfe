"""A refresh of the demo company: offline, complete, seen in the UI, and nothing twice."""

from __future__ import annotations

import json

import duckdb

from pipelines.defs import built_by, dbt_runner
from pipelines.defs.run import Graph
from pipelines.defs.run_settings import current_run
from pipelines.settings import Settings
from tests.pipeline.company import journeyline
from tests.pipeline.published import database, versions
from tests.shared import Demo


def test_a_refresh_reaches_for_no_network(demo: Demo) -> None:
    assert demo.report.status == "built"
    assert demo.connections == []


def test_a_refresh_publishes_every_table_with_rows(demo: Demo) -> None:
    with duckdb.connect(str(database(demo.settings)), read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        empty = [name for name in tables if not con.execute(f"select count(*) from {name}").fetchall()[0][0]]
    assert empty == ["share_of_voice"], "no text of the demo names a brand; every other table has rows"


def test_every_planned_asset_was_built_and_every_check_ran(demo: Demo) -> None:
    graph = Graph(demo.settings)
    planned = graph.planned("refresh_all")
    assert sorted(event.asset for event in demo.report.built) == sorted(planned)
    ran = {(check.asset, check.check) for check in demo.report.checks}
    keys = graph.defs.resolve_asset_graph().asset_check_keys
    assert {(key.asset_key.to_user_string(), key.name) for key in keys} - ran == set()


def test_every_dbt_test_was_held_those_without_a_check_of_their_own_too(demo: Demo) -> None:
    """A test in a file of its own is no asset check, so only the run's recorded results show that dbt ran it."""
    nodes = dbt_runner.load_manifest(demo.settings)["nodes"].values()
    declared = [node["name"] for node in nodes if node["resource_type"] == "test" and node["config"]["enabled"]]
    folder = demo.settings.home / "quality" / "runs" / current_run(demo.settings).run_id
    held = [check for path in folder.glob("dbt_*.json") for check in json.loads(path.read_text("utf-8"))]
    assert len(held) == len(declared)


def test_incremental_tables_say_which_code_built_them(demo: Demo) -> None:
    nodes = dbt_runner.load_manifest(demo.settings)["nodes"].values()
    incremental = {node["unique_id"] for node in nodes if node["config"]["materialized"] == "incremental"}
    assert not built_by.is_other_code(demo.settings, incremental)


def test_the_command_line_s_runs_are_in_the_instance_of_the_ui(demo: Demo) -> None:
    status = json.loads(journeyline(demo.settings, "status", "--json").stdout)
    assert {run["job"] for run in status["runs"]} == {"land", "build"}
    assert {run["status"] for run in status["runs"]} == {"SUCCESS"}
    assert status["published"]["version"] == versions(demo.settings)[-1]


def test_nothing_new_builds_and_publishes_nothing(demo_copy: Settings) -> None:
    before = versions(demo_copy)
    done = journeyline(demo_copy, "refresh", "--json")
    outcome = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert outcome["status"] == "nothing new"
    assert not [line for line in done.stderr.splitlines() if "built" in line and " raw/" not in line]
    assert versions(demo_copy) == before
