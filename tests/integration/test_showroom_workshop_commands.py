"""The workshop pack from the command line: sheets of a published version, and back into a copy of the seed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import showroom_kit
from typer.testing import CliRunner

from pipelines.cli.exit_codes import ExitCode
from pipelines.cli.main import app

SEED = "company,scheme_id,segment_id,map_stage,lane,item,text,owner,reviewed_on,review_by\n"


@pytest.fixture
def seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published version in a home of its own, and an empty seed in place of the project's."""
    published = tmp_path / "home" / "published"
    showroom_kit.make_version(published / "20261101T000000000Z-11111111", segments=3)
    (published / "current").symlink_to("20261101T000000000Z-11111111")
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path / "home"))
    path = tmp_path / "journey_judgements.csv"
    path.write_text(SEED)
    monkeypatch.setattr("pipelines.cli.showroom._judgements_path", lambda _: path)
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["showroom", "workshop", *arguments])
    return result.exit_code, result.stdout


def test_a_sheet_goes_out_is_filled_in_and_comes_back(seed: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    code, told = run("export", "--to", str(pack))
    assert code == ExitCode.OK
    assert sorted(path.name for path in pack.iterdir()) == [
        f"segment_{place}.{kind}" for place in range(3) for kind in ("csv", "md")
    ]
    assert str(pack / "segment_0.csv") in told
    sheet = pack / "segment_0.csv"
    with sheet.open(newline="") as handle:
        lines = list(csv.DictReader(handle))
    lines[0] |= {"text": "Look at pictures first", "owner": "crm"}
    lines[1] |= {"text": "Ask ann@example.com", "owner": "crm"}
    with sheet.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)

    code, told = run("import", str(sheet), "--dry-run")
    assert (code, seed.read_text()) == (ExitCode.FAILED, SEED)
    code, told = run("import", str(sheet))
    assert code == ExitCode.FAILED
    assert "1 added, 0 changed, 0 dropped" in told
    assert "line 3: the text holds an address or a long number" in told
    assert "ann@" not in told
    (row,) = csv.DictReader(seed.read_text().splitlines())
    assert (row["company"], row["segment_id"], row["map_stage"]) == ("demo", "segment_0", "discover")
    assert row["text"] == "Look at pictures first"


def test_a_file_that_is_no_sheet_is_refused(seed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    assert run("import", str(other))[0] == ExitCode.USAGE
    assert seed.read_text() == SEED
