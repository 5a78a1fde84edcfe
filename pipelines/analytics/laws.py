"""Laws every analytics table must keep, as pure checks that return what breaks them.

Belongs here: conditions that hold by definition, whatever the data (funnels never widen, segments partition, shares
sum to 1, mix + rate = total …). Stays out: distributions and thresholds on data, which are the quality suites'.

A law takes the frames of its tables and returns violations; none means it holds. Orchestration turns each into a check.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.analytics.build import as_float
from pipelines.analytics.carts import laws as carts
from pipelines.analytics.inputs import Read
from pipelines.analytics.journey import laws as journey
from pipelines.analytics.law import ALWAYS, ESTIMATES, Context, Law, Violation
from pipelines.analytics.maps import laws as maps
from pipelines.analytics.opportunities import laws as opportunities
from pipelines.analytics.satisfaction import laws as satisfaction
from pipelines.analytics.segments import laws as segments
from pipelines.analytics.support import laws as support
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice import laws as voice

_OWN = (
    segments.LAWS
    | journey.LAWS
    | carts.LAWS
    | satisfaction.LAWS
    | support.LAWS
    | maps.LAWS
    | voice.LAWS
    | opportunities.LAWS
)

LAWS: dict[str, tuple[Law, ...]] = {
    name: (*ALWAYS, *(ESTIMATES if table.is_estimate else ()), *_OWN.get(name, ())) for name, table in TABLES.items()
}
"""The laws of every analytics table; names are unique within a table."""


def check(name: str, frame: pl.DataFrame, others: Mapping[str, pl.DataFrame], *, min_cell: int) -> list[Violation]:
    """Hold one table against its laws. A frame whose columns are wrong is held against the first law only."""
    context = Context(TABLES[name], frame, others, min_cell)
    violations: list[Violation] = []
    for law in LAWS[name]:
        violations += [Violation(law.name, name, count, detail) for count, detail in law.check(context)]
        if law is ALWAYS[0] and violations:
            break
    return violations


def check_table(name: str, read: Read, *, min_cell: int, frame: pl.DataFrame | None = None) -> list[Violation]:
    """Read ``analytics.<name>`` and what its laws need, and hold it against them.

    ``frame`` is the table, where the caller has just written it and need not read it back.
    """
    needed: dict[str, tuple[str, ...]] = {}
    for law in LAWS[name]:
        needed |= law.reads
    if frame is None:
        frame = read(f"analytics.{name}", tuple(TABLES[name].schema))
    return check(
        name, frame, {table: as_float(read(table, columns)) for table, columns in needed.items()}, min_cell=min_cell
    )
