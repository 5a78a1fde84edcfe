"""The scratch copy of a state folder: complete, nobody else's, and gone at the end, however that comes."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from pipelines import warehouse
from pipelines.defs.home import LockedError, is_locked, writer_lock
from pipelines.defs.scratch import IN_USE, scratch_copy, scratch_root, sweep
from pipelines.settings import Settings
from tests.shared import settings_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A state folder with a warehouse of one table and a model of its own."""
    made = settings_in(tmp_path / "home")
    with warehouse.connect(made, read_only=False) as con:
        con.execute("create table t as select 1 as x")
    made.trained_model_path.parent.mkdir(parents=True)
    made.trained_model_path.write_text("{}")
    return made


def test_what_happens_in_the_copy_stays_in_it_and_goes_with_it(settings: Settings) -> None:
    before = settings.warehouse_path.read_bytes()
    with scratch_copy(settings, "trial") as copied:
        with warehouse.connect(copied, read_only=False) as con:
            assert con.execute("select x from t").fetchall() == [(1,)]
            con.execute("drop table t")
        assert copied.trained_model_path.read_text() == "{}"
        assert (copied.home.stat().st_mode & 0o077) == 0
        assert not is_locked(settings)
    assert not list(scratch_root(settings).iterdir())
    assert settings.warehouse_path.read_bytes() == before


def test_the_copy_goes_also_when_the_work_fails(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), scratch_copy(settings, "trial"):
        _ = 1 / 0
    assert not list(scratch_root(settings).iterdir())


def test_what_a_crash_left_is_swept_and_what_is_in_use_is_not(settings: Settings) -> None:
    root = scratch_root(settings)
    for name in ("trial-dead", "trial-alive"):
        (root / name / "warehouse").mkdir(parents=True)
    with (root / "trial-alive" / IN_USE).open("w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        with scratch_copy(settings, "trial") as copied:
            assert {path.name for path in root.iterdir()} == {"trial-alive", copied.home.name}
    assert sweep(settings) == 1
    assert not list(root.iterdir())


def test_no_copy_is_made_while_a_refresh_runs_or_a_program_writes(settings: Settings) -> None:
    with writer_lock(settings), pytest.raises(LockedError), scratch_copy(settings, "trial"):
        pass
    assert not scratch_root(settings).exists()


def test_without_a_warehouse_there_is_nothing_to_copy(tmp_path: Path) -> None:
    empty = settings_in(tmp_path / "empty")
    told = "run 'journeyline refresh' first"
    with pytest.raises(warehouse.WarehouseError, match=told), scratch_copy(empty, "trial"):
        pass
    assert not scratch_root(empty).exists()
