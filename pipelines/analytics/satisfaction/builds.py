"""What the tables of how customers feel are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    ANSWERS,
    BENCHMARKS,
    CUSTOMERS,
    DELTAS,
    FEEDBACK,
    FEEDBACK_STAGES,
    INVITATIONS,
    IS_STAFF,
    KEY_SEGMENTS,
    LINES,
    MEMBERSHIP,
    ORDERS,
    PRODUCTS,
    PURCHASE_DAYS,
    SCORES,
    SURVEY,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.satisfaction.benchmark import build_satisfaction_benchmark
from pipelines.analytics.satisfaction.contrasts import build_satisfaction_delta_pairs
from pipelines.analytics.satisfaction.deltas import build_satisfaction_deltas
from pipelines.analytics.satisfaction.drivers import build_satisfaction_drivers
from pipelines.analytics.satisfaction.money import Deeds, build_satisfaction_value
from pipelines.analytics.satisfaction.scores import Answered, build_satisfaction_scores

ANSWERED = {
    SURVEY: (*ANSWERS[SURVEY], "response_id"),
    FEEDBACK: (*ANSWERS[FEEDBACK], "feedback_id"),
    FEEDBACK_STAGES: columns("answer_id stage"),
    **IS_STAFF,
    **LINES,
    **KEY_SEGMENTS,
}


def _answered(frames: Frames) -> Answered:
    return Answered(*(frames[name] for name in (SURVEY, FEEDBACK, FEEDBACK_STAGES, CUSTOMERS, MEMBERSHIP)))


def _satisfaction_scores(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_scores(
        given=_answered(frames), invitations=frames[INVITATIONS], products=frames[PRODUCTS], **vars(run)
    )


def _satisfaction_deltas(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_deltas(given=_answered(frames), products=frames[PRODUCTS], **vars(run))


def _satisfaction_delta_pairs(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_delta_pairs(deltas=frames[DELTAS], **vars(run))


def _satisfaction_benchmark(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_benchmark(scores=frames[SCORES], benchmarks=frames[BENCHMARKS], **vars(run))


def _satisfaction_drivers(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_drivers(
        survey=frames[SURVEY], customers=frames[CUSTOMERS], membership=frames[MEMBERSHIP], **vars(run)
    )


def _satisfaction_value(frames: Frames, run: Run) -> pl.DataFrame:
    deeds = Deeds(*(frames[name] for name in (PURCHASE_DAYS, ORDERS, MEMBERSHIP, DELTAS)))
    return build_satisfaction_value(survey=frames[SURVEY], customers=frames[CUSTOMERS], deeds=deeds, **vars(run))


BUILDS: dict[str, TableBuild] = {
    "satisfaction_scores": TableBuild(
        {
            **ANSWERED,
            CUSTOMERS: columns("customer_id is_staff is_identified region n_orders"),
            INVITATIONS: columns("survey_ref response_id sent_date status division product_line region"),
        },
        _satisfaction_scores,
    ),
    "satisfaction_deltas": TableBuild(ANSWERED, _satisfaction_deltas),
    "satisfaction_delta_pairs": TableBuild(
        {DELTAS: columns("metric_id basis dimension group_id period value p_raw minimum_detectable n n_previous")},
        _satisfaction_delta_pairs,
    ),
    "satisfaction_benchmark": TableBuild(
        {
            SCORES: columns("metric_id basis dimension period value sd n suppressed"),
            BENCHMARKS: columns("benchmark sector level year value source"),
        },
        _satisfaction_benchmark,
    ),
    "satisfaction_drivers": TableBuild(
        {
            SURVEY: columns(
                "customer_id answer_date is_customer division region sat_overall sat_expectancy sat_ideal quality "
                "value_for_money expectation ces has_complained"
            ),
            **IS_STAFF,
            **KEY_SEGMENTS,
        },
        _satisfaction_drivers,
    ),
    "satisfaction_value": TableBuild(
        {
            SURVEY: columns(
                "customer_id answer_date is_customer region product_line sat_overall sat_expectancy sat_ideal nps"
            ),
            PURCHASE_DAYS: columns("customer_id order_date net_amount_reporting"),
            ORDERS: columns(
                "customer_id order_date region main_product_line main_division is_valid net_amount_reporting"
            ),
            DELTAS: columns("metric_id basis dimension group_id period value minimum_detectable n verdict"),
            **IS_STAFF,
            **KEY_SEGMENTS,
        },
        _satisfaction_value,
    ),
}
