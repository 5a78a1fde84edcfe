"""Files late, repeated and in disorder, a refresh killed, wherever: the next gives what an undisturbed one gives."""

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

KILL_AT = ("raw/klaviyo__sends", "core/fct_orders")
"""Progress lines at which the refresh is killed: while it lands, and among the marts, the ids being given out already.

A kill within one table leaves what a kill between two leaves: DuckDB commits a table or nothing of it. A kill while a
version is written is in ``test_publish_faults``."""


def test_late_files_and_kills_anywhere_give_the_marts_of_an_undisturbed_refresh(
    demo: Demo, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Planted truth 14: the same rows in other files, another order, some of them twice, over two loads; then kills."""
    landing = tmp_path / "landing"
    _split_orders(demo.settings.landing_dir, landing)
    settings = nothing_built(tmp_path_factory, demo, tmp_path / "home", landing)
    late = [*landing.glob("shopify/orders-part-1*"), *landing.glob("zendesk/*")]
    held = tmp_path / "held"
    for path in late:
        target = held / path.relative_to(landing)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    Graph(settings).run("land")
    for path in late:
        (held / path.relative_to(landing)).rename(path)

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
