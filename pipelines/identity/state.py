"""What must outlive the warehouse file: ids once given, redirects, the log, the history, past measures of health.

Belongs here: keeping these tables as Parquet in the house's identity folder. Stays out: what they say (``resolve``),
and everything a refresh computes anew.

One generation is one folder, written aside and renamed whole; a file names the one that counts. So a reader, or a run
that is killed, finds all tables of one resolution or all of the one before. The folder is written before the warehouse:
a run killed in between is done again, and finds that it has nothing to add.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from polars.exceptions import PolarsError

from pipelines.files import sync, write_atomically
from pipelines.identity.frames import Schema
from pipelines.identity.health import HEALTH_SCHEMA
from pipelines.identity.history import EVENT_SCHEMA
from pipelines.identity.stable import HISTORY_SCHEMA, REDIRECT_SCHEMA
from pipelines.settings import Settings

SCHEMAS: dict[str, Schema] = {
    "history": HISTORY_SCHEMA,
    "redirects": REDIRECT_SCHEMA,
    "events": EVENT_SCHEMA,
    "health": HEALTH_SCHEMA,
}
CURRENT = "current.json"
KEEP = 2
"""Generations kept: the one that counts and the one before it."""


class StateError(RuntimeError):
    """The kept state cannot be read; the message names the file and says what to do."""


@dataclass(frozen=True)
class State:
    """Frames of ``SCHEMAS``; the two that grow with the house are read where they are needed."""

    history: pl.LazyFrame
    redirects: pl.DataFrame
    events: pl.LazyFrame
    health: pl.DataFrame

    def last_health(self) -> pl.DataFrame:
        """The measures of the last run; empty before the first."""
        return self.health.filter(pl.col("known_at") == pl.col("known_at").max())


def nothing_kept() -> State:
    return state_of({name: pl.LazyFrame(schema=schema) for name, schema in SCHEMAS.items()})


def state_of(tables: Mapping[str, pl.LazyFrame]) -> State:
    """The state of its tables, by name."""
    few = {name: tables[name].collect() for name in ("redirects", "health")}
    return State(history=tables["history"], events=tables["events"], **few)


def read_state(settings: Settings) -> State | None:
    """The state of the last resolution, or None where this house has kept none.

    Raises:
        StateError: what was kept is damaged.
    """
    pointer = _folder(settings) / CURRENT
    if not pointer.exists():
        return None
    path = pointer
    try:
        generation = _folder(settings) / str(json.loads(pointer.read_text(encoding="utf-8"))["generation"])
        frames = {}
        for name, schema in SCHEMAS.items():
            path = generation / f"{name}.parquet"
            frames[name] = pl.scan_parquet(path).select(pl.col(column).cast(dtype) for column, dtype in schema.items())
            frames[name].collect_schema()
        return state_of(frames)
    except (OSError, ValueError, KeyError, PolarsError) as error:
        raise StateError(
            f"{path}: cannot be read ({type(error).__name__}). It holds every customer id ever given: put the folder "
            f"back from a backup. Only if there is none, remove {pointer}: ids are then taken from the warehouse"
        ) from error


def write_state(settings: Settings, tables: Mapping[str, Iterable[pl.DataFrame]]) -> Path:
    """Keep the tables of ``SCHEMAS``, each in parts, in place of the state before; returns their folder."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    number = _current_number(folder) + 1
    target, aside = folder / f"{number:06}", folder / f".{number:06}.tmp"
    for leftover in (target, aside):  # of a run killed before its generation counted
        shutil.rmtree(leftover, ignore_errors=True)
    aside.mkdir()
    for name, schema in SCHEMAS.items():
        path = aside / f"{name}.parquet"
        arrow = pl.DataFrame(schema=schema).to_arrow().schema
        with pq.ParquetWriter(path, arrow, compression="zstd") as writer:
            for part in tables[name]:
                writer.write_table(part.to_arrow().cast(arrow))
        sync(path)
    sync(aside)
    aside.rename(target)
    sync(folder)
    write_atomically(folder / CURRENT, json.dumps({"generation": target.name}) + "\n")
    for old in (n for n in numbers if n <= number - KEEP):
        shutil.rmtree(folder / f"{old:06}", ignore_errors=True)
    return target


def forget(settings: Settings, nodes: pl.Series) -> int:
    """Take records out of the kept history in all generations, as an erasure must; returns how many rows went.

    Their ids stay in the log, so that no one else is given them.
    """
    state = read_state(settings)
    if state is None:
        return 0
    history = state.history.collect()
    kept = history.filter(~pl.col("node_id").is_in(nodes.implode()))
    if kept.height < history.height:
        events = state.events.collect()
        for _ in range(KEEP):
            tables = {"history": kept, "redirects": state.redirects, "events": events, "health": state.health}
            write_state(settings, {name: [frame] for name, frame in tables.items()})
    return history.height - kept.height


def _folder(settings: Settings) -> Path:
    return settings.identity_dir / "state"


def _current_number(folder: Path) -> int:
    pointer = folder / CURRENT
    return int(json.loads(pointer.read_text(encoding="utf-8"))["generation"]) if pointer.exists() else 0
