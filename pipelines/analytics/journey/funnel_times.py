"""Time to convert: how long those who reach a step take from their entry, with who can still reach it set right.

Belongs here: the quantiles of those times. Stays out: how many reach a step (``funnels``).

A unit whose window is not over is censored: it has had less time than the others. Its share of those still to come is
given to the units that took longer (Kaplan and Meier 1958), so that young entries do not make a funnel look fast.
Quantiles are of those who reach the step within the window, not of all that entered; where nobody is censored they are
those of the observed times.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from pipelines.analytics import cells, stats
from pipelines.analytics.stats import Floats

QUANTILES = {"median": 0.5, "p90": 0.9}


def time_quantiles(times: ArrayLike, censored: ArrayLike) -> dict[str, tuple[float, float, float]]:
    """Value, lo and hi of each quantile of the times of those who reach the step.

    ``times`` are observed, ``censored`` how long units have waited that may still reach it. The ends are the times at
    the ends of the Wilson interval of the quantile's share, with Kish's effective number of the weighted times
    (Woodruff 1952). All NaN without an observed time.
    """
    observed, waiting = np.sort(np.asarray(times, dtype=np.float64)), np.asarray(censored, dtype=np.float64)
    if not observed.size:
        return dict.fromkeys(QUANTILES, (np.nan, np.nan, np.nan))
    moments, share = _distribution(observed, waiting)
    _, weighted = np.unique(observed, return_counts=True)
    weights = np.diff(share, prepend=0.0) / weighted
    n_effective = 1.0 / float((weighted * weights**2).sum())

    def at(level: float) -> float:
        return float(moments[min(int(np.searchsorted(share, level - 1e-12)), moments.size - 1)])

    found = {}
    for name, level in QUANTILES.items():
        ends = stats.wilson(level * n_effective, n_effective)
        found[name] = (at(level), at(float(ends.lo)), at(float(ends.hi)))
    return found


def _distribution(observed: Floats, waiting: Floats) -> tuple[Floats, Floats]:
    """Distinct observed times and the share of those who reach the step that has done so by each."""
    # Units censored behind the last time change no share: Kaplan-Meier then is the plain distribution.
    if not waiting.size or waiting.min() >= observed[-1]:
        moments, counts = np.unique(observed, return_counts=True)
        return moments, np.cumsum(counts) / observed.size
    is_observed = np.repeat([True, False], [observed.size, waiting.size])
    curve = stats.kaplan_meier(np.concatenate([observed, waiting]), is_observed)
    reached = 1 - curve.share
    return curve.time, reached / reached[-1]


def durations(
    levels: pl.DataFrame, funnels: pl.DataFrame, breakdowns: Mapping[str, Mapping[str, str]], *, min_cell: int
) -> pl.DataFrame:
    """Median and 90th percentile of the seconds from entry to each step, by funnel, breakdown, group and step.

    ``levels`` has ``waited_seconds``, the time a unit was watched; ``breakdowns`` maps a funnel to its own. Times of
    fewer than min_cell units are none.
    """
    found: list[dict[str, object]] = []
    n_steps = dict(funnels.select("funnel_id", "n_steps").unique().iter_rows())
    for (funnel,), part in sorted(levels.partition_by("funnel_id", as_dict=True).items()):
        for shown, column in {cells.COMPANY: None, **breakdowns[funnel]}.items():
            group = pl.lit(cells.ALL) if column is None else pl.col(column).cast(pl.String).fill_null(cells.UNKNOWN)
            for (name,), rows in part.with_columns(group.alias("_group")).partition_by("_group", as_dict=True).items():
                at = {"funnel_id": funnel, "breakdown": shown, "group_id": name}
                found += [{**at, **_step_times(rows, step, min_cell)} for step in range(2, n_steps[funnel] + 1)]
    return pl.DataFrame(found, schema=DURATIONS)


DURATIONS = {
    "funnel_id": pl.String(),
    "breakdown": pl.String(),
    "group_id": pl.String(),
    "step_order": pl.Int64(),
    **{f"{name}_seconds{end}": pl.Float64() for name in QUANTILES for end in ("", "_lo", "_hi")},
}


def _step_times(rows: pl.DataFrame, step: int, min_cell: int) -> dict[str, object]:
    waits = rows.filter(pl.col("entry_step") < step)
    reached = waits.filter(pl.col("level") >= step)
    took: dict[str, object] = {"step_order": step}
    if reached.height < min_cell:
        return took
    seconds = (reached[f"step_{step}_at"] - reached["entered_at"]).dt.total_microseconds().to_numpy() / 1e6
    open_ = waits.filter((pl.col("level") < step) & ~pl.col("is_mature"))["waited_seconds"].to_numpy()
    for name, ends in time_quantiles(seconds, open_).items():
        took |= {f"{name}_seconds{end}": value for end, value in zip(("", "_lo", "_hi"), ends, strict=True)}
    return took
