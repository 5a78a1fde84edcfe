"""Satisfaction scores: the ACSI-style index, NPS, top-2 satisfaction and customer effort, with intervals and bases.

Belongs here: what each score is, and its cells (metric x basis x dimension x group x quarter). Stays out: changes
between quarters (deltas.py) and what drives a score.

Scores are means over answers, never over groups, so each keeps a variance. Bases are part of the key: the index from
three items, from one item and from stars are three different numbers. Answers of non-customers and of staff are left
out. The score of all who answered stands beside the one weighted to the customer base (weighting.py). ACSI is a
registered mark with weights of its own; this is an *ACSI-style* index with equal weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.satisfaction import weighting
from pipelines.analytics.tables import TABLES

ITEMS = ("sat_overall", "sat_expectancy", "sat_ideal")
WEIGHTS = (1 / 3, 1 / 3, 1 / 3)
WEIGHTS_VERSION = "equal-1"
DIMENSIONS = {name: name for name in ("division", "product_line", "region", "channel", "stage", *cells.KEY_SCHEMES)}
INVITED_DIMENSIONS = ("division", "product_line", "region")
"""What an invitation knows; elsewhere there is no response rate."""

VERSIONS_JOINED = "+"
NEVER = pl.lit(value=False)


@dataclass(frozen=True)
class Metric:
    """One score. ``score`` is null where an answer cannot have it; the mean of ``score`` is the published value.

    ``kind`` sets interval and test: ``mean`` (t, Welch), ``net`` (adjusted Wald, z), ``share`` (Wilson, z).
    ``practical`` is the smallest change worth a verdict, in the unit of the score.
    """

    metric_id: str
    basis: str
    kind: str
    scale: tuple[float, float]
    practical: float
    score: pl.Expr
    positive: pl.Expr = NEVER
    negative: pl.Expr = NEVER
    partial: pl.Expr = NEVER
    is_review: bool = False


def index_score(items: Sequence[str], weights: Sequence[float]) -> pl.Expr:
    """ACSI-style index of one answer on 0-100: ``100 * sum(w * (x - 1)) / 9`` of 1-10 items, weights summing to 1.

    Null unless every item is answered.
    """
    parts = [weight * (pl.col(item) - 1.0) for item, weight in zip(items, weights, strict=True)]
    return 100 * pl.sum_horizontal(parts, ignore_nulls=False) / 9


def _net(positive: pl.Expr, negative: pl.Expr) -> pl.Expr:
    return 100.0 * (positive.cast(pl.Int8) - negative.cast(pl.Int8))


_COMPLETE = pl.all_horizontal(pl.col(item).is_not_null() for item in ITEMS)
_ANY = pl.any_horizontal(pl.col(item).is_not_null() for item in ITEMS)
_NPS, _CES, _STARS = pl.col("nps"), pl.col("ces"), pl.col("stars")

METRICS = (
    Metric(
        "acsi_style_index", "survey3", "mean", (0, 100), 2.0, index_score(ITEMS, WEIGHTS), partial=_ANY & ~_COMPLETE
    ),
    Metric(
        "acsi_style_index",
        "single_item",
        "mean",
        (0, 100),
        2.0,
        pl.when(~_COMPLETE).then(index_score(ITEMS[:1], (1.0,))),
    ),
    Metric("acsi_style_index", "stars", "mean", (0, 100), 2.0, 25.0 * (_STARS - 1), is_review=True),
    Metric("nps", "nps_item", "net", (-100, 100), 2.0, _net(_NPS >= 9, _NPS <= 6), _NPS >= 9, _NPS <= 6),
    Metric("csat_top2", "stars", "share", (0, 1), 0.02, (_STARS >= 4).cast(pl.Float64), _STARS >= 4, is_review=True),
    Metric("ces_mean", "ces_item", "mean", (1, 7), 0.12, _CES.cast(pl.Float64)),
    Metric("ces_top3", "ces_item", "share", (0, 1), 0.02, (_CES >= 5).cast(pl.Float64), _CES >= 5),
    Metric("ces_net", "ces_item", "net", (-100, 100), 2.0, _net(_CES >= 6, _CES <= 3), _CES >= 6, _CES <= 3),
)


@dataclass(frozen=True)
class Answered:
    """What scores and changes are made of: answers, the stage each was given in, who gave them and their segments."""

    survey: pl.DataFrame
    reviews: pl.DataFrame
    stages: pl.DataFrame
    customers: pl.DataFrame
    membership: pl.DataFrame


def answers_of(given: Answered) -> dict[bool, pl.DataFrame]:
    """Answers of customers with stage and segments: survey responses under False, reviews with stars under True."""
    asked = given.survey.filter(pl.col("is_customer").fill_null(value=True)).rename(
        {"answer_date": "day", "response_id": "answer_id"}
    )
    reviewed = given.reviews.filter(pl.col("stars").is_not_null()).with_columns(
        pl.col("feedback_date").alias("day"),
        pl.col("feedback_id").alias("answer_id"),
        pl.lit("stars 1-5").alias("wording_version"),
        pl.lit(None, pl.String).alias("survey_ref"),
    )
    return {
        is_review: cells.with_segments(
            cells.without_staff(frame, given.customers).join(given.stages, on="answer_id", how="left"), given.membership
        )
        for is_review, frame in ((False, asked), (True, reviewed))
    }


def metric_cells(
    answers: pl.DataFrame, metric: Metric, dimensions: dict[str, str], *, is_weighted: bool = False
) -> pl.DataFrame:
    """Moments of one metric by dimension, group_id and _quarter (null = all).

    Columns: n, total and squares of the score, positive, negative, n_partial; the weighted sums where asked.
    """
    score = metric.score.cast(pl.Float64)
    scored = answers.lazy().with_columns(score.alias("_score"), metric.partial.fill_null(value=False).alias("_partial"))
    has_score = pl.col("_score").is_not_null()
    return cells.totals(
        scored.filter(has_score | pl.col("_partial")).collect(),
        dimensions,
        {
            "n": has_score.sum().cast(pl.Int64),
            "total": pl.col("_score").sum(),
            "squares": (pl.col("_score") ** 2).sum(),
            "positive": (has_score & metric.positive).sum().cast(pl.Int64),
            "negative": (has_score & metric.negative).sum().cast(pl.Int64),
            "n_partial": pl.col("_partial").sum().cast(pl.Int64),
            **(weighting.sums_of(has_score, metric.positive, metric.negative) if is_weighted else {}),
        },
        day="day",
        name="dimension",
    )


def with_moments(frame: pl.DataFrame) -> pl.DataFrame:
    """Add mean, sd (n - 1) and deviation (n) from n, total and squares."""
    n = pl.col("n")
    spread = pl.col("squares") - pl.col("total") ** 2 / n
    # What is left of equal scores is the rounding of their sums, not a spread.
    spread = pl.when(spread > 1e-12 * pl.col("squares")).then(spread).otherwise(0.0)
    return frame.with_columns(
        (pl.col("total") / n).alias("mean"),
        pl.when(n >= 2).then((spread / (n - 1)).sqrt()).alias("sd"),
        (spread / n).sqrt().alias("deviation"),
    )


def interval(frame: pl.DataFrame, metric: Metric) -> stats.Interval:
    """The metric's value with its 95 % interval inside the scale, for each row of moments."""
    n = frame["n"].to_numpy()
    if metric.kind == "net":
        return stats.net_score(frame["positive"].to_numpy(), frame["negative"].to_numpy(), n)
    if metric.kind == "share":
        return stats.wilson(frame["positive"].to_numpy(), n)
    found = stats.mean_interval(frame["mean"].to_numpy(), frame["sd"].to_numpy(), n)
    return stats.Interval(found.value, np.clip(found.lo, *metric.scale), np.clip(found.hi, *metric.scale))


def wordings(answers: pl.DataFrame, metric: Metric, dimensions: dict[str, str]) -> pl.DataFrame:
    """Wording versions in each cell, joined by +: dimension, group_id, _quarter, wording_version."""
    used = (
        answers.filter(metric.score.is_not_null())
        .with_columns(pl.col("wording_version").fill_null(cells.UNKNOWN), cells.quarter_number("day").alias("_quarter"))
        .group_by("_quarter", "wording_version", *dimensions.values())
        .agg()
    )
    parts = []
    for shown, column in {cells.COMPANY: None, **dimensions}.items():
        group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
        named = used.select(pl.lit(shown).alias("dimension"), group.alias("group_id"), "_quarter", "wording_version")
        parts += [named, named.with_columns(pl.lit(None, pl.Int32).alias("_quarter"))]
    return (
        pl.concat(parts)
        .group_by("dimension", "group_id", "_quarter")
        .agg(pl.col("wording_version").unique().sort().str.join(VERSIONS_JOINED))
    )


def response_rates(invitations: pl.DataFrame, survey_refs: pl.Series) -> pl.DataFrame:
    """Delivered and answered invitations of the surveys that ask a metric, by what an invitation knows."""
    delivered = invitations.filter((pl.col("status") != "bounced") & pl.col("survey_ref").is_in(survey_refs.implode()))
    counted = {
        "n_invited": pl.len().cast(pl.Int64),
        "n_answered": pl.col("response_id").is_not_null().sum().cast(pl.Int64),
    }
    return cells.totals(
        delivered, {name: name for name in INVITED_DIMENSIONS}, counted, day="sent_date", name="dimension"
    )


def weighted_scores(frame: pl.DataFrame, metric: Metric, min_cell: int) -> pl.DataFrame:
    """n_eff and the weighted value with its interval; none where the weights leave less than min_cell answers.

    Net scores and shares take the effective numbers into their own intervals.
    """
    moments = weighting.weighted_moments(frame)
    found = interval(moments, metric)
    is_enough = pl.col("n_eff") >= min_cell
    return moments.select(
        pl.col("n").alias("n_eff"),
        *(
            pl.Series(name, values, pl.Float64)
            for name, values in (
                ("weighted_value", found.value),
                ("weighted_value_lo", found.lo),
                ("weighted_value_hi", found.hi),
            )
        ),
    ).select(pl.when(is_enough).then(pl.all()))


def _scores_of(
    answers: pl.DataFrame, invitations: pl.DataFrame, metric: Metric, base: pl.DataFrame, min_cell: int
) -> pl.DataFrame:
    at = ["dimension", "group_id", "_quarter"]
    weighted = weighting.with_weights(answers, metric.score.is_not_null(), base)
    frame = with_moments(metric_cells(weighted, metric, DIMENSIONS, is_weighted=True).filter(pl.col("n") > 0))
    asked = answers.filter(metric.score.is_not_null())["survey_ref"].drop_nulls().unique()
    found = interval(frame, metric)
    return (
        frame.with_columns(
            pl.lit(metric.metric_id).alias("metric_id"),
            pl.lit(metric.basis).alias("basis"),
            pl.lit(WEIGHTS_VERSION if metric.basis == "survey3" else "one item").alias("weights_version"),
            *(pl.Series(name, getattr(found, name)) for name in ("value", "lo", "hi")),
            *weighted_scores(frame, metric, min_cell),
        )
        .join(wordings(answers, metric, DIMENSIONS), on=at, how="left", nulls_equal=True)
        .join(response_rates(invitations, asked), on=at, how="left", nulls_equal=True)
    )


def protected(frame: pl.DataFrame, counts: tuple[str, ...], parents: dict[str, str], min_cell: int) -> pl.DataFrame:
    """Cells with ``hide_<count>`` columns; the quarter's label is added as ``period``."""
    return disclosure.protect(
        frame.with_columns(cells.quarter_label(pl.col("_quarter")).alias("period")),
        counts,
        table_by=("metric_id", "basis"),
        dimension="dimension",
        group="group_id",
        period="period",
        min_cell=min_cell,
        parents=parents,
    )


def build_satisfaction_scores(
    *,
    given: Answered,
    invitations: pl.DataFrame,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per metric, basis, dimension, group and period that has a complete answer."""
    base = weighting.customer_base(given.customers, given.membership)
    answers = {is_review: weighting.with_base(frame, base) for is_review, frame in answers_of(given).items()}
    frame = pl.concat(_scores_of(answers[metric.is_review], invitations, metric, base, min_cell) for metric in METRICS)
    marked = protected(frame, ("n", "n_partial", "n_invited"), cells.parents_of(products), min_cell)
    table = TABLES["satisfaction_scores"]
    shown = marked.with_columns(
        pl.col("n").alias("n_complete"),
        pl.when(~pl.col("hide_n_partial")).then("n_partial").alias("n_partial"),
        pl.when(~pl.col("hide_n_invited")).then("n_invited").alias("n_invited"),
        pl.when(~pl.col("hide_n_invited")).then(pl.col("n_answered") / pl.col("n_invited")).alias("response_rate"),
        pl.lit(value=False).alias("suppressed"),
    )
    blanked = disclosure.blank(shown, table, pl.col("hide_n"))
    return table.conform(blanked, as_of=as_of, run_id=run_id)
