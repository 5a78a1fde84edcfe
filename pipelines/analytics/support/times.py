"""Times of tickets: which there are, on which clocks, and their quantiles where some tickets still wait.

Belongs here: medians and 90th percentiles by group. Stays out: breakdowns and suppression (``kpis``).

Times are skewed beyond any mean: median and 90th percentile, each on its clock (calendar or business). Tickets still
waiting are censored (Kaplan-Meier), because leaving them out makes a backlog look like speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.analytics import stats

QUANTILES = {"median": 0.5, "p90": 0.9}
CLOCKS = ("calendar", "business")
ROUNDING = 1e-12


@dataclass(frozen=True)
class Duration:
    """A time from the opening of a ticket: ``until`` names what ends it, ``basis`` what it is measured over."""

    measure: str
    until: str
    basis: str


DURATIONS = (
    Duration("first_reply", "first_reply", "all tickets, unanswered ones still waiting"),
    Duration("first_resolution", "first_resolution", "all tickets, open ones not resolved yet"),
    Duration("resolution", "resolution", "all tickets, open ones not resolved yet"),
)
MINUTES = {(duration.measure, clock): f"{duration.until}_minutes_{clock}" for duration in DURATIONS for clock in CLOCKS}


def timed(tickets: pl.DataFrame, duration: Duration, clock: str) -> pl.DataFrame:
    """The tickets with ``_minutes`` and ``_done``, without those of which neither the end nor the waiting is known.

    A ticket closed without a reply waited for one until it was closed. When a reopened ticket was solved first may be
    unknown; then, open or not, it says nothing about the first solution.
    """
    minutes = pl.col(MINUTES[duration.measure, clock])
    waited: pl.Expr = pl.when("is_open").then(f"age_minutes_{clock}")
    if duration.measure == "first_reply":
        waited = pl.coalesce(waited, f"resolution_minutes_{clock}")
    if duration.measure == "first_resolution":
        waited = pl.when(pl.col("n_reopens").fill_null(0) == 0).then(waited)
    return tickets.with_columns(
        pl.coalesce(minutes, waited).clip(lower_bound=0).alias("_minutes"), minutes.is_not_null().alias("_done")
    ).filter(pl.col("_minutes").is_not_null())


def survival_quantiles(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Kaplan-Meier quantiles of ``_minutes`` (``_done``: over) of every group at once, with Brookmeyer-Crowley ends.

    Columns: ``by``, n, and value, lo, hi of each quantile as ``median_value`` and so on; a number is null where too
    many still wait to tell. The same curve as ``stats.kaplan_meier``, without a loop over groups.
    """
    keys = list(by)
    moments = (
        frame.group_by(*keys, "_minutes")
        .agg(pl.col("_done").sum().cast(pl.Float64).alias("_events"), pl.len().cast(pl.Float64).alias("_leaving"))
        .sort(*keys, "_minutes")
    )
    leaving, events, at_risk = pl.col("_leaving"), pl.col("_events"), pl.col("_at_risk")
    curve = moments.with_columns(
        (leaving.sum().over(keys) - leaving.cum_sum().over(keys) + leaving).alias("_at_risk")
    ).with_columns(
        (1 - events / at_risk).cum_prod().over(keys).alias("value"),
        (events / (at_risk * (at_risk - events))).cum_sum().over(keys).alias("_greenwood"),
    )
    share = pl.col("value")
    half = stats.Z95 * pl.col("_greenwood").sqrt() / share.log().abs()
    curve = curve.filter(events > 0).with_columns(
        pl.when(share > 0).then(share.pow(sign_half.exp())).otherwise(0.0).alias(end)
        for end, sign_half in (("lo", half), ("hi", -half))
    )
    return (
        moments.group_by(keys)
        .agg(leaving.sum().cast(pl.Int64).alias("n"))
        .join(
            curve.group_by(keys).agg(
                pl.col("_minutes").filter(pl.col(end) <= 1 - q + ROUNDING).min().alias(f"{name}_{end}")
                for name, q in QUANTILES.items()
                for end in ("value", "lo", "hi")
            ),
            on=keys,
            how="left",
            nulls_equal=True,
        )
    )
