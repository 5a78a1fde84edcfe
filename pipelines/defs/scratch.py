"""A scratch copy of the state folder: something to build in that nobody else sees.

Belongs here: making it from the live warehouse, and its end, also after a crash. Stays out: what is built in it.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipelines import warehouse
from pipelines.defs import dbt_runner
from pipelines.defs.home import writer_lock
from pipelines.settings import Settings

IN_USE = "in_use.lock"


def scratch_root(settings: Settings) -> Path:
    """Where the scratch copies of a state folder lie."""
    return settings.home / "scratch"


@contextmanager
def scratch_copy(settings: Settings, purpose: str) -> Iterator[Settings]:
    """Settings of a copy of the state folder with the warehouse as it is; deleted at the end of the block.

    The copy has no landed files of its own: the raw relations read those of the state folder, which are never changed.
    The writer's place is held only while copying, so that a refresh can start meanwhile. What a crash left behind holds
    personal data: the next copy and the next refresh delete it.

    Raises:
        LockedError: a refresh is running.
        WarehouseError: there is no warehouse; ``WarehouseInUseError``: another program holds it.
    """
    root = scratch_root(settings)
    with writer_lock(settings):
        sweep(settings)
        # Whoever writes by hand, past the writer's place, is seen here. Closed again before the copy: closing a copied
        # file drops DuckDB's own lock on it.
        with warehouse.connect(settings):
            pass
        root.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=root))
        mark = (folder / IN_USE).open("w")
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            copied = replace(settings, home=folder)
            _copy(settings, copied)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    try:
        yield copied
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        mark.close()


def sweep(settings: Settings) -> int:
    """Delete the copies whose process is gone; returns how many. The caller holds the writer's place."""
    root = scratch_root(settings)
    left = 0
    for folder in sorted(path for path in root.glob("*") if path.is_dir()):
        with (folder / IN_USE).open("w") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(folder, ignore_errors=True)
            left += 1
    return left


def _copy(settings: Settings, copied: Settings) -> None:
    copied.warehouse_path.parent.mkdir(parents=True)
    log = settings.warehouse_path.with_name(settings.warehouse_path.name + ".wal")
    # A writer that was killed leaves a log which the next opening replays: it belongs to the file.
    for path in (settings.warehouse_path, log):
        if path.exists():
            shutil.copyfile(path, copied.warehouse_path.with_name(path.name))
    if settings.identity_dir.is_dir():
        shutil.copytree(settings.identity_dir, copied.identity_dir)
    dbt_runner.copy_parsed(settings, copied)
