"""Landing a year of daily files as the world delivers them: in any order, twice, with a kill in between."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.contract import load_contracts
from pipelines.ingest.landing import land
from pipelines.ingest.raw import register_raw
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.warehouse import connect
from tests.integration.real_data import real_data

pytestmark = pytest.mark.real_data

LAND = "from pipelines.settings import load_settings; from pipelines.ingest.landing import land; land(load_settings())"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        {"JOURNEYLINE_SOURCES": "online_retail", "JOURNEYLINE_HOME": str(tmp_path), "JOURNEYLINE_ENV": "test"}
    )


def deliver(settings: Settings, days: list[Path], prefix: str) -> None:
    """Put files into the landing folder under names that give the order of the list."""
    folder = settings.landing_dir / "by-day"
    folder.mkdir(parents=True, exist_ok=True)
    for position, day in enumerate(days):
        (folder / f"{prefix}{position:03}.csv").symlink_to(day)


def landed_files(settings: Settings) -> Iterator[Path]:
    return (path for path in settings.raw_dir.rglob("*.parquet") if ".aside-" not in str(path))


def kill_a_landing_half_way(settings: Settings, after_files: int) -> None:
    """Start a landing in a process of its own and kill it without notice once some files have landed."""
    child = subprocess.Popen([sys.executable, "-c", LAND], env={**os.environ, **settings.environ()}, cwd=PROJECT_ROOT)
    deadline = time.monotonic() + 120
    while sum(1 for _ in landed_files(settings)) < after_files:
        assert child.poll() is None, "the landing ended before it could be killed"
        assert time.monotonic() < deadline, "the landing did not get half way in two minutes"
        time.sleep(0.01)
    child.kill()
    assert child.wait() == -signal.SIGKILL


def test_daily_files_in_any_order_twice_with_a_kill_in_between_land_exactly_once(settings: Settings) -> None:
    days = sorted((real_data("online_retail") / "by-day").glob("*.csv"))
    assert len(days) == 305
    shuffle = random.Random(20111209)
    deliver(settings, shuffle.sample(days, 200), "early-")
    kill_a_landing_half_way(settings, after_files=60)
    killed_at = sum(1 for _ in landed_files(settings))
    assert killed_at < 200

    deliver(settings, shuffle.sample(days, 305), "late-")
    (lines,) = land(settings).tables
    assert {outcome.status for outcome in lines.outcomes} == {"landed", "already"}
    assert sum(outcome.status == "landed" for outcome in lines.outcomes) == 305 - killed_at
    (again,) = land(settings).tables
    assert (again.rows_landed, {outcome.status for outcome in again.outcomes}) == (0, {"already"})

    with connect(settings, read_only=False) as con:
        manifest = register_raw(con, settings, load_contracts(settings.systems))
        facts = con.execute(
            "select count(*), count(distinct invoice_no), count(distinct customer_id), count(distinct country),"
            " count(*) filter (where customer_id is null), count(*) filter (where invoice_no like 'C%'),"
            " sum(cast(quantity * unit_price as decimal(18, 4))) from raw.online_retail__invoice_lines"
        ).fetchone()
    assert facts is not None
    assert facts[:-1] == (541_909, 25_900, 4_372, 38, 135_080, 9_288)
    assert round(facts[-1], 2) == Decimal("9747747.93")
    assert manifest.height == 305
    assert manifest["rows_read"].sum() == manifest["rows_landed"].sum() == 541_909
    assert manifest["rows_quarantined"].sum() == 0
    assert not list(settings.raw_dir.glob(".aside-*"))
