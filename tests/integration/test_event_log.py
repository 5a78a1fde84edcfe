"""The kept event log: what Dagster's own class reads, few open files, and a wipe that leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterEventType, EventLogEntry
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from pipelines.defs.event_log import KEPT_FILES, KeptSqliteEventLogStorage


@pytest.fixture
def log(tmp_path: Path) -> Iterator[KeptSqliteEventLogStorage]:
    storage = KeptSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def event(run_id: str, message: str) -> EventLogEntry:
    told = DagsterEvent(
        DagsterEventType.ENGINE_EVENT.value, "job", message=message, event_specific_data=EngineEventData()
    )
    return EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run_id,
        timestamp=1.0,
        step_key=None,
        job_name="job",
        dagster_event=told,
    )


def messages(storage: SqliteEventLogStorage, run_id: str) -> list[str | None]:
    return [entry.dagster_event.message for entry in storage.get_logs_for_run(run_id) if entry.dagster_event]


def test_dagsters_own_class_reads_what_was_written(log: KeptSqliteEventLogStorage, tmp_path: Path) -> None:
    for message in ("first", "second"):
        log.store_event(event("run", message))
    assert messages(log, "run") == ["first", "second"]
    plain = SqliteEventLogStorage(str(tmp_path))
    assert messages(plain, "run") == ["first", "second"]
    plain.dispose()


def test_many_runs_leave_few_files_open(log: KeptSqliteEventLogStorage, tmp_path: Path) -> None:
    runs = [f"run{number}" for number in range(3 * KEPT_FILES)]
    for run_id in runs:
        log.store_event(event(run_id, run_id))
    assert [messages(log, run_id) for run_id in runs] == [[run_id] for run_id in runs]
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    opened = {str(target) for target in links if target.parent == tmp_path and target.suffix == ".db"}
    assert 0 < len(opened) <= KEPT_FILES


def test_a_wipe_closes_the_files_it_deletes(log: KeptSqliteEventLogStorage) -> None:
    log.store_event(event("run", "before"))
    log.wipe()
    assert messages(log, "run") == []
    log.store_event(event("run", "after"))
    assert messages(log, "run") == ["after"]
