"""The one definition of every analytics table: grain, key, columns, types, descriptions.

Belongs here: what a table looks like, and the last step that makes a frame look like it. Stays out: how its numbers
are computed. The Dagster column schema, the published comments, the quality suites and the data dictionary read this.

Conventions: every row carries ``as_of`` and ``run_id``; every estimate carries ``value, lo, hi, n, basis, suppressed``.
``lo`` and ``hi`` bound a 95 % interval unless a column says otherwise. A suppressed row keeps its key and no number.
A column named ``n`` or ``n_...`` counts persons, carts, tickets, answers: it is never 1 to min_cell - 1.
"""

from __future__ import annotations

from pipelines.analytics.carts import tables as carts
from pipelines.analytics.journey import tables as journey
from pipelines.analytics.maps import tables as maps
from pipelines.analytics.opportunities import tables as opportunities
from pipelines.analytics.satisfaction import tables as satisfaction
from pipelines.analytics.segments import tables as segments
from pipelines.analytics.support import tables as support
from pipelines.analytics.table import Table
from pipelines.analytics.voice import tables as voice

TABLES: dict[str, Table] = {
    table.name: table
    for topic in (segments, journey, carts, satisfaction, support, maps, voice, opportunities)
    for table in topic.TABLES
}
"""Every analytics table by name."""
