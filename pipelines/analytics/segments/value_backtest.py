"""Did the forecasts come true: the models fitted to all but the last year, held against what that year brought.

Belongs here: the hold-out, the naive forecasts beside it, errors, calibration by decile. Stays out: the models.

The hold-out is the last 365 days, or half of what is known where that is less; customers are those with an order before
it. The two naive forecasts: everybody repeats the days of the same length before, and everybody comes back at the mean
rate of all. Where the model gives newcomers a pace of their own, the same model without one stands beside it. Refunds
since then are taken off orders before it, as they are off all revenue.

Most customers bring nothing in a hold-out, so the mean absolute error is lowest for whoever forecasts too little. What
a forecast is for, the sum, is judged by total_ratio; who brings it by root_mean_square_error and top_decile_share.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy import stats as scipy_stats

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.segments import value_forecast, value_model
from pipelines.analytics.segments.value_forecast import DAYS_A_WEEK, YEAR_DAYS
from pipelines.analytics.stats import Floats, Interval
from pipelines.analytics.tables import TABLES

SHORTEST_DAYS = 90
"""A hold-out of less holds too few orders to judge by."""
MODEL, EVEN, LAST_YEAR, MEAN_RATE = "model", "model_even_pace", "last_year", "mean_rate"
METHODS = (MODEL, EVEN, LAST_YEAR, MEAN_RATE)
MEASURES = ("orders", "revenue")
DECILES = 10
FAMILY_ID = "value_backtest"


def holdout_days(days: pl.DataFrame, as_of: date) -> int:
    """Length of the hold-out; 0 where too little is known."""
    first = days["order_date"].min()
    if not isinstance(first, date):
        return 0
    length = min(YEAR_DAYS, ((as_of - first).days + 1) // 2)
    return length if length >= SHORTEST_DAYS else 0


def held_out(days: pl.DataFrame, *, as_of: date, length: int) -> pl.DataFrame | None:
    """One row a customer known before the hold-out: what each method predicts, and what came; None without a model.

    Columns <measure>_<method> and <measure>, orders (days) and revenue of the hold-out.
    """
    cutoff = as_of - timedelta(days=length)
    histories = value_forecast.histories_of(days, until=cutoff)
    models = value_forecast.fit(histories)
    if not models.buying.is_usable or models.status == value_forecast.NO_SPEND:
        return None
    day, amount = pl.col("order_date"), pl.col("net_amount_reporting")
    counted = days.group_by("customer_id").agg(
        (day > cutoff).sum().cast(pl.Float64).alias("orders"),
        amount.filter(day > cutoff).sum().alias("revenue"),
        day.is_between(cutoff - timedelta(days=length - 1), cutoff).sum().cast(pl.Float64).alias(f"orders_{LAST_YEAR}"),
        amount.filter(day.is_between(cutoff - timedelta(days=length - 1), cutoff)).sum().alias(f"revenue_{LAST_YEAR}"),
        amount.filter((day <= cutoff) & (day > day.min())).sum().alias("_repeat_revenue"),
    )
    expected = value_forecast.forecast(histories, models, days=length, margin_rate=None)
    weeks = pl.col("T").sum()
    known = (
        histories.join(counted, on="customer_id")
        .join(expected, on="customer_id")
        .with_columns(
            pl.col("expected_orders").alias(f"orders_{MODEL}"),
            pl.col("expected_revenue").alias(f"revenue_{MODEL}"),
            (pl.col("x").sum() / weeks * length / DAYS_A_WEEK).alias(f"orders_{MEAN_RATE}"),
            (pl.col("_repeat_revenue").sum() / weeks * length / DAYS_A_WEEK).alias(f"revenue_{MEAN_RATE}"),
        )
        .sort("customer_id")
    )
    if not models.is_paced:
        return known
    buying = value_forecast.fit(histories, paced=False).buying
    coming = value_model.Coming(*(known[name].to_numpy() for name in value_forecast.HISTORY))
    even = pl.Series(coming.orders(buying.parameters, np.array([length / DAYS_A_WEEK]))[0])
    # The amounts of a purchase are the same: they do not depend on when it is made.
    spend = pl.col(f"revenue_{MODEL}") / pl.col(f"orders_{MODEL}")
    return known.with_columns(even.alias(f"orders_{EVEN}"), (even * spend).alias(f"revenue_{EVEN}"))


def top_weight(predicted: Floats) -> Floats:
    """1 for the tenth of the customers predicted highest; equal predictions at its edge share what is left of it."""
    _, place, size = np.unique(predicted, return_inverse=True, return_counts=True)
    above = predicted.size - np.cumsum(size)
    return np.asarray(np.clip((predicted.size / DECILES - above) / size, 0, 1)[place])


def mean_of(values: Floats) -> Interval:
    spread = values.std(ddof=1) if values.size > 1 else np.nan
    return stats.mean_interval(values.mean(), spread, values.size)


def ratio_of(y: Floats, x: Floats) -> Interval:
    """Ratio of two totals over the customers."""
    return stats.ratio_interval(y=y.sum(), x=x.sum(), yy=y @ y, xy=x @ y, xx=x @ x, n=y.size)


def root_of(found: Interval) -> Interval:
    return Interval(*(np.sqrt(np.maximum(end, 0.0)) for end in (found.value, found.lo, found.hi)))


def row(measure: str, method: str, statistic: str, found: Interval, n: int, **more: object) -> dict[str, object]:
    ends = {name: float(getattr(found, name)) for name in ("value", "lo", "hi")}
    return {"measure": measure, "method": method, "statistic": statistic, "decile": cells.ALL, **ends, "n": n, **more}


def judged(known: pl.DataFrame, measure: str) -> list[dict[str, object]]:
    """The statistics of every method, the others' errors against the model's, and the calibration of the model."""
    observed = known[measure].to_numpy()
    n, rows = observed.size, []
    model = known[f"{measure}_{MODEL}"].to_numpy() - observed
    for method in (method for method in METHODS if f"{measure}_{method}" in known.columns):
        predicted = known[f"{measure}_{method}"].to_numpy()
        error = predicted - observed
        root, model_root = np.sqrt((error @ error) / n), np.sqrt((model @ model) / n)
        # By linearisation: what each customer adds to the difference of the two roots.
        of_root = (error**2 / root - model**2 / model_root) / 2 if root > 0 and model_root > 0 else model * 0
        of_mean = np.abs(error) - np.abs(model)
        for statistic, found, gap, parts in (
            ("mean_absolute_error", mean_of(np.abs(error)), of_mean.mean(), of_mean),
            ("root_mean_square_error", root_of(mean_of(error**2)), root - model_root, of_root),
        ):
            rows.append(row(measure, method, statistic, found, n, **(against(gap, parts) if method != MODEL else {})))
        top = top_weight(predicted)
        rows.append(row(measure, method, "total_ratio", ratio_of(predicted, observed), n))
        if method != MEAN_RATE:
            # Everybody's prediction is the same there: it puts nobody on top.
            rows.append(row(measure, method, "top_decile_share", ratio_of(top * observed, observed), n))
    return [*rows, *calibration(known, measure)]


def against(gap: float, parts: Floats) -> dict[str, object]:
    """A difference to the model with its interval and p, by the spread of what the customers add to it."""
    found = mean_of(parts)
    half = found.hi - found.value
    se = parts.std(ddof=1) / np.sqrt(parts.size)
    p = 2 * scipy_stats.norm.sf(abs(gap) / se) if se > 0 else 1.0
    ends = {"to_model": gap, "to_model_lo": gap - half, "to_model_hi": gap + half, "p_raw": p}
    return {name: float(value) for name, value in ends.items()}


def calibration(known: pl.DataFrame, measure: str) -> list[dict[str, object]]:
    """What the customers of each tenth of the predictions brought, beside what was predicted; and all of them."""
    predicted = pl.col(f"{measure}_{MODEL}")
    # Equal predictions share a tenth, so tenths are not quite equal in size.
    below = predicted.rank(method="min").cast(pl.Int64) - 1
    tenth = known.with_columns((1 + below * DECILES // pl.len()).alias("_tenth"))
    parts = {f"{number:02d}": part for (number,), part in tenth.partition_by("_tenth", as_dict=True).items()}
    rows = []
    for name, part in {cells.ALL: tenth, **parts}.items():
        values = part[measure].to_numpy()
        told = float(part[f"{measure}_{MODEL}"].to_numpy().mean())
        rows.append(
            row(measure, MODEL, "observed_mean", mean_of(values), values.size) | {"decile": name, "predicted": told}
        )
    return rows


def build_value_backtest(
    *, customers: pl.DataFrame, days: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per measure, method, statistic and tenth; none where history is too short or the models do not fit."""
    table = TABLES["value_backtest"]
    ours = days.join(customers.select("customer_id"), on="customer_id", how="semi")
    length = holdout_days(ours, as_of)
    known = held_out(ours, as_of=as_of, length=length) if length else None
    if known is None:
        return table.empty()
    frame = pl.DataFrame([row for measure in MEASURES for row in judged(known, measure)], infer_schema_length=None)
    p = frame["p_raw"].to_numpy()
    away = (pl.col("p_adj") <= FALSE_DISCOVERIES) & pl.col("p_raw").is_not_null()
    is_tested = pl.col("p_raw").is_not_null()
    # A tenth that is too small hides all of them: the others would tell it.
    small = disclosure.is_small(pl.col("n"), min_cell)
    hidden = small | ((pl.col("decile") != cells.ALL) & (small & (pl.col("decile") != cells.ALL)).any().over("measure"))
    frame = disclosure.blank(
        frame.with_columns(
            pl.Series("p_adj", stats.benjamini_hochberg(p), pl.Float64).fill_nan(None),
            pl.when(is_tested).then(pl.lit(FAMILY_ID)).alias("family_id"),
            pl.when(is_tested).then(is_tested.sum()).alias("family_size"),
            pl.lit("hold-out; forecasts from what was known before").alias("basis"),
            pl.lit(as_of - timedelta(days=length)).alias("cutoff"),
            pl.lit(length).alias("holdout_days"),
        ),
        table,
        hidden,
    ).with_columns(
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(away & (pl.col("to_model") > 0))
        .then(pl.lit("model_better"))
        .when(away & (pl.col("to_model") < 0))
        .then(pl.lit("model_worse"))
        .when(is_tested)
        .then(pl.lit("no_evidence"))
        .otherwise(pl.lit("untested"))
        .alias("verdict")
    )
    return table.conform(frame, as_of=as_of, run_id=run_id)
