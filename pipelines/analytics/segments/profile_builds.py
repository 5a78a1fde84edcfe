"""What the tables of segments beside each other and beside people who did not buy are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMER_USES,
    CUSTOMERS,
    DEFINITIONS,
    IS_STAFF,
    MEMBERSHIP,
    NEEDS,
    PROFILES,
    PURCHASE_DAYS,
    SEGMENTS,
    SURVEY,
    VALUE,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.segments import affinity, lookalikes, niches
from pipelines.analytics.segments.affinity import build_segment_affinity
from pipelines.analytics.segments.gaps import ASKED, build_customer_gaps
from pipelines.analytics.segments.lookalikes import build_customer_lookalikes, build_lookalike_model
from pipelines.analytics.segments.niches import SATISFIED, build_niches
from pipelines.analytics.segments.priority import build_segment_priority
from pipelines.analytics.segments.schemes import DEFINITION


def _customer_gaps(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_gaps(survey=frames[SURVEY], customers=frames[CUSTOMERS], **vars(run))


def _segment_affinity(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_affinity(uses=frames[CUSTOMER_USES], membership=frames[MEMBERSHIP], **vars(run))


def _segment_priority(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_priority(
        profiles=frames[PROFILES],
        days=frames[PURCHASE_DAYS],
        membership=frames[MEMBERSHIP],
        definitions=frames[DEFINITIONS],
        **vars(run),
    )


def _niches(frames: Frames, run: Run) -> pl.DataFrame:
    return build_niches(
        customers=frames[CUSTOMERS],
        scored=frames[NEEDS],
        value=frames[VALUE],
        days=frames[PURCHASE_DAYS],
        survey=frames[SURVEY],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


def _lookalike_frames(frames: Frames) -> dict[str, pl.DataFrame]:
    return {
        "customers": frames[CUSTOMERS],
        "scored": frames[NEEDS],
        "value": frames[VALUE],
        "membership": frames[MEMBERSHIP],
    }


def _lookalike_model(frames: Frames, run: Run) -> pl.DataFrame:
    return build_lookalike_model(**_lookalike_frames(frames), as_of=run.as_of, run_id=run.run_id, min_cell=run.min_cell)


def _customer_lookalikes(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_lookalikes(**_lookalike_frames(frames), as_of=run.as_of, run_id=run.run_id)


LOOKALIKES: dict[str, tuple[str, ...]] = {
    CUSTOMERS: columns("customer_id is_identified is_staff has_profiling_consent n_orders"),
    NEEDS: columns("customer_id need need_basis"),
    VALUE: columns("customer_id monetary"),
    MEMBERSHIP: SEGMENTS[MEMBERSHIP].of(lookalikes.SCHEMES),
}

BUILDS: dict[str, TableBuild] = {
    "lookalike_model": TableBuild(LOOKALIKES, _lookalike_model),
    "customer_lookalikes": TableBuild(LOOKALIKES, _customer_lookalikes),
    "customer_gaps": TableBuild({SURVEY: ASKED, **IS_STAFF}, _customer_gaps),
    "segment_affinity": TableBuild(
        {
            CUSTOMER_USES: columns("customer_id dimension item n_uses n_chances"),
            MEMBERSHIP: SEGMENTS[MEMBERSHIP].of(affinity.COMPARED),
        },
        _segment_affinity,
    ),
    "segment_priority": TableBuild(
        {
            PROFILES: columns("scheme_id segment_id measure value lo hi n suppressed"),
            PURCHASE_DAYS: columns("customer_id order_date net_amount_reporting"),
            DEFINITIONS: tuple(DEFINITION),
            **SEGMENTS,
        },
        _segment_priority,
    ),
    "niches": TableBuild(
        {
            CUSTOMERS: columns("customer_id is_identified is_staff has_profiling_consent n_orders"),
            NEEDS: columns("customer_id need need_basis"),
            VALUE: columns("customer_id monetary"),
            PURCHASE_DAYS: columns("customer_id order_date net_amount_reporting"),
            SURVEY: SATISFIED,
            MEMBERSHIP: SEGMENTS[MEMBERSHIP].of(niches.SCHEMES),
        },
        _niches,
    ),
}
