"""What each analytics table is built from, and the one call that builds it.

Belongs here: lineage (which tables and columns go in) and the wiring of frames to functions. Stays out: orchestration
and storage: the caller brings ``read`` and keeps the result. A table's inputs are declared once, here; whoever wires
assets takes the dependencies from ``inputs``.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.carts import builds as carts
from pipelines.analytics.inputs import Frames, Read, Run, TableBuild
from pipelines.analytics.journey import builds as journey
from pipelines.analytics.maps import builds as maps
from pipelines.analytics.opportunities import builds as opportunities
from pipelines.analytics.recorded import only_recorded
from pipelines.analytics.satisfaction import builds as satisfaction
from pipelines.analytics.segments import builds as segments
from pipelines.analytics.segments import persona_builds as personas
from pipelines.analytics.support import builds as support
from pipelines.analytics.voice import builds as voice

BUILDS: dict[str, TableBuild] = (
    segments.BUILDS
    | journey.BUILDS
    | carts.BUILDS
    | satisfaction.BUILDS
    | support.BUILDS
    | maps.BUILDS
    | voice.BUILDS
    | opportunities.BUILDS
    | personas.BUILDS
)
"""Every analytics table by name, in an order in which each finds its inputs built."""


def inputs(name: str) -> tuple[str, ...]:
    """The tables a table is built from, as ``schema.table``."""
    return tuple(BUILDS[name].inputs)


def read_inputs(name: str, read: Read) -> dict[str, pl.DataFrame]:
    """The frames a table is built from; ``read`` reads columns of ``schema.table``, core and analytics tables alike.

    Raises:
        KeyError: there is no such table.
    """
    return {table: as_float(read(table, columns)) for table, columns in BUILDS[name].inputs.items()}


def build_table(name: str, read: Read, *, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """Read what one analytics table is built from, and build it.

    Args:
        name: a key of ``BUILDS``.
        read: as for ``read_inputs``.
        as_of: the date the numbers speak for, in the reporting time zone.
        run_id: the run that asks.
        min_cell: the smallest count that may be shown.

    Raises:
        KeyError: there is no such table.
    """
    return build_from(name, read_inputs(name, read), Run(as_of, run_id, min_cell))


def build_from(name: str, frames: Frames, run: Run) -> pl.DataFrame:
    """Build a table from what ``read_inputs`` read; measures that no system records are left out.

    Raises:
        KeyError: there is no such table.
    """
    return only_recorded(BUILDS[name].build(frames, run))


def as_float(frame: pl.DataFrame) -> pl.DataFrame:
    """Money as floats: statistics are not ledgers, and sums of decimals overflow their digits."""
    return frame.with_columns(pl.selectors.decimal().cast(pl.Float64))
