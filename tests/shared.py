"""What several tiers build on: settings in a home of its own, demo companies, building a thing once for all workers.

Belongs here: what ``conftest`` makes fixtures of and helpers of other folders import. Stays out: fixtures and tests.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

import pytest

from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.defs.run import RunReport

SEED = 20261031
PARSED_FILES = ("manifest.json", "partial_parse.msgpack", "manifest.key")
"""What of a dbt target folder says that the project is parsed."""

Built = TypeVar("Built")


def settings_in(home: Path, **variables: str) -> Settings:
    """Settings of a state folder of its own; ``variables`` are those of the environment, without their prefix."""
    environ = {f"JOURNEYLINE_{name.upper()}": value for name, value in variables.items()}
    return load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_ENV": "test", **environ})


def once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], Built]) -> Built:
    """What ``build`` made of the folder it is given; the first worker that asks builds, the others wait and read it.

    The folder belongs to the whole test run: read it, or copy it, never change it. The result has to pickle.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = folder.with_name(f"{name}.pickle")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done.write_bytes(pickle.dumps(build(folder)))
        built: Built = pickle.loads(done.read_bytes())
    return built


def with_parsed_project(factory: pytest.TempPathFactory, settings: Settings) -> Settings:
    """The same settings, their home given the dbt project as it was parsed for another home of this test run.

    Parsing takes longer than most of what these tests do, and its result holds nothing of the home.
    """
    from pipelines.defs import dbt_runner  # noqa: PLC0415

    def parse(home: Path) -> Path:
        at_home = replace(settings, home=home)
        dbt_runner.ensure_manifest(at_home)
        return at_home.dbt_target_dir

    source = once(factory, f"parsed-{dbt_runner.project_key(settings)[:12]}", parse)
    settings.dbt_target_dir.mkdir(parents=True, exist_ok=True)
    for name in PARSED_FILES:
        shutil.copyfile(source / name, settings.dbt_target_dir / name)
    assert dbt_runner.is_parsed(settings)
    return settings


@dataclass
class Demo:
    """A demo company that was generated and refreshed: where it is, its hidden truth, and how the refresh went."""

    settings: Settings
    truth: Path
    report: RunReport
    connections: list[Any] = field(default_factory=list)
    """Network addresses something tried to reach while it was built, as text; each try was refused."""


def build_demo(settings: Settings, customers: int) -> Demo:
    """Generate and refresh a company with the network cut off; fails with what failed."""
    from pipelines.defs.run import Graph  # noqa: PLC0415
    from pipelines.synth.generate import generate  # noqa: PLC0415

    truth = settings.home / "truth"
    generate(settings.landing_dir, truth, customers=customers, seed=SEED)
    with network_cut_off() as tried:
        report = Graph(settings).refresh()
    told = [f"{p.asset or p.step} · {p.check} · {p.message}" for p in (*report.failures, *report.failed)]
    assert report.succeeded, "\n".join(told)
    return Demo(settings, truth, report, [repr(address) for address in tried])


@contextmanager
def network_cut_off() -> Iterator[list[Any]]:
    """Refuse every connection but those to files, and keep the addresses tried."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        tried.append(address)
        raise OSError(f"the network is cut off in this test: {address}")

    def refuse_look_up(*arguments: Any, **_: Any) -> Any:
        tried.append(arguments)
        raise OSError(f"the network is cut off in this test: {arguments}")

    with patch.object(socket.socket, "connect", refuse), patch.object(socket, "getaddrinfo", refuse_look_up):
        yield tried
