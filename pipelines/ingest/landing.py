"""Landing: every file of the enabled systems into the raw layer, once.

Belongs here: which files are whose, the order of the steps that makes a crash harmless, and the report. Stays out: how
a file is read and cast (``readers``, ``casts``, ``batch``).

Order of the steps for one file: quarantine, sidecar, then the rows, each written aside, flushed and renamed. The last
rename makes the batch exist; whatever a killed run leaves before it is never read and is swept by the next run. A file
that landed or was rejected under another contract is landed anew while it is still in the landing folder.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contract import Contract, Table, load_contracts
from pipelines.ingest import manifest
from pipelines.ingest.batch import Job, SurroundingsError, Written, write_batch
from pipelines.ingest.files import (
    GLOB_CHARACTERS,
    FileError,
    Fingerprint,
    UnfinishedError,
    check_unchanged,
    fingerprint,
    move_into_place,
    plain,
)
from pipelines.ingest.manifest import Batch
from pipelines.settings import Settings, utc_now
from pipelines.warehouse import memory

UNFINISHED_SUFFIXES = (".part", ".partial", ".filepart", ".crdownload", ".tmp")


_TICK = timedelta(microseconds=1)


class LandingError(RuntimeError):
    """Landing cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    ``status`` is ``landed``, ``already`` (the same bytes landed before), ``rejected`` (with the reason), or ``waiting``
    (it is still being written).
    """

    source_name: str
    status: str
    reason: str | None = None
    rows_read: int = 0
    rows_landed: int = 0
    rows_quarantined: int = 0
    bytes: int = 0
    new_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableLanding:
    """One table's share of a landing; rows and bytes count the files landed now, not those landed before."""

    system: str
    table_name: str
    outcomes: tuple[FileOutcome, ...]
    seconds: float

    @property
    def files_seen(self) -> int:
        return len(self.outcomes)

    @property
    def files_landed(self) -> int:
        return self._count("landed")

    @property
    def files_already(self) -> int:
        return self._count("already")

    @property
    def files_rejected(self) -> int:
        return self._count("rejected")

    @property
    def files_waiting(self) -> int:
        return self._count("waiting")

    @property
    def rows_read(self) -> int:
        return sum(outcome.rows_read for outcome in self.outcomes)

    @property
    def rows_landed(self) -> int:
        return sum(outcome.rows_landed for outcome in self.outcomes)

    @property
    def rows_quarantined(self) -> int:
        return sum(outcome.rows_quarantined for outcome in self.outcomes)

    @property
    def bytes(self) -> int:
        return sum(outcome.bytes for outcome in self.outcomes)

    @property
    def new_columns(self) -> tuple[str, ...]:
        return tuple(sorted({name for outcome in self.outcomes for name in outcome.new_columns}))

    @property
    def rejected(self) -> tuple[FileOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status == "rejected")

    def _count(self, status: str) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)


@dataclass(frozen=True)
class LandingReport:
    """A whole landing: its tables, and the files no contract knows (paths relative to the landing folder)."""

    tables: tuple[TableLanding, ...]
    unmatched: tuple[str, ...] = field(default=())

    @property
    def rows_landed(self) -> int:
        return sum(table.rows_landed for table in self.tables)

    @property
    def files_landed(self) -> int:
        return sum(table.files_landed for table in self.tables)

    @property
    def rejected(self) -> tuple[FileOutcome, ...]:
        return tuple(outcome for table in self.tables for outcome in table.rejected)


Progress = Callable[[TableLanding], None]


def land(
    settings: Settings, systems: Sequence[str] | None = None, *, progress: Progress | None = None
) -> LandingReport:
    """Land every new file of the systems (all enabled ones, unless named); ``progress`` is told each finished table.

    Raises:
        ContractError: a contract is wrong.
        LandingError: another landing is running, or memory or disk ran out.
    """
    contracts = load_contracts(systems or settings.systems, settings.project_root)
    tables: list[TableLanding] = []
    for contract in contracts.values():
        for table in contract.tables:
            landing = land_table(settings, table)
            tables.append(landing)
            if progress:
                progress(landing)
    return LandingReport(tuple(tables), tuple(unmatched_files(settings, list(contracts.values()))))


def land_table(settings: Settings, table: Table) -> TableLanding:
    """Land every new file of one table, in the order of their names.

    Raises:
        LandingError: another landing is running, or memory or disk ran out.
    """
    start = time.perf_counter()
    with _workspace(settings) as aside, memory(settings) as con:
        con.execute("set preserve_insertion_order = true")
        manifest.sweep(settings, table.system, table.name)
        lander = _Lander(settings, table, con, aside)
        outcomes = tuple(lander.land(path) for path in table_files(settings, table))
    return TableLanding(table.system, table.name, outcomes, time.perf_counter() - start)


def table_files(settings: Settings, table: Table) -> list[Path]:
    """The table's files in the landing folder, by name."""
    root = settings.landing_dir
    found = {path for pattern in table.files for path in root.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not path.name.startswith("."))


def unmatched_files(settings: Settings, contracts: Sequence[Contract]) -> list[str]:
    """Files beside the tables' own that no contract knows, relative to the landing folder, sorted."""
    tables = [table for contract in contracts for table in contract.tables]
    known = {path for table in tables for path in table_files(settings, table)}
    folders = {(settings.landing_dir / pattern).parent for table in tables for pattern in table.files}
    present = {
        path
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }
    return sorted(path.relative_to(settings.landing_dir).as_posix() for path in present - known)


class _Lander:
    """Lands the files of one table, one after the other."""

    def __init__(self, settings: Settings, table: Table, con: duckdb.DuckDBPyConnection, aside: Path) -> None:
        self.settings, self.table, self.con, self.aside = settings, table, con, aside
        self.last_load = manifest.latest_load(settings, utc_now().date())
        known = manifest.batches(settings, table.system, table.name)
        self.landed = {batch.batch_id: batch for batch in known if batch.is_landed}
        self.rejected = {batch.batch_id: batch for batch in known if not batch.is_landed}

    def land(self, path: Path) -> FileOutcome:
        name = path.relative_to(self.settings.landing_dir).as_posix()
        if path.suffix in UNFINISHED_SUFFIXES:
            return FileOutcome(
                name, "waiting", f"{name}: a name that ends in {path.suffix} says it is not complete yet"
            )
        try:
            print_ = fingerprint(path)
            known = self.landed.get(print_.batch_id) or self.rejected.get(print_.batch_id)
            if known and known.contract_hash == self.table.contract_hash:
                if known.is_landed:
                    return FileOutcome(name, "already")
                reason = (known.reason or "").removeprefix(f"{known.source_name}: ")
                return FileOutcome(name, "rejected", f"{name}: {reason}")
            return self._land(path, name, print_)
        except UnfinishedError as error:
            return FileOutcome(name, "waiting", f"{name}: {error}")
        except PermissionError:
            return FileOutcome(name, "rejected", f"{name}: it may not be read by this user; change its permissions")
        except SurroundingsError as error:
            raise LandingError(str(error)) from None

    def _land(self, path: Path, name: str, print_: Fingerprint) -> FileOutcome:
        job = Job(print_.batch_id, name, self._next_load_time(), self.aside)
        try:
            with plain(path, self.aside) as readable:
                written = write_batch(self.con, self.table, readable, job)
                check_unchanged(path, print_)
        except FileError as error:
            check_unchanged(path, print_)
            return self._reject(name, print_, job.loaded_at, str(error))
        return self._keep(name, print_, job.loaded_at, written)

    def _keep(self, name: str, print_: Fingerprint, loaded_at: datetime, written: Written) -> FileOutcome:
        batch = self._batch(
            name,
            print_,
            loaded_at,
            status=manifest.LANDED,
            rows_read=written.rows_read,
            rows_landed=written.rows_landed,
            rows_quarantined=written.rows_quarantined,
            first_event_at=written.first_event_at,
            last_event_at=written.last_event_at,
            new_columns=written.new_columns,
        )
        quarantine = manifest.quarantine_path(self.settings, self.table.system, self.table.name, print_.batch_id)
        if written.quarantine:
            move_into_place(written.quarantine, quarantine)
        if before := self.landed.pop(batch.batch_id, None):
            # Landed under an older contract: from here to the last rename the batch does not exist, never twice.
            manifest.raw_path(self.settings, before).unlink()
        manifest.write_sidecar(self.settings, batch, self.aside / "sidecar.json")
        move_into_place(written.parquet, manifest.raw_path(self.settings, batch))
        quarantine.with_suffix(".json").unlink(missing_ok=True)
        self.landed[batch.batch_id] = batch
        return FileOutcome(
            name,
            "landed",
            rows_read=batch.rows_read,
            rows_landed=batch.rows_landed,
            rows_quarantined=batch.rows_quarantined,
            bytes=batch.bytes,
            new_columns=batch.new_columns,
        )

    def _reject(self, name: str, print_: Fingerprint, loaded_at: datetime, reason: str) -> FileOutcome:
        batch = self._batch(name, print_, loaded_at, status=manifest.REJECTED, reason=f"{name}: {reason}")
        manifest.write_sidecar(self.settings, batch, self.aside / "sidecar.json")
        self.rejected[batch.batch_id] = batch
        return FileOutcome(name, "rejected", batch.reason)

    def _batch(self, name: str, print_: Fingerprint, loaded_at: datetime, **told: Any) -> Batch:
        return Batch(
            system=self.table.system,
            table_name=self.table.name,
            batch_id=print_.batch_id,
            source_name=name,
            load_date=loaded_at.date(),
            loaded_at=loaded_at,
            bytes=print_.size,
            contract_hash=self.table.contract_hash,
            **told,
        )

    def _next_load_time(self) -> datetime:
        """Now, or just after the last load where the clock went back: a model takes what is later than it has seen."""
        now = utc_now().replace(tzinfo=None)
        self.last_load = now if self.last_load is None or now > self.last_load else self.last_load + _TICK
        return self.last_load


@contextmanager
def _workspace(settings: Settings) -> Iterator[Path]:
    """A folder for unfinished files on the raw layer's own disk, held by one landing at a time."""
    if GLOB_CHARACTERS & set(str(settings.home)):
        raise LandingError(f"{settings.home} holds one of * ? [, which DuckDB reads as a pattern; move the data folder")
    settings.raw_dir.mkdir(parents=True, exist_ok=True)
    lock = settings.raw_dir / ".lock"
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LandingError("another landing is running in this data folder; wait for it and run again") from error
        for leftover in settings.raw_dir.glob(".aside-*"):
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(prefix=".aside-", dir=settings.raw_dir) as folder:
            yield Path(folder)
