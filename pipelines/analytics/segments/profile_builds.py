"""What the tables of segments beside each other and beside people who did not buy are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMER_USES,
    CUSTOMERS,
    IS_STAFF,
    MEMBERSHIP,
    SEGMENTS,
    SURVEY,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.segments.affinity import build_segment_affinity
from pipelines.analytics.segments.gaps import ASKED, build_customer_gaps


def _customer_gaps(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_gaps(survey=frames[SURVEY], customers=frames[CUSTOMERS], **vars(run))


def _segment_affinity(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_affinity(uses=frames[CUSTOMER_USES], membership=frames[MEMBERSHIP], **vars(run))


BUILDS: dict[str, TableBuild] = {
    "customer_gaps": TableBuild({SURVEY: ASKED, **IS_STAFF}, _customer_gaps),
    "segment_affinity": TableBuild(
        {CUSTOMER_USES: columns("customer_id dimension item n_uses n_chances"), **SEGMENTS}, _segment_affinity
    ),
}
