"""Which prospects look like those who pay most: a score a person, from a model that has to show that it can tell.

Belongs here: the features, the model, how well it tells people it has not seen, the scores. Stays out: groups that look
alike (``niches.py``), and whom to write to (offers).

Learned from the year's buyers: who is in the tenth that pays most, by what is known of people before they buy (region,
business, life stage, size of the firm, a need they stated). A ridge logistic regression, for levels are many and top
payers few. Five parts of the buyers are judged by models of the other four: the area under the curve is the chance that
of a top payer and another buyer the top payer has the higher score. Where its interval reaches .5 the model is no
better than a coin, and nobody has a score. Only people who agreed to be profiled are learned from or scored.

Prospects are no random draw of future buyers: the score says whom they resemble, and not that they will buy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats as scipy_stats
from sklearn.linear_model import LogisticRegression

from pipelines.analytics import cells, disclosure
from pipelines.analytics.segments import niches
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.stats import Floats
from pipelines.analytics.tables import TABLES

SCHEMES = ("business", "firm_size", "life_stage", "region")
FEATURES = (*SCHEMES, "need")
"""Schemes that buying does not decide, and the need a person stated."""
NOT_STATED = "not_stated"
TARGET = niches.TOP_PAYER
FOLDS, ENOUGH, PENALTY = 5, 30, 1.0
NOTABLE = 0.1
"""Least weight, in log odds beside the mean of the feature, that is named as a reason."""
MOST_REASONS = 3
TELLS, CHANCE, TOO_FEW = "better_than_chance", "no_better_than_chance", "too_few_customers"
AUC = "auc"
BASIS = "ridge logistic regression on the year's buyers who agreed to be profiled; top payers are a tenth of all"


@dataclass(frozen=True)
class Model:
    """``weights`` of each feature and level, in log odds beside the mean of the feature among those learned from."""

    regression: LogisticRegression | None
    columns: list[tuple[str, str]]
    weights: pl.DataFrame
    auc: tuple[float, float, float]

    @property
    def status(self) -> str:
        if self.regression is None:
            return TOO_FEW
        return TELLS if self.auc[1] > 0.5 else CHANCE


def described(people: pl.DataFrame, membership: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """customer_id and a column a feature, ``unknown`` where it is not known."""
    stated = scored.select(
        "customer_id",
        pl.when(pl.col("need_basis") == "stated").then("need").otherwise(pl.lit(NOT_STATED)).alias("need"),
    )
    wide = people.select("customer_id").join(stated, on="customer_id", how="left")
    for scheme in SCHEMES:
        own = membership.filter(pl.col("scheme_id") == scheme)
        wide = wide.join(own.select("customer_id", pl.col("segment_id").alias(scheme)), on="customer_id", how="left")
    return wide.with_columns(pl.col(FEATURES).fill_null(cells.UNKNOWN)).sort("customer_id")


def design(frame: pl.DataFrame, columns: list[tuple[str, str]]) -> Floats:
    """One column a feature and level, 1 where a row has it; levels nobody learned from are no column."""
    return frame.select(
        (pl.col(feature) == level).cast(pl.Float64).alias(f"{feature}={level}") for feature, level in columns
    ).to_numpy()


def fitted(frame: pl.DataFrame, columns: list[tuple[str, str]]) -> LogisticRegression:
    """The regression on rows with ``is_top``; equal people are counted first, so a million are a few hundred rows."""
    counted = frame.group_by(*FEATURES, "is_top").len().sort(*FEATURES, "is_top")
    return LogisticRegression(C=PENALTY, max_iter=500).fit(
        design(counted, columns), counted["is_top"].to_numpy(), sample_weight=counted["len"].to_numpy()
    )


def area(scores: Floats, is_top: NDArray[np.bool_]) -> tuple[float, float]:
    """Area under the curve and its variance (DeLong, DeLong and Clarke-Pearson 1988); ties count half."""
    top, rest = np.sort(scores[is_top]), np.sort(scores[~is_top])

    def above(values: Floats, others: Floats) -> Floats:
        below, upto = np.searchsorted(others, values, side="left"), np.searchsorted(others, values, side="right")
        return np.asarray((below + upto) / 2 / others.size)

    of_top, of_rest = above(top, rest), 1 - above(rest, top)
    return float(of_top.mean()), float(of_top.var(ddof=1) / top.size + of_rest.var(ddof=1) / rest.size)


def judged(frame: pl.DataFrame, columns: list[tuple[str, str]]) -> tuple[float, float, float]:
    """Mean area over the parts, each judged by a model of the others, with its 95 % interval."""
    parts = frame.sort("customer_id").with_columns((pl.int_range(pl.len()).over("is_top") % FOLDS).alias("_fold"))
    areas = []
    for fold in range(FOLDS):
        seen, unseen = parts.filter(pl.col("_fold") != fold), parts.filter(pl.col("_fold") == fold)
        scores = fitted(seen, columns).decision_function(design(unseen, columns))
        areas.append(area(np.round(scores, 9), unseen["is_top"].to_numpy()))
    values, variances = np.array(areas).T
    middle, se = float(values.mean()), float(np.sqrt(variances.sum()) / FOLDS)
    half = float(scipy_stats.norm.ppf(0.975)) * se
    return middle, max(middle - half, 0.0), min(middle + half, 1.0)


def learn(frame: pl.DataFrame) -> Model:
    """The model of buyers with ``is_top``; none where either side has too few."""
    levels = frame.unpivot(FEATURES, variable_name="feature", value_name="level").group_by("feature", "level").len()
    columns = levels.sort("feature", "level").select("feature", "level").rows()
    n_top = int(frame["is_top"].sum())
    if min(n_top, frame.height - n_top) < ENOUGH:
        empty = pl.DataFrame(schema={"feature": pl.String, "level": pl.String, "weight": pl.Float64})
        return Model(None, columns, empty, (np.nan, np.nan, np.nan))
    regression = fitted(frame, columns)
    weight = pl.col("weight")
    weights = (
        levels.sort("feature", "level")
        .with_columns(pl.Series("weight", regression.coef_[0], pl.Float64))
        .with_columns(weight - (weight * pl.col("len")).sum().over("feature") / pl.col("len").sum().over("feature"))
    )
    return Model(regression, columns, weights.select("feature", "level", "weight"), judged(frame, columns))


def scores(people: pl.DataFrame, model: Model) -> pl.DataFrame:
    """customer_id, score, percentile and reasons of people with features; null where the model cannot tell."""
    if model.regression is None or model.status != TELLS:
        nothing = {"score": pl.Float64, "percentile": pl.Float64, "reasons": pl.String}
        return people.select("customer_id", *(pl.lit(None, kind).alias(name) for name, kind in nothing.items()))
    kinds = people.select(FEATURES).unique().sort(FEATURES)
    for feature in FEATURES:
        own = model.weights.filter(pl.col("feature") == feature)
        kinds = kinds.join(
            own.select(pl.col("level").alias(feature), pl.col("weight").alias(f"_{feature}")), on=feature, how="left"
        )
    named = pl.concat_list(
        pl.struct(
            (-pl.col(f"_{feature}").fill_null(0.0)).round(9).alias("weight"),
            pl.format("{} {}", pl.lit(feature), pl.col(feature)).alias("name"),
        )
        for feature in FEATURES
    )
    chosen = pl.element().filter(pl.element().struct.field("weight") <= -NOTABLE).struct.field("name")
    told = kinds.with_columns(
        pl.Series("score", model.regression.predict_proba(design(kinds, model.columns))[:, 1]).round(9),
        named.list.sort().list.eval(chosen).list.head(MOST_REASONS).list.join(", ").alias("reasons"),
    )
    below = pl.col("score").rank(method="min") - 1
    return people.join(told, on=FEATURES, how="left").select(
        "customer_id", "score", (below / pl.len()).alias("percentile"), pl.col("reasons").replace("", None)
    )


def learned(
    *,
    customers: pl.DataFrame,
    scored: pl.DataFrame,
    value: pl.DataFrame,
    membership: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, Model]:
    """Buyers learned from (features, is_top), prospects (features), and the model."""
    people = base_customers(customers).filter(pl.col("has_profiling_consent").fill_null(value=False))
    known = described(people, membership, scored)
    worth = niches.traits(scored, value, people).filter(pl.col("dimension") == niches.WORTH)
    buyers = known.join(worth.select("customer_id", (pl.col("item") == TARGET).alias("is_top")), on="customer_id").sort(
        "customer_id"
    )
    prospects = known.join(people.filter(pl.col("n_orders") == 0), on="customer_id", how="semi").sort("customer_id")
    return buyers, prospects, learn(buyers)


def build_customer_lookalikes(*, as_of: date, run_id: str, **frames: pl.DataFrame) -> pl.DataFrame:
    """One row per person without an order who agreed to be profiled."""
    _, prospects, model = learned(**frames)
    found = scores(prospects, model).with_columns(
        pl.lit(TARGET).alias("target"), pl.lit(model.status).alias("status"), pl.lit(BASIS).alias("basis")
    )
    return TABLES["customer_lookalikes"].conform(found, as_of=as_of, run_id=run_id)


def build_lookalike_model(*, as_of: date, run_id: str, min_cell: int, **frames: pl.DataFrame) -> pl.DataFrame:
    """One row for how well the model tells top payers, and one per feature and level for its weight."""
    table = TABLES["lookalike_model"]
    buyers, _, model = learned(**frames)
    if buyers.is_empty():
        return table.empty()
    counts = (pl.len().cast(pl.Int64).alias("n"), pl.col("is_top").sum().cast(pl.Int64).alias("n_target"))
    levels = (
        buyers.unpivot(FEATURES, index=["customer_id", "is_top"], variable_name="feature", value_name="level")
        .group_by("feature", "level")
        .agg(counts)
        .join(model.weights, on=["feature", "level"], how="left")
        .with_columns(pl.col("weight").exp().alias("value"))
        .drop("weight")
    )
    area_of = dict(zip(("value", "lo", "hi"), model.auc, strict=True))
    whole = buyers.select(
        pl.lit(cells.COMPANY).alias("feature"),
        pl.lit(cells.ALL).alias("level"),
        *counts,
        *(pl.lit(end, pl.Float64).alias(name) for name, end in area_of.items()),
    )
    rows = pl.concat([whole, levels], how="diagonal").with_columns((pl.col("n") - pl.col("n_target")).alias("n_not"))
    marked = disclosure.protect(
        rows,
        ("n", "n_target", "n_not"),
        table_by=(),
        dimension="feature",
        group="level",
        period=None,
        min_cell=min_cell,
    ).with_columns(
        pl.lit(BASIS).alias("basis"),
        pl.lit(model.status).alias("status"),
        pl.when(pl.col("feature") == cells.COMPANY)
        .then(pl.lit(AUC))
        .otherwise(pl.lit("odds_ratio"))
        .alias("statistic"),
    )
    hidden = pl.any_horizontal("hide_n", "hide_n_target", "hide_n_not")
    return table.conform(disclosure.blank(marked, table, hidden), as_of=as_of, run_id=run_id)
