"""What staff live through, and how customers rate the help they get afterwards: a lagged association, not an effect.

Belongs here: the panel of teams and weeks, and the slope of ratings on what came before. Stays out: the numbers of
teams by themselves (``agents``), and single employees.

Teams differ and seasons differ, so a slope is within teams and within quarters (fixed effects of both), ratings as
weights, weeks as clusters. ``before`` is what staff lived through in the period before the rating; ``after`` is the
placebo: what has not happened yet cannot show, and where it does, something else moves both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.cells import quarter_number
from pipelines.analytics.support.agents import MIN_AGENTS
from pipelines.analytics.tables import TABLES

MIN_PERIODS = 100
"""Teams times periods below which a slope is no finding: a year of two teams, or four years of quarters of six."""
SHIFTS = {"before": 1, "same": 0, "after": -1}


@dataclass(frozen=True)
class Exposure:
    """Something staff live through: the team's mean of ``score`` in a period of ``grain``."""

    name: str
    score: pl.Expr
    grain: str
    unit: str


EXPOSURES = (
    Exposure("tool_downtime", pl.col("tool_downtime_minutes") / 60, "week", "share per hour and agent"),
    Exposure("qa_score", pl.col("qa_score"), "week", "share per point"),
    Exposure("enps_score", pl.col("enps_score").cast(pl.Float64), "quarter", "share per point"),
)


def period_of(day: str, grain: str) -> pl.Expr:
    """Running number of the week (from Monday) or quarter a day lies in."""
    if grain == "quarter":
        return quarter_number(day).cast(pl.Int64)
    return (pl.col(day).cast(pl.Int32).cast(pl.Int64) + 3) // 7


def panel(weeks: pl.DataFrame, tickets: pl.DataFrame, exposure: Exposure, shift: int) -> pl.DataFrame:
    """One row per team and period with ratings and a known exposure ``shift`` periods before: x, y, n."""
    lived = (
        weeks.with_columns(exposure.score.alias("_score"))
        .drop_nulls(["_score", "team_ref"])
        .group_by("team_ref", (period_of("week_start_date", exposure.grain) + shift).alias("_period"))
        .agg(pl.col("_score").mean().alias("x"), pl.col("agent_id").n_unique().alias("_agents"))
        .filter(pl.col("_agents") >= MIN_AGENTS)
    )
    rated = (
        tickets.filter(pl.col("rating").is_not_null())
        .group_by("team_ref", period_of("opened_date", exposure.grain).alias("_period"))
        .agg(
            (pl.col("rating") == "good").mean().alias("y"),
            pl.len().cast(pl.Int64).alias("n"),
            quarter_number("opened_date").min().alias("_quarter"),
        )
    )
    return rated.join(lived, on=["team_ref", "_period"]).sort("team_ref", "_period")


def slope(rows: pl.DataFrame) -> tuple[float, float, float, float]:
    """Slope of y on x within teams and quarters, weighted by n, clustered by period: value, lo, hi, p; NaN if none."""
    # statsmodels takes a second to import, so only a fit pays for it.
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415

    nothing = (float("nan"),) * 4
    periods = rows["_period"].n_unique()
    if rows.height < 10 or periods < 3 or rows["x"].n_unique() < 2:
        return nothing
    fixed = rows.select(pl.col("team_ref"), pl.col("_quarter").cast(pl.String)).to_dummies(drop_first=True)
    design = np.column_stack([rows["x"].to_numpy(), np.ones(rows.height), fixed.to_numpy().astype(np.float64)])
    weighted = design * np.sqrt(rows["n"].to_numpy())[:, None]
    # Without the exposure the rank is one less, or the fixed effects already tell it and there is no slope.
    if np.linalg.matrix_rank(weighted) == np.linalg.matrix_rank(weighted[:, 1:]) or rows.height <= design.shape[1]:
        return nothing
    fit = WLS(rows["y"].to_numpy(), design, weights=rows["n"].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": rows["_period"].rank("dense").to_numpy()}, use_t=True
    )
    lo, hi = fit.conf_int()[0]
    return float(fit.params[0]), float(lo), float(hi), float(fit.pvalues[0])


def build_employee_links(
    *, weeks: pl.DataFrame, tickets: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per exposure and timing."""
    rows = []
    for exposure in EXPOSURES:
        for timing, shift in SHIFTS.items():
            joined = panel(weeks, tickets, exposure, shift)
            value, lo, hi, p = slope(joined)
            is_enough = joined.height >= MIN_PERIODS and not np.isnan(value)
            rows.append(
                {
                    "exposure": exposure.name,
                    "timing": timing,
                    "grain": exposure.grain,
                    "unit": exposure.unit,
                    "value": value,
                    "lo": lo,
                    "hi": hi,
                    "n": int(joined["n"].sum()),
                    "team_periods": joined.height,
                    "p_raw": p if is_enough else float("nan"),
                    "is_enough": is_enough,
                }
            )
    frame = pl.DataFrame(rows).with_columns(pl.col("value", "lo", "hi", "p_raw").fill_nan(None))
    hidden = disclosure.is_small(pl.col("n"), min_cell)
    frame = frame.with_columns(pl.when(~hidden).then("p_raw").alias("p_raw"))
    tested = pl.col("p_raw").is_not_null()
    adjusted = stats.benjamini_hochberg(frame["p_raw"].fill_null(float("nan")).to_numpy())
    judged = frame.with_columns(
        pl.Series("p_adj", adjusted, pl.Float64).fill_nan(None),
        pl.when(tested).then(pl.lit("employee_links")).alias("family_id"),
        pl.when(tested).then(tested.sum()).cast(pl.Int64).alias("family_size"),
        pl.lit("good ratings by team and period").alias("basis"),
    ).with_columns(
        pl.when(hidden)
        .then(pl.lit("suppressed"))
        .when(~pl.col("is_enough"))
        .then(pl.lit("too_little_data"))
        .when(pl.col("p_adj") > FALSE_DISCOVERIES)
        .then(pl.lit("no_evidence"))
        .when(pl.col("value") > 0)
        .then(pl.lit("higher"))
        .otherwise(pl.lit("lower"))
        .alias("verdict")
    )
    table = TABLES["employee_links"]
    return table.conform(disclosure.blank(judged, table, hidden), as_of=as_of, run_id=run_id)
