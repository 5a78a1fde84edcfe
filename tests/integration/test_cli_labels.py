"""`journeyline labels diff`: two published versions held against each other, and what is said where there are none."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli.exit_codes import ExitCode
from pipelines.cli.main import app

OLD, NEW = "20261101T020000000Z-aaaa", "20261102T020000000Z-bbbb"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published folder with two versions: twenty texts were given another topic."""
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path))
    folder = tmp_path / "published"
    for name, topic in ((OLD, "other"), (NEW, "price")):
        (folder / name / "parquet").mkdir(parents=True)
        (folder / name / "manifest.json").write_text(json.dumps({}), encoding="utf-8")
        texts = {"feedback_id": [f"{n}" for n in range(20)], "topic": topic, "polarity": "negative"}
        pl.DataFrame(texts).with_columns(rules_version=pl.lit(topic[:2])).write_parquet(
            folder / name / "parquet" / "feedback_labels.parquet"
        )
    (folder / "current").symlink_to(NEW)
    return folder


@pytest.mark.usefixtures("published")
def test_the_version_readers_see_is_held_against_the_one_before() -> None:
    result = CliRunner().invoke(app, ["labels", "diff", "--json"])
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["before"], said["after"], said["rules_versions"]) == (OLD, NEW, ["ot", "pr"])
    change = {"topic_before": "other", "topic_after": "price", "polarity_before": "negative"}
    assert said["differences"] == [{**change, "polarity_after": "negative", "n": 20}]
    same = CliRunner().invoke(app, ["labels", "diff", "--before", NEW])
    assert "the labels of every text are the same" in same.stdout


def test_a_version_that_is_not_there_is_named(published: Path) -> None:
    result = CliRunner().invoke(app, ["labels", "diff", "--before", "yesterday"])
    assert (result.exit_code, result.stderr.strip()) == (ExitCode.USAGE, "no such version: yesterday")
    (published / OLD / "parquet" / "feedback_labels.parquet").unlink()
    result = CliRunner().invoke(app, ["labels", "diff"])
    assert f"{OLD} has no feedback_labels" in result.stderr
