"""The state folder of one company: its folders, Dagster's instance file, and the lock that keeps refreshes apart.

Belongs here: what must exist before a run. Stays out: Dagster itself, so that the command line can use this at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.settings import Settings

# Runs and events in SQLite beside the data; nothing is sent anywhere. No pools: a killed run would keep its slot.
DAGSTER_YAML = """\
# Written by the refresh from pipelines/defs/home.py; changes here are overwritten.
telemetry:
  enabled: false
nux:
  enabled: false
run_monitoring:
  enabled: false
event_log_storage:
  module: pipelines.defs.event_log
  class: KeptSqliteEventLogStorage
  config:
    base_dir: {history}
"""

LOCK_POLL_SECONDS = 1.0


class LockedError(RuntimeError):
    """Another refresh of the same state folder is running; the message names its process."""


def prepare(settings: Settings) -> None:
    """Create the state folders and the instance file; safe to call again and by several processes."""
    for folder in (settings.home, settings.raw_dir, settings.warehouse_path.parent, settings.dagster_home):
        folder.mkdir(parents=True, exist_ok=True)
    path = settings.dagster_home / "dagster.yaml"
    text = DAGSTER_YAML.format(history=json.dumps(str(settings.dagster_home / "history" / "runs")))
    if not path.exists() or path.read_text() != text:
        aside = path.with_name(f".dagster.yaml.{os.getpid()}")
        aside.write_text(text)
        aside.replace(path)


@contextmanager
def writer_lock(settings: Settings, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the one writer's place in the state folder; the system frees it when the process ends, however it ends.

    Raises:
        LockedError: another process holds it and did not let go within ``wait_seconds``.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "refresh.lock"
    with path.open("a+") as handle:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise LockedError(
                        f"a refresh is already running on {settings.home} ({holder(settings)})"
                    ) from error
                time.sleep(LOCK_POLL_SECONDS)
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()}")
        handle.flush()
        yield


def is_locked(settings: Settings) -> bool:
    """Whether a refresh is running on this state folder now."""
    path = settings.home / "refresh.lock"
    if not path.exists():
        return False
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def holder(settings: Settings) -> str:
    """Who wrote itself into the lock file last."""
    path = settings.home / "refresh.lock"
    return (path.read_text().strip() if path.exists() else "") or "process unknown"
