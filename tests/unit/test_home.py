"""The state folder: one writer at a time, and the instance file that keeps every tool quiet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from pipelines.defs.home import LockedError, holder, is_locked, prepare, writer_lock
from pipelines.settings import Settings
from tests.shared import settings_in

HOLD = """
import sys, time
from pathlib import Path
from tests.shared import settings_in
from pipelines.defs.home import writer_lock
with writer_lock(settings_in(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "home")


def test_the_instance_sends_nothing(settings: Settings) -> None:
    prepare(settings)
    prepare(settings)
    written = yaml.safe_load((settings.dagster_home / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
    assert written["nux"] == {"enabled": False}


def test_two_writers_exclude_each_other(settings: Settings) -> None:
    assert not is_locked(settings)
    with writer_lock(settings):
        assert is_locked(settings)
        with pytest.raises(LockedError, match=f"process {os.getpid()}"), writer_lock(settings):
            pytest.fail("the lock was given twice")
    assert not is_locked(settings)


def test_a_killed_writer_leaves_no_lock(settings: Settings) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.home)], stdout=subprocess.PIPE, text=True, cwd=settings.project_root
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "held"
    assert is_locked(settings)
    assert holder(settings) == f"process {child.pid}"
    child.send_signal(signal.SIGKILL)
    child.wait()
    started = time.monotonic()
    with writer_lock(settings, wait_seconds=5):
        assert time.monotonic() - started < 5
