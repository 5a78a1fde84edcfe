"""The same files give the same marts when everything is built again."""

from __future__ import annotations

from pipelines.defs.run import Graph
from pipelines.settings import Settings
from tests.pipeline.published import differences, versions
from tests.shared import Demo


def test_a_second_refresh_of_the_same_files_gives_the_same_marts(demo: Demo, demo_copy: Settings) -> None:
    report = Graph(demo_copy).refresh(full=True)
    assert report.succeeded
    assert len(versions(demo_copy)) == len(versions(demo.settings)) + 1
    assert differences(demo.settings, demo_copy) == {}
