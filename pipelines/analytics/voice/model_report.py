"""How well the sentiment model does on texts later than all it learned from.

Belongs here: macro-F1 with a bootstrap interval, Brier score, calibration. Stays out: the model (``sentiment.py``).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import disclosure, stats
from pipelines.analytics.cells import ALL
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.labels import NEGATIVE, POSITIVE
from pipelines.analytics.voice.sentiment import macro_f1

DRAWS = 2000
SEED = 20261031
SCHEMA = {"measure": pl.String, "value": pl.Float64, "lo": pl.Float64, "hi": pl.Float64}
MEASURES = ("macro_f1", "brier_score", "calibration_gap")


def measures_of(judged: pl.DataFrame) -> pl.DataFrame:
    """The measures of some judged texts, a row each: measure, value, lo, hi.

    Args:
        judged: polarity (the customer's), model_polarity, p_positive; one row a text.
    """
    is_positive = (judged["polarity"] == POSITIVE).to_numpy()
    called = (judged["model_polarity"] == POSITIVE).to_numpy()
    chance = judged["p_positive"].to_numpy()
    cells = np.array(
        [
            (~called & ~is_positive).sum(),
            (~called & is_positive).sum(),
            (called & ~is_positive).sum(),
            (called & is_positive).sum(),
        ],
        dtype=np.float64,
    )
    draws = np.random.default_rng(SEED).multinomial(judged.height, cells / cells.sum(), size=DRAWS).astype(np.float64)
    names = ("true_negative", "false_negative", "false_positive", "true_positive")
    drawn = macro_f1(**dict(zip(names, draws.T, strict=True)))
    best = float(macro_f1(**dict(zip(names, cells.reshape(4, 1), strict=True)))[0])
    lo, hi = np.quantile(drawn, [0.025, 0.975])
    rows = [("macro_f1", best, min(float(lo), best), max(float(hi), best))]
    for name, values in (("brier_score", (chance - is_positive) ** 2), ("calibration_gap", chance - is_positive)):
        spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        mean = stats.mean_interval([float(values.mean())], [spread], [len(values)])
        least = 0.0 if name == "brier_score" else -1.0
        rows.append((name, float(mean.value[0]), max(float(mean.lo[0]), least), float(mean.hi[0])))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def build_sentiment_model(*, labels: pl.DataFrame, as_of: date, run_id: str, min_cell: int) -> pl.DataFrame:
    """One row per measure and language, and one per measure over all; a status where there is no model."""
    table = TABLES["sentiment_model"]
    texts = labels.unique("feedback_id", keep="first", maintain_order=True)
    learned, judged = (texts.filter(pl.col("sample") == sample) for sample in ("learned", "judged"))
    if texts.is_empty():
        return table.empty()
    has_model = texts["model_digest"].is_not_null().any()
    told = judged.filter(pl.col("model_polarity").is_not_null())
    parts = {ALL: told, **{str(name): part for (name,), part in told.partition_by("language", as_dict=True).items()}}
    rows = pl.concat(
        (measures_of(part) if part.height else _no_measures()).with_columns(
            pl.lit(language).alias("language"),
            pl.lit(part.height, pl.Int64).alias("n"),
            pl.lit(int((part["polarity"] == NEGATIVE).sum()), pl.Int64).alias("n_negative"),
        )
        for language, part in parts.items()
    )
    positive = pl.col("n") - pl.col("n_negative")
    counts = (pl.col("n"), pl.col("n_negative"), positive)
    is_small = pl.any_horizontal(disclosure.is_small(count, min_cell) for count in counts)
    # Languages make up the whole: where one has to be hidden, none of them is shown.
    hidden = is_small | ((pl.col("language") != ALL) & is_small.any())
    bases = ", ".join(sorted(learned["polarity_basis"].unique().to_list())) or "nothing"
    described = rows.with_columns(
        pl.lit(f"texts rated by {bases}").alias("basis"),
        pl.lit(learned.height, pl.Int64).alias("n_learned"),
        *_days("learned", learned),
        *_days("judged", told),
        pl.lit("learned" if has_model else "too_few_ratings").alias("status"),
        pl.lit(texts["model_digest"][0], pl.String).alias("model_digest"),
    )
    few = disclosure.is_small(pl.col("n_learned"), min_cell)
    return table.conform(disclosure.blank(described, table, hidden | few), as_of=as_of, run_id=run_id)


def _no_measures() -> pl.DataFrame:
    return pl.DataFrame([(measure, None, None, None) for measure in MEASURES], schema=SCHEMA, orient="row")


def _days(name: str, texts: pl.DataFrame) -> tuple[pl.Expr, ...]:
    """First and last day of some texts."""
    days = texts["feedback_date"]
    return (
        pl.lit(days.min(), pl.Date).alias(f"{name}_from"),
        pl.lit(days.max(), pl.Date).alias(f"{name}_to"),
    )
