"""What the table of personas is built from, and the call; it stands apart, for it reads tables of other topics.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    DEFINITIONS,
    FEEDBACK,
    LABELS,
    MEMBERSHIP,
    NEEDS,
    PROFILES,
    RUN,
    SEGMENTS,
    VALUE,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.maps.journey_map import key_scheme
from pipelines.analytics.segments import needs, personas
from pipelines.analytics.segments.facts import FACT_INPUTS, customer_facts
from pipelines.analytics.told import told_by

AFFINITY = "analytics.segment_affinity"
PAINS = "analytics.pain_points"
VARIANTS = "journey.agg_path_variants"
HEADERS = "seeds.journey_maps"
JUDGEMENTS = "seeds.persona_judgements"


def _personas(frames: Frames, run: Run) -> pl.DataFrame:
    return personas.build_personas(
        facts=customer_facts(frames, run.as_of),
        needs=frames[NEEDS],
        value=frames[VALUE],
        profiles=frames[PROFILES],
        affinities=frames[AFFINITY],
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        variants=frames[VARIANTS],
        points=frames[PAINS],
        headers=told_by(frames[HEADERS], frames[RUN]),
        judgements=told_by(frames[JUDGEMENTS], frames[RUN]),
        membership=frames[MEMBERSHIP],
        scheme=key_scheme(frames[DEFINITIONS], frames[MEMBERSHIP], run.min_cell),
        **vars(run),
    )


SCORED = tuple(f"{how}_{need}" for how in ("stated", "observed") for need in needs.NEEDS)

BUILDS: dict[str, TableBuild] = {
    "personas": TableBuild(
        {
            **FACT_INPUTS,
            NEEDS: (*FACT_INPUTS[NEEDS], *SCORED),
            VALUE: (*FACT_INPUTS[VALUE], *personas.WORTH),
            PROFILES: columns("scheme_id segment_id measure unit value lo hi n suppressed"),
            AFFINITY: columns(
                "scheme_id segment_id dimension item value lo hi n suppressed rate rate_lo rate_hi company_rate p_adj "
                "verdict"
            ),
            LABELS: columns("feedback_id topic polarity"),
            FEEDBACK: columns("feedback_id customer_id"),
            VARIANTS: columns("customer_id path"),
            PAINS: columns("kind pain scheme_id segment_id value lo hi n n_affected frequency rank basis suppressed"),
            HEADERS: columns("company scheme_id segment_id name scenario goal owner reviewed_on review_by"),
            JUDGEMENTS: columns("company scheme_id segment_id section item text owner reviewed_on review_by"),
            RUN: columns("company"),
            DEFINITIONS: columns("scheme_id is_key"),
            **SEGMENTS,
        },
        _personas,
    ),
}
