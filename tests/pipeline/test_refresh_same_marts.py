"""The same files give the same marts: built again, or arriving late, repeated and in disorder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.defs.run import Graph
from pipelines.settings import Settings
from tests.pipeline.company import nothing_built
from tests.pipeline.published import differences, versions
from tests.shared import Demo


def test_a_second_refresh_of_the_same_files_gives_the_same_marts(demo: Demo, demo_copy: Settings) -> None:
    report = Graph(demo_copy).refresh(full=True)
    assert report.succeeded
    assert len(versions(demo_copy)) == len(versions(demo.settings)) + 1
    assert differences(demo.settings, demo_copy) == {}


def test_late_repeated_and_disordered_files_give_the_same_marts(
    demo: Demo, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Planted truth 14: the same rows in other files, another order, some of them twice, over two refreshes."""
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
