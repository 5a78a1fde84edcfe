"""`journeyline identity what-if` where nothing can be tried: refused before any work, though the graph is imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.exit_codes import ExitCode
from pipelines.cli.main import app
from pipelines.defs.home import writer_lock
from tests.shared import settings_in


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing was ever built."""
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_nothing_can_be_tried_before_the_first_refresh(home: Path) -> None:
    result = CliRunner().invoke(app, ["identity", "what-if", "--never", "shopify:customer:1", "zendesk:user:1"])
    assert result.exit_code == ExitCode.USAGE
    assert "run 'journeyline refresh' first" in result.stderr
    assert not (home / "scratch").exists()


def test_a_what_if_waits_for_no_refresh(home: Path) -> None:
    with writer_lock(settings_in(home)):
        result = CliRunner().invoke(app, ["identity", "what-if", "--threshold", "0.95"])
    assert result.exit_code == ExitCode.LOCKED
    assert "a refresh is already running" in result.stderr
