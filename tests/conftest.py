"""What every tier shares: settings in a temporary home, demo companies built once a session, and the tier's rules.

Belongs here: fixtures more than one tier reaches, and the check that a tier stays what it is. Stays out: helpers of one
module's tests (beside them).
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis

from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.defs.run import RunReport

# The same few examples every time, so that a change is what turns a test red; a search for new ones is
# `pytest --hypothesis-profile thorough`.
hypothesis.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
hypothesis.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.load_profile("quick")

HEAVY_FIXTURES = {"demo", "full_demo", "demo_copy"}
"""They build a whole company: never in the unit tier, which has to stay a matter of seconds."""

SMALL_CUSTOMERS = 500
FULL_CUSTOMERS = 3000
SEED = 20261031


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tier of a test is its folder; the fixtures it reaches must fit it."""
    wrong = [
        f"{item.nodeid} reaches {', '.join(sorted(reached))}"
        for item in items
        if "unit" in item.path.parts and (reached := HEAVY_FIXTURES & set(getattr(item, "fixturenames", ())))
    ]
    if wrong:
        raise pytest.UsageError(
            "unit tests may not build a company; move them to tests/integration: " + "; ".join(wrong)
        )


SettingsIn = Callable[..., Settings]


def settings_in(home: Path, **variables: str) -> Settings:
    """Settings of a state folder of its own; ``variables`` are those of the environment, without their prefix."""
    environ = {f"JOURNEYLINE_{name.upper()}": value for name, value in variables.items()}
    return load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_ENV": "test", **environ})


@dataclass
class Demo:
    """A demo company that was generated and refreshed: where it is, its hidden truth, and how the refresh went."""

    settings: Settings
    truth: Path
    report: RunReport
    connections: list[Any] = field(default_factory=list)
    """Network addresses something tried to reach while it was built; each try was refused."""


def build_demo(home: Path, customers: int) -> Demo:
    """Generate and refresh a company with the network cut off; fails with what failed."""
    from pipelines.defs.run import Graph  # noqa: PLC0415
    from pipelines.synth.generate import generate  # noqa: PLC0415

    settings = settings_in(home)
    generate(settings.landing_dir, home / "truth", customers=customers, seed=SEED)
    with network_cut_off() as tried:
        report = Graph(settings).refresh()
    told = [f"{p.asset or p.step} · {p.check} · {p.message}" for p in (*report.failures, *report.failed)]
    assert report.succeeded, "\n".join(told)
    return Demo(settings, home / "truth", report, tried)


@contextmanager
def network_cut_off() -> Iterator[list[Any]]:
    """Refuse every connection but those to files, and keep the addresses tried."""
    tried: list[Any] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        tried.append(address)
        raise OSError(f"the network is cut off in this test: {address}")

    def refuse_look_up(*arguments: Any, **_: Any) -> Any:
        tried.append(arguments)
        raise OSError(f"the network is cut off in this test: {arguments}")

    socket.socket.connect = refuse  # type: ignore[assignment, method-assign]
    socket.getaddrinfo = refuse_look_up
    try:
        yield tried
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.getaddrinfo = look_up


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A small demo company, built once; read it, never change it."""
    return build_demo(tmp_path_factory.mktemp("demo"), SMALL_CUSTOMERS)


@pytest.fixture(scope="session")
def full_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company in its default size, for effects that need the numbers; read it, never change it."""
    return build_demo(tmp_path_factory.mktemp("full_demo"), FULL_CUSTOMERS)


@pytest.fixture
def demo_copy(demo: Demo, tmp_path: Path) -> Settings:
    """The small demo company in a state folder of its own, with everything built and published: change it freely."""
    home = tmp_path / "home"
    shutil.copytree(demo.settings.home, home, symlinks=True, ignore=shutil.ignore_patterns("truth", "refresh.lock"))
    return settings_in(home)
