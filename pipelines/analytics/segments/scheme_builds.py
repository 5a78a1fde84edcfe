"""What the tables of segment schemes are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMERS,
    DEFINITIONS,
    HISTORY,
    KEPT_FACTS,
    KEPT_HISTORY,
    MEMBERSHIP,
    RUN,
    SEGMENTS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.segments import history
from pipelines.analytics.segments.facts import FACT_INPUTS, customer_facts
from pipelines.analytics.segments.membership import build_customer_tags, build_segment_membership
from pipelines.analytics.segments.migration import MOVED, build_segment_migration
from pipelines.analytics.segments.registry import build_segment_rules, build_segment_schemes
from pipelines.analytics.segments.scheme_quality import build_scheme_quality
from pipelines.analytics.segments.schemes import DEFINITION


def _segment_membership(frames: Frames, run: Run) -> pl.DataFrame:
    facts = customer_facts(frames, run.as_of)
    return build_segment_membership(facts=facts, definitions=frames[DEFINITIONS], **vars(run))


def _customer_tags(frames: Frames, run: Run) -> pl.DataFrame:
    facts = customer_facts(frames, run.as_of)
    return build_customer_tags(facts=facts, definitions=frames[DEFINITIONS], as_of=run.as_of, run_id=run.run_id)


def _segment_schemes(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_schemes(
        membership=frames[MEMBERSHIP], definitions=frames[DEFINITIONS], as_of=run.as_of, run_id=run.run_id
    )


def _segment_rules(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_rules(
        facts=customer_facts(frames, run.as_of),
        membership=frames[MEMBERSHIP],
        definitions=frames[DEFINITIONS],
        **vars(run),
    )


def _scheme_quality(frames: Frames, run: Run) -> pl.DataFrame:
    return build_scheme_quality(
        customers=frames[CUSTOMERS], membership=frames[MEMBERSHIP], definitions=frames[DEFINITIONS], **vars(run)
    )


def _segment_history(frames: Frames, run: Run) -> pl.DataFrame:
    facts = customer_facts(frames, run.as_of)
    for name in FACT_INPUTS:
        del frames[name]
    return history.build_segment_history(
        frames[KEPT_HISTORY],
        frames[KEPT_FACTS],
        membership=frames[MEMBERSHIP],
        facts=facts,
        definitions=frames[DEFINITIONS],
        known_at=cast(datetime, frames[RUN]["run_at"].max()),
        as_of=run.as_of,
        run_id=run.run_id,
    )


def _segment_migration(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_migration(history=frames[HISTORY], **vars(run))


DEFINED = {DEFINITIONS: tuple(DEFINITION)}

BUILDS: dict[str, TableBuild] = {
    "segment_membership": TableBuild({**FACT_INPUTS, **DEFINED}, _segment_membership),
    "customer_tags": TableBuild({**FACT_INPUTS, **DEFINED}, _customer_tags),
    "segment_schemes": TableBuild({**SEGMENTS, **DEFINED}, _segment_schemes),
    "segment_rules": TableBuild({**FACT_INPUTS, **SEGMENTS, **DEFINED}, _segment_rules),
    "segment_history": TableBuild(
        {
            **FACT_INPUTS,
            **SEGMENTS,
            **DEFINED,
            RUN: columns("run_at"),
            KEPT_HISTORY: tuple(history.HISTORY),
            KEPT_FACTS: tuple(history.LAST_FACTS),
        },
        _segment_history,
    ),
    "segment_migration": TableBuild({HISTORY: MOVED}, _segment_migration),
    "scheme_quality": TableBuild(
        {
            CUSTOMERS: columns(
                "customer_id is_identified is_staff n_orders n_tickets net_amount_reporting_365d "
                "has_email_marketing_consent"
            ),
            **SEGMENTS,
            **DEFINED,
        },
        _scheme_quality,
    ),
}
