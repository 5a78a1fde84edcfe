"""What the tables of what customers say are built from, and the call of each.

Belongs here: lineage and the wiring of frames to functions. Stays out: the statistics, orchestration and storage.
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.inputs import (
    BRANDS,
    CUSTOMERS,
    FEEDBACK,
    IS_STAFF,
    LABELS,
    LINES,
    NAMES,
    ORDERS,
    PHONES,
    PRODUCTS,
    SEARCHES,
    TICKETS,
    TOPIC_RULES,
    TOPIC_STAGES,
    Frames,
    Run,
    TableBuild,
    columns,
)
from pipelines.analytics.voice.labels import build_feedback_labels
from pipelines.analytics.voice.model_report import build_sentiment_model
from pipelines.analytics.voice.product_feedback import build_product_feedback
from pipelines.analytics.voice.questions import build_information_gaps
from pipelines.analytics.voice.redact import Known
from pipelines.analytics.voice.share_of_voice import build_share_of_voice
from pipelines.analytics.voice.themes import build_feedback_themes
from pipelines.analytics.voice.topic_report import build_feedback_topics


def _feedback_labels(frames: Frames, run: Run) -> pl.DataFrame:
    return build_feedback_labels(
        feedback=frames[FEEDBACK],
        tickets=frames[TICKETS],
        known=Known(frames[NAMES], frames[ORDERS], frames[PHONES]),
        rules=frames[TOPIC_RULES],
        **vars(run),
    )


def _sentiment_model(frames: Frames, run: Run) -> pl.DataFrame:
    return build_sentiment_model(labels=frames[LABELS], **vars(run))


def _feedback_topics(frames: Frames, run: Run) -> pl.DataFrame:
    return build_feedback_topics(
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        **vars(run),
    )


def _product_feedback(frames: Frames, run: Run) -> pl.DataFrame:
    return build_product_feedback(
        labels=frames[LABELS], feedback=frames[FEEDBACK], customers=frames[CUSTOMERS], **vars(run)
    )


def _information_gaps(frames: Frames, run: Run) -> pl.DataFrame:
    return build_information_gaps(
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        searches=frames[SEARCHES],
        rules=frames[TOPIC_RULES],
        stages=frames[TOPIC_STAGES],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        **vars(run),
    )


def _feedback_themes(frames: Frames, run: Run) -> pl.DataFrame:
    return build_feedback_themes(
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        known=Known(frames[NAMES], frames[ORDERS], frames[PHONES]),
        customers=frames[CUSTOMERS],
        **vars(run),
    )


def _share_of_voice(frames: Frames, run: Run) -> pl.DataFrame:
    return build_share_of_voice(
        labels=frames[LABELS],
        feedback=frames[FEEDBACK],
        brands=frames[BRANDS],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        **vars(run),
    )


KNOWN = {
    NAMES: columns("customer_id full_name"),
    ORDERS: columns("order_name"),
    PHONES: columns("phone"),
}
"""What redaction looks for."""

BUILDS: dict[str, TableBuild] = {
    "feedback_labels": TableBuild(
        {
            FEEDBACK: columns(
                "feedback_id feedback_kind customer_id feedback_date ticket_id title body vendor_language stars "
                "score_0_100 score_basis"
            ),
            TICKETS: columns("ticket_id topic"),
            **KNOWN,
            TOPIC_RULES: columns("topic language pattern"),
        },
        _feedback_labels,
    ),
    "sentiment_model": TableBuild(
        {
            LABELS: columns(
                "feedback_id feedback_date language polarity polarity_basis model_polarity p_positive sample "
                "model_digest"
            )
        },
        _sentiment_model,
    ),
    "feedback_topics": TableBuild(
        {
            LABELS: columns("feedback_id feedback_date topic language polarity"),
            FEEDBACK: columns("feedback_id customer_id division product_line region"),
            **IS_STAFF,
            **LINES,
        },
        _feedback_topics,
    ),
    "product_feedback": TableBuild(
        {
            LABELS: columns("feedback_id feedback_date topic language polarity"),
            FEEDBACK: columns("feedback_id feedback_kind customer_id product_id product_line"),
            **IS_STAFF,
        },
        _product_feedback,
    ),
    "information_gaps": TableBuild(
        {
            LABELS: columns("feedback_id feedback_date topic language is_question"),
            FEEDBACK: columns("feedback_id feedback_kind customer_id division product_line region"),
            SEARCHES: columns("search_id customer_id device_ref search_date region search_term n_results"),
            TOPIC_RULES: columns("topic language pattern"),
            TOPIC_STAGES: columns("topic stage"),
            **IS_STAFF,
            **LINES,
        },
        _information_gaps,
    ),
    "feedback_themes": TableBuild(
        {
            LABELS: columns("feedback_id feedback_date topic language"),
            FEEDBACK: columns("feedback_id feedback_kind customer_id feedback_date title body vendor_language"),
            **KNOWN,
            **IS_STAFF,
        },
        _feedback_themes,
    ),
    "share_of_voice": TableBuild(
        {
            LABELS: columns("feedback_id feedback_date topic language polarity"),
            FEEDBACK: columns("feedback_id customer_id division region title body"),
            BRANDS: columns("brand pattern is_own"),
            **IS_STAFF,
            **LINES,
        },
        _share_of_voice,
    ),
}
