"""Whole refreshes of the demo company: offline, idempotent, stopped by a dirty export, whatever kills them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.defs.run import Graph
from pipelines.settings import PROJECT_ROOT, Settings
from tests.conftest import Demo
from tests.pipeline.published import database, differences, versions


def journeyline(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a user types it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, **settings.environ()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_refresh_reaches_for_no_network(demo: Demo) -> None:
    assert demo.report.status == "built"
    assert demo.connections == []


def test_a_refresh_publishes_every_table_with_rows(demo: Demo) -> None:
    with duckdb.connect(str(database(demo.settings)), read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        empty = [name for name in tables if not con.execute(f"select count(*) from {name}").fetchall()[0][0]]
    assert empty == []


def test_every_planned_asset_was_built_and_every_check_ran(demo: Demo) -> None:
    graph = Graph(demo.settings)
    planned = graph.planned("refresh_all")
    assert sorted(event.asset for event in demo.report.built) == sorted(planned)
    ran = {(check.asset, check.check) for check in demo.report.checks}
    keys = graph.defs.resolve_asset_graph().asset_check_keys
    assert {(key.asset_key.to_user_string(), key.name) for key in keys} - ran == set()


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


def test_a_dirty_export_stops_before_publishing_and_says_where(demo_copy: Settings) -> None:
    """An export with most of its e-mails gone: it lands, its suite says no, and yesterday's version stays."""
    before = versions(demo_copy)
    current = database(demo_copy).resolve()
    folder = demo_copy.landing_dir / "shopify"
    rows = [json.loads(line) for path in folder.glob("customers*.jsonl") for line in path.read_text().splitlines()]
    stripped = [{**row, "email": None, "updated_at": f"2026-10-31T22:00:0{n}Z"} for n in range(3) for row in rows]
    (folder / "customers-dirty.jsonl").write_text("".join(json.dumps(row) + "\n" for row in stripped))

    done = journeyline(demo_copy, "refresh")

    assert done.returncode == 1
    told = done.stderr
    assert "raw/shopify__customers · landing_suite" in told
    assert "expectations/landing/shopify__customers.yml" in told
    assert "next:" in told
    assert "Nothing was published" in told
    assert "@" not in told, "a message must not show a value of the data"
    assert versions(demo_copy) == before
    assert database(demo_copy).resolve() == current
    assert journeyline(demo_copy, "query", "select count(*) from dim_customers", "--format", "csv").returncode == 0

    (folder / "customers-dirty.jsonl").unlink()
    for path in (demo_copy.raw_dir / "shopify" / "customers").rglob("*"):
        if path.is_file() and "customers-dirty" in path.with_suffix(".json").read_text():
            path.unlink() if path.suffix == ".parquet" else None
    assert json.loads(journeyline(demo_copy, "refresh", "--json").stdout)["status"] == "nothing new"


def test_a_second_refresh_of_the_same_files_gives_the_same_marts(demo: Demo, demo_copy: Settings) -> None:
    report = Graph(demo_copy).refresh(full=True)
    assert report.succeeded
    assert len(versions(demo_copy)) == len(versions(demo.settings)) + 1
    assert differences(demo.settings, demo_copy) == {}


@pytest.fixture
def fresh(demo: Demo, tmp_path: Path) -> Callable[[Path], Settings]:
    """A state folder without anything built, with the demo's pseudonym key, over some landing folder."""
    from tests.conftest import settings_in  # noqa: PLC0415

    def make(landing: Path) -> Settings:
        settings = settings_in(tmp_path / "fresh", data=str(landing))
        settings.secrets_dir.mkdir(parents=True)
        for path in demo.settings.secrets_dir.iterdir():
            (settings.secrets_dir / path.name).write_bytes(path.read_bytes())
            (settings.secrets_dir / path.name).chmod(0o600)
        return settings

    return make


KILL_AT = ("raw/klaviyo__sends", "core/fct_orders", "analytics/funnel_steps")
"""Progress lines at which the refresh is killed: while it lands, builds, and computes."""


def test_killed_anywhere_the_next_refresh_gives_the_same_marts(demo: Demo, fresh: Callable[[Path], Settings]) -> None:
    settings = fresh(demo.settings.landing_dir)
    for line in KILL_AT:
        _refresh_killed_at(settings, line)
        assert not (settings.published_dir / "current").exists()
    done = journeyline(settings, "refresh")
    assert done.returncode == 0, done.stderr[-3000:]
    assert differences(demo.settings, settings) == {}


def _refresh_killed_at(settings: Settings, line: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "pipelines.cli", "refresh"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **settings.environ()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    seen = []
    for told in child.stderr:
        seen.append(told)
        if line in told:
            child.send_signal(signal.SIGKILL)
            child.wait()
            return
    pytest.fail(f"the refresh ended before {line}: {''.join(seen)[-2000:]}")


def test_late_repeated_and_disordered_files_give_the_same_marts(
    demo: Demo, fresh: Callable[[Path], Settings], tmp_path: Path
) -> None:
    """Planted truth 14: the same rows in other files, another order, some of them twice, over two refreshes."""
    landing = tmp_path / "landing"
    _split_orders(demo.settings.landing_dir, landing)
    settings = fresh(landing)
    late = [*landing.glob("shopify/orders-part-1*"), *landing.glob("zendesk/*")]
    held = tmp_path / "held"
    for path in late:
        target = held / path.relative_to(landing)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)

    Graph(settings).run("land")
    for path in late:
        (held / path.relative_to(landing)).rename(path)
    report = Graph(settings).refresh()

    assert report.succeeded, [failure.message for failure in report.failures]
    assert differences(demo.settings, settings) == {}


def _split_orders(source: Path, target: Path) -> None:
    """Copy the exports; orders become three files in reverse, the middle part twice."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not (path.parent.name == "shopify" and path.name.startswith("orders")):
                copy.write_bytes(path.read_bytes())
    lines = [
        line for path in sorted((source / "shopify").glob("orders*.jsonl")) for line in path.read_text().splitlines()
    ]
    third = len(lines) // 3 + 1
    parts = [lines[:third], lines[third : 2 * third], lines[2 * third :], lines[third : 2 * third]]
    for number, part in zip((3, 1, 0, 2), parts, strict=True):
        text = "".join(f"{line}\n" for line in reversed(part))
        (target / "shopify" / f"orders-part-{number}.jsonl").write_text(text + ("\n" if number == 2 else ""))
