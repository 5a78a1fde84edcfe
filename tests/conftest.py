"""What every tier shares: demo companies built once a test run, the order on several workers, the tiers' rules.

Belongs here: fixtures more than one tier reaches, and the check that a tier stays what it is. Stays out: helpers of one
module's tests (beside them), and how a company is built (``shared``).
"""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis

from pipelines.defs.heap import THRESHOLDS, set_aside
from pipelines.settings import Settings
from tests.shared import Demo, build_demo, once, settings_in, with_parsed_project

# The same few examples every time, so that a change is what turns a test red; a search for new ones is
# `pytest --hypothesis-profile thorough`.
hypothesis.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
hypothesis.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.load_profile("quick")

HEAVY_FIXTURES = {"demo", "full_demo", "demo_copy"}
"""They build a whole company: never in the unit tier, which has to stay a matter of seconds."""

SMALL_CUSTOMERS = 500
FULL_CUSTOMERS = 3000

FIRST = (
    "pipeline/test_refresh_killed.py",
    "integration/test_planted_effects.py",
    "pipeline/test_real_data_refresh.py",
    "pipeline/test_refresh_stopped.py",
    "pipeline/",
    "integration/",
    "conventions/",
    "unit/",
)
"""Files in the order several workers take them, the longest first; the first two build the two companies."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tier of a test is its folder; the fixtures it reaches must fit it. Workers start with the longest files."""
    wrong = [
        f"{item.nodeid} reaches {', '.join(sorted(reached))}"
        for item in items
        if "unit" in item.path.parts and (reached := HEAVY_FIXTURES & set(getattr(item, "fixturenames", ())))
    ]
    if wrong:
        raise pytest.UsageError(
            "unit tests may not build a company; move them to tests/integration: " + "; ".join(wrong)
        )
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.path))


def pytest_collection_finish() -> None:
    """All modules are imported: the collector need not walk them during the tests (a fifth of the unit tier's CPU)."""
    gc.set_threshold(*THRESHOLDS)
    set_aside()


def _turn(path: Path) -> int:
    return next((turn for turn, place in enumerate(FIRST) if f"/tests/{place}" in path.as_posix()), len(FIRST))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A small demo company, built once; read it, never change it."""
    return _company(tmp_path_factory, "demo", SMALL_CUSTOMERS)


@pytest.fixture(scope="session")
def full_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company in its default size, for effects that need the numbers; read it, never change it."""
    return _company(tmp_path_factory, "full_demo", FULL_CUSTOMERS)


def _company(factory: pytest.TempPathFactory, name: str, customers: int) -> Demo:
    return once(factory, name, lambda home: build_demo(with_parsed_project(factory, settings_in(home)), customers))


@pytest.fixture
def demo_copy(demo: Demo, tmp_path: Path) -> Settings:
    """The small demo company in a state folder of its own, with everything built and published: change it freely."""
    home = tmp_path / "home"
    shutil.copytree(demo.settings.home, home, symlinks=True, ignore=shutil.ignore_patterns("truth", "refresh.lock"))
    return settings_in(home)
