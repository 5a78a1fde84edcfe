"""What each analytics table is built from, and the one call that builds it.

Belongs here: lineage (which tables and columns go in) and the wiring of frames to functions. Stays out: orchestration
and storage: the caller brings ``read`` and keeps the result. A table's inputs are declared once, here; whoever wires
assets takes the dependencies from ``inputs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics.satisfaction import build_satisfaction_scores
from pipelines.analytics.segments import build_segment_membership
from pipelines.analytics.value import build_customer_value

Read = Callable[[str, Sequence[str]], pl.DataFrame]
"""Reads some columns of ``schema.table``."""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Run:
    """What a table is computed for: the date it speaks of, the run's id, and the smallest count that may be shown."""

    as_of: date
    run_id: str
    min_cell: int


@dataclass(frozen=True)
class TableBuild:
    """``inputs`` maps each ``schema.table`` read to its columns; ``build`` gets them as frames by that name."""

    inputs: Mapping[str, tuple[str, ...]]
    build: Callable[[Frames, Run], pl.DataFrame]


CUSTOMERS = "core.dim_customers"
PRODUCTS = "core.dim_products"
SURVEY = "feedback.fct_survey_answers"
INVITATIONS = "feedback.fct_survey_invitations"
FEEDBACK = "feedback.fct_feedback"
MEMBERSHIP = "analytics.segment_membership"
VALUE = "analytics.customer_value"


def _columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


IS_STAFF = {CUSTOMERS: _columns("customer_id is_staff")}
SEGMENTS = {MEMBERSHIP: _columns("scheme_id customer_id segment_id")}
LINES = {PRODUCTS: _columns("product_line division")}
ANSWERS = {
    SURVEY: _columns(
        "customer_id survey_ref wording_version answer_date is_customer division product_line region channel "
        "sat_overall sat_expectancy sat_ideal nps ces"
    ),
    FEEDBACK: _columns("customer_id feedback_date division product_line region channel stars"),
}


def _customer_value(frames: Frames, run: Run) -> pl.DataFrame:
    return build_customer_value(customers=frames[CUSTOMERS], as_of=run.as_of, run_id=run.run_id)


def _segment_membership(frames: Frames, run: Run) -> pl.DataFrame:
    return build_segment_membership(
        customers=frames[CUSTOMERS], customer_value=frames[VALUE], as_of=run.as_of, run_id=run.run_id
    )


def _satisfaction_scores(frames: Frames, run: Run) -> pl.DataFrame:
    return build_satisfaction_scores(
        survey=frames[SURVEY],
        reviews=frames[FEEDBACK],
        invitations=frames[INVITATIONS],
        customers=frames[CUSTOMERS],
        products=frames[PRODUCTS],
        membership=frames[MEMBERSHIP],
        as_of=run.as_of,
        run_id=run.run_id,
        min_cell=run.min_cell,
    )


BUILDS: dict[str, TableBuild] = {
    "customer_value": TableBuild(
        {
            CUSTOMERS: _columns(
                "customer_id is_identified is_staff last_order_at n_orders n_order_days_365d net_amount_reporting "
                "net_amount_reporting_365d margin_amount_reporting"
            )
        },
        _customer_value,
    ),
    "segment_membership": TableBuild(
        {
            CUSTOMERS: _columns(
                "customer_id is_identified is_staff n_orders first_order_at last_order_at region is_business "
                "last_web_at last_store_at"
            ),
            VALUE: _columns("customer_id recency_days r_score f_score"),
        },
        _segment_membership,
    ),
    "satisfaction_scores": TableBuild(
        {
            **ANSWERS,
            **IS_STAFF,
            **LINES,
            **SEGMENTS,
            INVITATIONS: _columns("survey_ref response_id sent_date status division product_line region"),
        },
        _satisfaction_scores,
    ),
}
"""Every analytics table by name, in an order in which each finds its inputs built."""


def inputs(name: str) -> tuple[str, ...]:
    """The tables a table is built from, as ``schema.table``."""
    return tuple(BUILDS[name].inputs)


def build_table(name: str, read: Read, *, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """Build one analytics table.

    Args:
        name: a key of ``BUILDS``.
        read: reads the named columns of ``schema.table``, core and analytics tables alike.
        as_of: the date the numbers speak for, in the reporting time zone.
        run_id: the run that asks.
        min_cell: the smallest count that may be shown.

    Raises:
        KeyError: there is no such table.
    """
    build = BUILDS[name]
    frames = {table: as_float(read(table, columns)) for table, columns in build.inputs.items()}
    return build.build(frames, Run(as_of, run_id, min_cell))


def as_float(frame: pl.DataFrame) -> pl.DataFrame:
    """Money as floats: statistics are not ledgers, and sums of decimals overflow their digits."""
    return frame.with_columns(pl.selectors.decimal().cast(pl.Float64))
