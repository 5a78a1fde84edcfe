"""The history of segments outside the warehouse: a rebuilt warehouse needs it again.

Belongs here: keeping it as Parquet in the house's segments folder, and handing it to whoever reads ``kept.<table>``.
Stays out: what it says (``pipelines.analytics.segments.history``). Each file is written aside and renamed, the history
first: a run killed before the facts is done again, finds its moves told already, and adds nothing.

Erasing a person takes the records out of the history of ids (``pipelines.identity.state.forget``). An id no record has
ever stood under is not read from here, so the next run writes the files, and every table made of them, without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.analytics.inputs import KEPT_FACTS, KEPT_HISTORY, Frames
from pipelines.analytics.segments.facts import customer_facts
from pipelines.analytics.segments.history import HISTORY, LAST_FACTS, facts_to_keep
from pipelines.files import sync
from pipelines.identity.state import read_state
from pipelines.settings import Settings

KEPT = {KEPT_HISTORY: HISTORY, KEPT_FACTS: LAST_FACTS}
"""What is kept, with its columns."""
KEPT_TABLE = "segment_history"
"""The analytics table whose run keeps it."""


def read_kept(settings: Settings, table: str, columns: Sequence[str]) -> pl.DataFrame:
    """Columns of a kept table, without erased people; null in columns that are newer than the file."""
    schema = KEPT[table]
    path = _path(settings, table)
    frame = pl.scan_parquet(path) if path.exists() else pl.LazyFrame(schema=schema)
    there = frame.collect_schema().names()
    identity = read_state(settings)
    if identity is not None:
        ids = identity.history.select("customer_id").unique()
        frame = frame.join(ids, on="customer_id", how="semi", maintain_order="left")
    return frame.select(
        (pl.col(name) if name in there else pl.lit(None)).cast(schema[name]).alias(name) for name in columns
    ).collect()


def keeper(settings: Settings, frames: Frames, as_of: date) -> Callable[[pl.DataFrame], None]:
    """What keeps the history of a run, once it is known to be right; ``frames`` are the inputs of ``KEPT_TABLE``."""
    facts = facts_to_keep(frames[KEPT_FACTS], customer_facts(frames, as_of), as_of)
    return lambda history: write_kept(settings, history, facts)


def write_kept(settings: Settings, history: pl.DataFrame, facts: pl.DataFrame) -> None:
    """Keep what this run found."""
    for table, frame in ((KEPT_HISTORY, history), (KEPT_FACTS, facts)):
        path = _path(settings, table)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".tmp")
        frame.select(*KEPT[table]).write_parquet(aside, compression="zstd")
        sync(aside)
        aside.replace(path)
        sync(path.parent)


def _path(settings: Settings, table: str) -> Path:
    return settings.segments_dir / f"{table.partition('.')[2].removeprefix('segment_')}.parquet"
