"""Refreshing a company as a user does, for the tests of whole refreshes.

Belongs here: running a command, and a state folder with nothing built. Stays out: tests, and comparing what was
published (``published``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT, Settings
from tests.shared import Demo, settings_in, with_parsed_project


def journeyline(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a user types it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        cwd=PROJECT_ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(settings: Settings) -> dict[str, str]:
    """The environment of such a process."""
    return {**os.environ, **settings.environ()}


def nothing_built(factory: pytest.TempPathFactory, demo: Demo, home: Path, landing: Path) -> Settings:
    """A state folder with nothing landed or built, with the demo's name and pseudonym key, over some landing folder."""
    settings = with_parsed_project(factory, settings_in(home, data=str(landing), company=demo.settings.company))
    settings.secrets_dir.mkdir(parents=True)
    for path in demo.settings.secrets_dir.iterdir():
        (settings.secrets_dir / path.name).write_bytes(path.read_bytes())
        (settings.secrets_dir / path.name).chmod(0o600)
    return settings
