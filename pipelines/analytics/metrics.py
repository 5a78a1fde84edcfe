"""The registry of metrics: what each number means, how it is computed, who answers for it.

Belongs here: one entry per metric or measure that stands in a published table. Stays out: the computation.
"""

from __future__ import annotations

from dataclasses import astuple
from datetime import date

import polars as pl

from pipelines.analytics.carts import metrics as carts
from pipelines.analytics.journey import channel_metrics as channels
from pipelines.analytics.journey import metrics as journey
from pipelines.analytics.maps import metrics as maps
from pipelines.analytics.opportunities import metrics as opportunities
from pipelines.analytics.satisfaction import metrics as satisfaction
from pipelines.analytics.segments import metrics as segments
from pipelines.analytics.support import metrics as support
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice import metrics as voice

DEFINITIONS = tuple(
    definition
    for topic in (segments, journey, channels, carts, satisfaction, support, maps, voice, opportunities)
    for definition in topic.DEFINITIONS
)


def build_metrics(*, as_of: date, run_id: str) -> pl.DataFrame:
    """One row per metric of the registry."""
    table = TABLES["metrics"]
    names = [column for column in table.schema if column not in ("as_of", "run_id")]
    rows = pl.DataFrame([astuple(definition) for definition in DEFINITIONS], schema=names, orient="row")
    return table.conform(rows, as_of=as_of, run_id=run_id)
