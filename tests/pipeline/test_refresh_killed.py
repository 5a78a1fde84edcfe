"""A refresh that is killed, wherever: the next one gives what an undisturbed one gives."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.defs.run import Graph
from pipelines.settings import PROJECT_ROOT, Settings
from tests.pipeline.company import environment, nothing_built
from tests.pipeline.published import differences
from tests.shared import Demo

KILL_AT = ("raw/klaviyo__sends", "analytics/funnel_steps")
"""Progress lines at which the refresh is killed: while it lands, and when half of what it computes is there.

A kill within one table leaves what a kill between two leaves: DuckDB commits a table or nothing of it. A kill while a
version is written is in ``test_publish_faults``."""


def test_killed_anywhere_the_next_refresh_gives_the_same_marts(
    demo: Demo, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = nothing_built(tmp_path_factory, demo, tmp_path / "home", demo.settings.landing_dir)
    for line in KILL_AT:
        _refresh_killed_at(settings, line)
        assert not (settings.published_dir / "current").exists()
    report = Graph(settings).refresh()
    assert report.succeeded, [failure.message for failure in report.failures]
    assert differences(demo.settings, settings) == {}


def _refresh_killed_at(settings: Settings, line: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "pipelines.cli", "refresh"],
        cwd=PROJECT_ROOT,
        env=environment(settings),
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
