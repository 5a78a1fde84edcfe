"""The load manifest: one sidecar beside each batch, and the frame read from all of them.

Belongs here: the record of a batch, its paths, and listing what has landed or was rejected. Stays out: reading exports.

A batch has landed when its Parquet file stands in the raw folder: that rename is the last step. A sidecar without its
file, or a file left aside, is what a killed run leaves; it counts for nothing and is replaced by the next run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.ingest.files import move_into_place
from pipelines.settings import Settings

LANDED = "landed"
REJECTED = "rejected"

MANIFEST_SCHEMA = pl.Schema(
    {
        "system": pl.String(),
        "table_name": pl.String(),
        "batch_id": pl.String(),
        "source_name": pl.String(),
        "load_date": pl.Date(),
        "loaded_at": pl.Datetime("us"),
        "rows_read": pl.Int64(),
        "rows_landed": pl.Int64(),
        "rows_quarantined": pl.Int64(),
        "first_event_at": pl.Datetime("us"),
        "last_event_at": pl.Datetime("us"),
        "new_columns": pl.List(pl.String()),
        "bytes": pl.Int64(),
        "status": pl.String(),
        "reason": pl.String(),
    }
)
"""Columns of the manifest, one row a batch; stamps are UTC without a zone, ``bytes`` those of the delivered file."""


@dataclass(frozen=True)
class Batch:
    """One delivered file: what came of it.

    ``last_event_at`` leaves out stamps later than the load; ``contract_hash`` is the contract it was read by.
    """

    system: str
    table_name: str
    batch_id: str
    source_name: str
    load_date: date
    loaded_at: datetime
    bytes: int
    status: str
    contract_hash: str
    reason: str | None = None
    rows_read: int = 0
    rows_landed: int = 0
    rows_quarantined: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None
    new_columns: tuple[str, ...] = ()

    @property
    def is_landed(self) -> bool:
        return self.status == LANDED


def raw_path(settings: Settings, batch: Batch) -> Path:
    """Where the batch's rows are."""
    folder = settings.raw_dir / batch.system / batch.table_name / batch.load_date.isoformat()
    return folder / f"{batch.batch_id}.parquet"


def quarantine_path(settings: Settings, system: str, table_name: str, batch_id: str) -> Path:
    """Where the batch's rows that do not fit the contract are."""
    return settings.quarantine_dir / system / table_name / f"{batch_id}.parquet"


def sidecar_path(settings: Settings, batch: Batch) -> Path:
    """Beside the rows of a landed batch; in the quarantine for a rejected file."""
    if batch.is_landed:
        return raw_path(settings, batch).with_suffix(".json")
    return quarantine_path(settings, batch.system, batch.table_name, batch.batch_id).with_suffix(".json")


def write_sidecar(settings: Settings, batch: Batch, aside: Path) -> None:
    """Write the batch's record aside and rename it into place."""
    aside.write_text(json.dumps(asdict(batch), default=_iso, indent=1, sort_keys=True), encoding="utf-8")
    move_into_place(aside, sidecar_path(settings, batch))


def batches(settings: Settings, system: str | None = None, table_name: str | None = None) -> list[Batch]:
    """Every landed or rejected batch, by time of loading; one table's only, where it is named."""
    found = [*_landed(settings, system, table_name), *_rejected(settings, system, table_name)]
    return sorted(found, key=lambda batch: (batch.loaded_at, batch.batch_id))


def read_manifest(settings: Settings) -> pl.DataFrame:
    """The load manifest: one row a batch, columns as in ``MANIFEST_SCHEMA``, by time of loading."""
    rows = [
        [
            list(value) if isinstance(value, tuple) else value
            for value in (getattr(batch, name) for name in MANIFEST_SCHEMA)
        ]
        for batch in batches(settings)
    ]
    return pl.DataFrame(rows, schema=MANIFEST_SCHEMA, orient="row")


def latest_load(settings: Settings, since: date) -> datetime | None:
    """The latest load of any table on or after a day; the days before it need not be looked at."""
    latest = None
    for folder in _table_folders(settings.raw_dir, None, None):
        for day in _folders(folder):
            if day.name >= since.isoformat():
                for path in day.glob("*.json"):
                    loaded_at = _read_sidecar(path).loaded_at
                    latest = loaded_at if latest is None else max(latest, loaded_at)
    return latest


def sweep(settings: Settings, system: str, table_name: str) -> None:
    """Remove what a killed run left of one table: files that no complete batch stands behind."""
    for folder in _table_folders(settings.raw_dir, system, table_name):
        for day in _folders(folder):
            names = {path.name for path in day.iterdir()}
            for name in names:
                stem, _, suffix = name.partition(".")
                if not {f"{stem}.parquet", f"{stem}.json"} <= names and suffix in ("parquet", "json"):
                    (day / name).unlink()
    landed = {batch.batch_id: batch for batch in _landed(settings, system, table_name)}
    for folder in _table_folders(settings.quarantine_dir, system, table_name):
        for path in folder.iterdir():
            batch = landed.get(path.stem)
            if path.suffix == ".parquet" and (batch is None or batch.rows_quarantined == 0):
                path.unlink()
            if path.suffix == ".json" and batch and batch.contract_hash == _read_sidecar(path).contract_hash:
                path.unlink()


def _landed(settings: Settings, system: str | None, table_name: str | None) -> Iterator[Batch]:
    for folder in _table_folders(settings.raw_dir, system, table_name):
        for day in _folders(folder):
            names = {path.name for path in day.iterdir()}
            for name in names:
                if name.endswith(".parquet") and f"{name.removesuffix('.parquet')}.json" in names:
                    yield _read_sidecar((day / name).with_suffix(".json"))


def _rejected(settings: Settings, system: str | None, table_name: str | None) -> Iterator[Batch]:
    for folder in _table_folders(settings.quarantine_dir, system, table_name):
        for path in folder.glob("*.json"):
            yield _read_sidecar(path)


def _table_folders(root: Path, system: str | None, table_name: str | None) -> Iterator[Path]:
    for system_folder in [root / system] if system else _folders(root):
        for table_folder in [system_folder / table_name] if table_name else _folders(system_folder):
            if table_folder.is_dir():
                yield table_folder


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")]


def _read_sidecar(path: Path) -> Batch:
    told = json.loads(path.read_bytes())
    for name in ("loaded_at", "first_event_at", "last_event_at"):
        told[name] = datetime.fromisoformat(told[name]) if told[name] else None
    told["load_date"] = date.fromisoformat(told["load_date"])
    told["new_columns"] = tuple(told["new_columns"])
    return Batch(**told)


def _iso(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a sidecar")
