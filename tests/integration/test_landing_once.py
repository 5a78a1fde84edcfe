"""The same bytes land once, in any order and under any name, and a kill at any step leaves the file or nothing."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from landing_kit import COLUMNS, Kit, make_kit

from pipelines.ingest import batch, files, landing
from pipelines.ingest.landing import LandingError
from pipelines.ingest.manifest import batches, read_manifest

DIRTY = "id,name\n1,a\nx,b\n3,c\n4\n"
FIT = [(1, "a", 1), (3, "c", 3)]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def test_the_same_bytes_under_another_name_on_another_day_are_a_no_op(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.put("things.csv", DIRTY)
    assert kit.land_one().status == "landed"
    monkeypatch.setattr(landing, "utc_now", lambda: datetime(2040, 1, 1, tzinfo=UTC))
    kit.put("things_copy.csv", DIRTY)
    assert [outcome.status for outcome in kit.land().tables[0].outcomes] == ["already", "already"]
    assert kit.rows("id, name, _row_number") == FIT
    assert len(batches(kit.settings)) == 1


def test_a_landed_batch_stays_when_its_file_goes(kit: Kit) -> None:
    path = kit.put("things.csv", DIRTY)
    kit.land()
    path.unlink()
    assert kit.land().tables[0].files_seen == 0
    assert kit.rows("id, name, _row_number") == FIT


def test_the_order_of_files_does_not_change_the_relation(tmp_path: Path) -> None:
    contents = {f"things_{n:02}.csv": f"id,name\n{n},a{n}\n{n},b{n}\n" for n in range(12)}
    seen = []
    for seed in range(3):
        kit = make_kit(tmp_path / str(seed))
        names = list(contents)
        random.Random(seed).shuffle(names)
        for part in (names[:5], names[5:], names):
            for name in part:
                kit.put(name, contents[name])
            kit.land()
        seen.append(kit.rows("id, name, _row_number, _batch_id", order="id, _row_number"))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == 24


STEPS: dict[str, tuple[object, str]] = {
    "hash": (landing, "fingerprint"),
    "unpack": (files, "_unpack"),
    "read": (batch, "read_csv"),
    "quarantine": (batch, "write_quarantine"),
    "sidecar": (landing.manifest, "write_sidecar"),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_nothing_and_the_next_run_lands_exactly(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    kit.put("things.csv.gz", gzip.compress(DIRTY.encode()))
    module, name = STEPS[step]
    monkeypatch.setattr(module, name, killing(getattr(module, name), after=after))
    with pytest.raises(Killed):
        kit.land()
    monkeypatch.undo()
    assert kit.rows() == []
    assert read_manifest(kit.settings).height == 0
    assert_lands_exactly(kit)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_around_any_rename_leaves_the_file_or_nothing(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, nth: int, after: bool
) -> None:
    kit.put("things.csv", DIRTY)
    rename = killing(files.move_into_place, after=after, nth=nth)
    monkeypatch.setattr(landing, "move_into_place", rename)
    monkeypatch.setattr(landing.manifest, "move_into_place", rename)
    with pytest.raises(Killed):
        kit.land()
    monkeypatch.undo()
    whole = nth == 3 and after
    assert kit.rows("id, name, _row_number") == (FIT if whole else [])
    assert read_manifest(kit.settings).height == whole
    assert_lands_exactly(kit)


def test_a_kill_while_a_changed_contract_lands_a_file_anew_never_doubles_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in (1, 2, 3):
        for after in (False, True):
            kit = make_kit(tmp_path / f"{nth}{after}")
            kit.put("things.csv", DIRTY)
            kit.land()
            kit.declare({"id": {"data_type": "integer", "required": True}, "name": {"data_type": "varchar"}})
            rename = killing(files.move_into_place, after=after, nth=nth)
            with monkeypatch.context() as patched:
                patched.setattr(landing, "move_into_place", rename)
                patched.setattr(landing.manifest, "move_into_place", rename)
                with pytest.raises(Killed):
                    kit.land()
            assert kit.rows("id, name, _row_number") in (FIT, [])
            assert_lands_exactly(kit)


def test_a_real_kill_leaves_a_landing_that_the_next_run_completes(kit: Kit) -> None:
    for n in range(40):
        kit.put(f"things_{n:02}.csv", "id,name\n" + "".join(f"{n * 100 + i},a\n" for i in range(50)))
    code = (
        "import pathlib, sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from landing_kit import Kit; from pipelines.settings import load_settings\n"
        "home = pathlib.Path(sys.argv[3])\n"
        "settings = load_settings({'JOURNEYLINE_HOME': str(home / 'home'), 'JOURNEYLINE_SOURCES': 'shop'},"
        " project_root=home / 'project')\n"
        "print('ready', flush=True); Kit(home, settings).land()"
    )
    here = Path(__file__).parent
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(here), str(here.parent.parent), str(kit.home)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    landed = kit.settings.raw_dir
    while len(list(landed.rglob("*.parquet"))) < 5 and child.poll() is None:
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = read_manifest(kit.settings).height
    kit.land()
    assert 1 <= before <= 40
    assert kit.rows("count(*), count(distinct id)", order="1") == [(2000, 2000)]
    assert list(landed.glob(".aside-*")) == []


def test_two_landings_at_once_are_refused(kit: Kit) -> None:
    with landing._workspace(kit.settings), pytest.raises(LandingError, match="another landing is running"):
        kit.land()


def test_load_times_rise_even_where_the_clock_goes_back(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2025, 6, 1, 12, tzinfo=UTC)
    for n, minutes in enumerate((0, 0, -90, 5, 1)):
        monkeypatch.setattr(landing, "utc_now", lambda minutes=minutes: start + timedelta(minutes=minutes))
        kit.put(f"things_{n}.csv", f"id\n{n}\n")
        kit.land()
    stamps = read_manifest(kit.settings).get_column("loaded_at").to_list()
    assert stamps == sorted(set(stamps))
    assert kit.rows("id") == [(0,), (1,), (2,), (3,), (4,)]


def test_what_fits_a_changed_contract_lands_anew_while_the_file_is_there(kit: Kit) -> None:
    kit.put("things.csv", DIRTY)
    kit.land()
    (first,) = batches(kit.settings)
    kit.declare({"id": {"data_type": "varchar", "required": True}, "name": {"data_type": "varchar"}})
    outcome = kit.land_one()
    (second,) = batches(kit.settings)
    assert (outcome.status, outcome.rows_landed, outcome.rows_quarantined) == ("landed", 3, 1)
    assert second.batch_id == first.batch_id
    assert second.loaded_at > first.loaded_at
    assert kit.rows("id, name, _row_number") == [("1", "a", 1), ("x", "b", 2), ("3", "c", 3)]
    assert kit.land_one().status == "already"


def test_a_rejected_file_is_tried_again_when_its_contract_changes(kit: Kit) -> None:
    kit.put("things.csv", "id;name\n1;a\n")
    assert kit.land_one().status == "rejected"
    kit.declare(csv={"delimiter": ";"})
    assert kit.land_one().status == "landed"
    assert read_manifest(kit.settings).get_column("status").to_list() == ["landed"]


def test_a_description_or_a_tag_does_not_land_anything_anew(kit: Kit) -> None:
    kit.put("things.csv", DIRTY)
    kit.land()
    kit.declare({name: {**told, "pii": "text"} for name, told in COLUMNS.items()})
    assert kit.land_one().status == "already"


def assert_lands_exactly(kit: Kit) -> None:
    kit.land()
    kit.land()
    assert kit.rows("id, name, _row_number") == FIT
    assert [(number, column) for number, column, *_ in kit.quarantined()] == [(2, "id"), (4, None)]
    (only,) = batches(kit.settings)
    assert (only.rows_read, only.rows_landed, only.rows_quarantined) == (4, 2, 2)
    home = kit.settings.home
    left = sorted(path.suffix for path in home.rglob("*") if path.is_file() and "landing" not in path.parts)
    assert left == ["", ".json", ".parquet", ".parquet"]  # the lock, the sidecar, the rows, the quarantine


def killing(function: Callable[..., object], *, after: bool, nth: int = 1) -> Callable[..., object]:
    calls = 0

    def killed(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls < nth:
            return function(*args, **kwargs)
        if after:
            function(*args, **kwargs)
        raise Killed

    return killed
