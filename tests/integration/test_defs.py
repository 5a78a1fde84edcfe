"""What starts a refresh, what it may repeat, and which systems it lands: the definitions at work, without a build.

What the graph declares (owners, kinds, columns, checks) is in ``tests/conventions/test_graph.py``.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import polars as pl
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines import warehouse
from pipelines.build import build_defs
from pipelines.defs.analytics import build_analytics_assets
from pipelines.defs.catalogue import IO_RETRY
from pipelines.defs.home import writer_lock
from pipelines.defs.ingest import build_ingest_assets
from pipelines.defs.progress import Progress
from pipelines.defs.run import Graph
from pipelines.defs.schedules import build_schedules
from pipelines.defs.sensors import build_sensors
from pipelines.settings import Settings
from pipelines.synth.generate import generate
from tests.shared import settings_in, with_parsed_project

HOLD_THE_WAREHOUSE = (
    "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "home")


@pytest.fixture
def filled(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with the parsed project and the exports of a hundred people, nothing landed."""
    with_parsed_project(tmp_path_factory, home)
    generate(home.landing_dir, home.home / "truth", customers=100)
    return home


def look(settings: Settings, cursor: str | None) -> Any:
    """What the sensor answers, asked once."""
    (sensor,) = build_sensors(settings)
    assert (sensor.name, sensor.job_name) == ("new_files", "refresh_all")
    return sensor(dg.build_sensor_context(cursor=cursor))


def test_the_sensor_asks_for_a_run_when_a_file_arrives_and_once_for_each_listing(home: Settings) -> None:
    empty = look(home, None)
    assert isinstance(empty, dg.SkipReason)

    file = home.landing_dir / "pos" / "stores.csv"
    file.parent.mkdir(parents=True)
    file.write_text("one\n")
    first = look(home, None)
    (request,) = first.run_requests
    assert request.run_key == first.cursor
    assert isinstance(look(home, first.cursor), dg.SkipReason)

    (file.parent / "notes.txt").write_text("no table's file")
    assert isinstance(look(home, first.cursor), dg.SkipReason)

    file.write_text("one\ntwo\n")
    second = look(home, first.cursor)
    assert len(second.run_requests) == 1
    assert second.cursor != first.cursor
    assert isinstance(look(home, second.cursor), dg.SkipReason)


def test_the_sensor_waits_for_a_running_refresh_and_forgets_nothing(home: Settings) -> None:
    file = home.landing_dir / "pos" / "stores.csv"
    file.parent.mkdir(parents=True)
    file.write_text("one\n")
    with writer_lock(home):
        waiting = look(home, None)
    assert isinstance(waiting, dg.SkipReason)
    assert "running" in (waiting.skip_message or "")
    assert len(look(home, None).run_requests) == 1


@pytest.mark.parametrize(("day", "hour"), [("2026-07-01", 2), ("2026-10-25", 2), ("2026-03-29", 3)])
def test_the_nightly_refresh_starts_once_a_night_also_when_the_clocks_change(
    home: Settings, day: str, hour: int
) -> None:
    """On the last day there is no 02:00 in the reporting zone: the clocks go from 02:00 to 03:00."""
    (schedule,) = build_schedules(home)
    zone = ZoneInfo("Europe/Berlin")
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    ticks = schedule_execution_time_iterator(midnight.timestamp(), schedule.cron_schedule, schedule.execution_timezone)
    local = [tick.astimezone(zone) for tick in islice(ticks, 2)]
    assert [tick.date() for tick in local] == [midnight.date(), midnight.date() + timedelta(days=1)]
    assert (local[0].hour, local[0].minute) == (hour, 0)
    tick = schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=local[0]))
    assert len(tick.run_requests or []) == 1


def landed(settings: Settings) -> set[str]:
    """Systems with landed rows, by the load manifest."""
    manifest: pl.DataFrame = warehouse.read(settings, "raw.load_manifest", ["system", "rows_landed"])
    return set(manifest.filter(pl.col("rows_landed") > 0)["system"])


def test_one_system_is_landed_alone_and_the_others_keep_what_they_have(filled: Settings) -> None:
    defs = build_defs(settings=filled)
    alone = defs.resolve_job_def("refresh_source").run_config
    assert alone is not None
    assert alone["resources"]["house"]["config"] == {"systems": [filled.systems[0]]}

    def land(system: str) -> bool:
        config = {"resources": {"house": {"config": {"systems": [system]}}}}
        return defs.resolve_job_def("land").execute_in_process(run_config=config, raise_on_error=False).success

    assert not land("sap"), "a system that is not enabled"
    assert not filled.warehouse_path.exists()
    assert land("pos")
    assert landed(filled) == {"pos"}
    assert land("trustpilot")
    assert landed(filled) == {"pos", "trustpilot"}


def test_only_steps_that_touch_others_files_are_tried_again(home: Settings) -> None:
    policies = {assets.op.name: assets.op.retry_policy for assets in build_ingest_assets(home)}
    assert set(policies) == {"raw_run", *(f"raw_{system}" for system in home.systems)}
    assert set(policies.values()) == {IO_RETRY}
    assert IO_RETRY.backoff is dg.Backoff.EXPONENTIAL
    assert {assets.op.retry_policy for assets in build_analytics_assets()} == {None}


def test_landing_survives_a_warehouse_that_is_held_for_a_moment(filled: Settings) -> None:
    """Someone looks into the live file while a refresh starts: the step waits and is tried again."""
    graph = Graph(filled)
    filled.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_WAREHOUSE, str(filled.warehouse_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    retried: list[Progress] = []

    def let_go(progress: Progress) -> None:
        if progress.kind == "retry":
            retried.append(progress)
            holder.kill()
            holder.wait()

    try:
        report = graph.run("land", listener=let_go)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert report.succeeded, [failure.message for failure in report.failures]
    assert len(retried) == 1
    assert "Could not set lock on file" in retried[0].message
    assert landed(filled) == set(filled.systems)
