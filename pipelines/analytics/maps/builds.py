"""What the table of journey maps is built from, and the call.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    CUSTOMERS,
    DEFINITIONS,
    IS_STAFF,
    MEMBERSHIP,
    PATH_STEPS,
    RUN,
    SEGMENTS,
    SURVEY,
    TICKETS,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.maps.journey_map import build_journey_map, key_scheme, names_of
from pipelines.analytics.told import told_by

MAP_STEPS = "journey.agg_customer_map_steps"
ANSWER_STAGES = "journey.fct_answer_stages"
PAINS = "analytics.pain_points"
CAUSES = "analytics.cart_abandonment_causes"
SUPPORT = "analytics.support_kpis"
MAP_STAGES = "seeds.map_stages"
WORDS = "seeds.journey_words"
HEADERS = "seeds.journey_maps"
JUDGEMENTS = "seeds.journey_judgements"
CHANNELS = "seeds.channels"
CAUSE_NAMES = "seeds.cart_causes"


def _journey_map(frames: Frames, run: Run) -> pl.DataFrame:
    return build_journey_map(
        scheme=key_scheme(frames[DEFINITIONS], frames[MEMBERSHIP], run.min_cell),
        done=frames[MAP_STEPS],
        answers=frames[ANSWER_STAGES],
        survey=frames[SURVEY],
        tickets=frames[TICKETS],
        pains=frames[PAINS],
        causes=frames[CAUSES],
        support=frames[SUPPORT],
        stages=frames[MAP_STAGES],
        words=frames[WORDS],
        names=names_of(frames[PATH_STEPS], frames[CHANNELS], frames[CAUSE_NAMES]),
        headers=told_by(frames[HEADERS], frames[RUN]),
        judgements=told_by(frames[JUDGEMENTS], frames[RUN]),
        customers=frames[CUSTOMERS],
        membership=frames[MEMBERSHIP],
        **vars(run),
    )


BUILDS: dict[str, TableBuild] = {
    "journey_map": TableBuild(
        {
            MAP_STEPS: columns("customer_id map_stage path_step channel"),
            ANSWER_STAGES: columns("customer_id map_stage sat_overall"),
            SURVEY: columns(
                "customer_id importance_price importance_convenience importance_quality importance_design "
                "importance_service"
            ),
            TICKETS: columns("customer_id opened_date topic"),
            PAINS: columns("kind pain scheme_id segment_id stage value lo hi n basis suppressed n_affected"),
            CAUSES: columns(
                "scheme_id segment_id cause recoverable_revenue_year recoverable_revenue_year_lo "
                "recoverable_revenue_year_hi"
            ),
            SUPPORT: columns("measure clock breakdown group_id period unit value lo hi n basis suppressed"),
            DEFINITIONS: columns("scheme_id is_key"),
            MAP_STAGES: columns("stage map_stage map_stage_name map_stage_order"),
            WORDS: columns("lane item map_stage text"),
            PATH_STEPS: columns("path_step description"),
            CHANNELS: columns("channel channel_name"),
            CAUSE_NAMES: columns("cause cause_name"),
            HEADERS: columns("company scheme_id segment_id name scenario goal kpi owner reviewed_on review_by"),
            JUDGEMENTS: columns("company scheme_id segment_id map_stage lane item text owner reviewed_on review_by"),
            RUN: columns("company"),
            **IS_STAFF,
            **SEGMENTS,
        },
        _journey_map,
    ),
}
