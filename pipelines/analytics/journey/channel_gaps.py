"""Are the channels alike: gaps of satisfaction and of reply times between pairs of channels, with tests of equivalence.

Belongs here: least squares with persons as clusters, and two one-sided tests (TOST) against a margin. Stays out: what
an answer or a ticket is. A gap that is not shown to differ is not shown to be none: that is what the margin is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import polars as pl
from scipy import stats as scipy_stats

from pipelines.analytics import cells, stats

MARGIN = 3.0
"""Points of the index within which channels count as equally satisfying."""

RATIO_MARGIN = 1.25
"""Reply times within 1 / 1.25 to 1.25 of each other count as equal."""

MIN_ROWS = 30
ALPHA = 0.05


def _design(frame: pl.DataFrame, factors: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Intercept and 0/1 columns, the first level of each factor left out."""
    names, columns = ["_intercept"], [np.ones(frame.height)]
    for factor in factors:
        values = frame[factor].cast(pl.String).fill_null(cells.UNKNOWN)
        for level in sorted(values.unique())[1:]:
            names.append(f"{factor}={level}")
            columns.append((values == level).cast(pl.Float64).to_numpy())
    return np.column_stack(columns), names


def pair_gaps(frame: pl.DataFrame, outcome: str, factors: Sequence[str], margin: float) -> list[dict[str, object]]:
    """Gap of each pair of channels, other factors held fixed: value, 95 % interval, TOST p and a verdict.

    Persons are clusters; rows without a person are one of their own. ``equivalent`` is shown at 5 % that the gap lies
    within the margin; ``different``: its interval leaves out zero; else ``inconclusive``.
    """
    # statsmodels takes a second to import, so only a fit pays for it.
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    usable = frame.drop_nulls([outcome, "channel"])
    usable = usable.filter(pl.len().over("channel") >= MIN_ROWS)
    channels = sorted(usable["channel"].unique())
    if len(channels) < 2:
        return []
    design, names = _design(usable, ("channel", *factors))
    # A factor whose column is a sum of others' says nothing of its own.
    kept = _independent(design)
    design, names = design[:, kept], [names[place] for place in kept]
    alone = pl.format("row {}", pl.int_range(pl.len()))
    groups = usable.select(pl.coalesce("customer_id", alone)).to_series().rank("dense").to_numpy()
    fit = OLS(usable[outcome].to_numpy(), design).fit(cov_type="cluster", cov_kwds={"groups": groups})
    size = {channel: int((usable["channel"] == channel).sum()) for channel in channels}
    found: list[dict[str, object]] = []
    for first, second in combinations(channels, 2):
        contrast = np.zeros(len(names))
        for channel, sign in ((first, 1.0), (second, -1.0)):
            if f"channel={channel}" in names:
                contrast[names.index(f"channel={channel}")] = sign
        test = fit.t_test(contrast)
        gap, se = float(np.squeeze(test.effect)), float(np.squeeze(test.sd))
        below = scipy_stats.norm.sf((gap + margin) / se)
        above = scipy_stats.norm.sf((margin - gap) / se)
        p_equivalent = float(max(below, above))
        lo, hi = gap - stats.Z95 * se, gap + stats.Z95 * se
        verdict = "equivalent" if p_equivalent < ALPHA else "different" if lo > 0 or hi < 0 else "inconclusive"
        found.append(
            {
                "breakdown": "channel_pair",
                "group_id": f"{first} - {second}",
                "value": gap,
                "lo": lo,
                "hi": hi,
                "n": min(size[first], size[second]),
                "p_equivalent": p_equivalent,
                "verdict": verdict,
            }
        )
    return found


def _independent(design: np.ndarray) -> list[int]:
    kept: list[int] = []
    for place in range(design.shape[1]):
        if np.linalg.matrix_rank(design[:, [*kept, place]]) > len(kept):
            kept.append(place)
    return kept


def gap_rows(answers: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Gaps of the satisfaction index between channels, and 100 less their mean size."""
    found = pair_gaps(answers, "index", ("region", *cells.KEY_SCHEMES), MARGIN)
    if not found:
        return
    frame = pl.DataFrame(found, infer_schema_length=None).with_columns(
        pl.lit("satisfaction_gap").alias("measure"),
        pl.lit("points").alias("unit"),
        pl.lit("survey3, region and segments held fixed; person as the unit").alias("basis"),
    )
    yield frame
    yield frame.select(
        pl.lit("channel_consistency_score").alias("measure"),
        pl.lit(cells.COMPANY).alias("breakdown"),
        pl.lit(cells.ALL).alias("group_id"),
        (100 - pl.col("value").abs().mean()).alias("value"),
        pl.col("n").min().alias("n"),
        pl.lit("points").alias("unit"),
        pl.lit("100 - mean size of the satisfaction gaps between channels").alias("basis"),
    )


def reply_rows(tickets: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Ratios of the typical first reply time between support channels (geometric means), topic held fixed."""
    replied = tickets.filter(pl.col("first_reply_minutes_calendar") > 0).with_columns(
        pl.col("first_reply_minutes_calendar").log().alias("log_minutes")
    )
    found = pair_gaps(replied, "log_minutes", ("topic",), float(np.log(RATIO_MARGIN)))
    if not found:
        return
    yield pl.DataFrame(found, infer_schema_length=None).with_columns(
        pl.col("value", "lo", "hi").exp(),
        pl.lit("first_reply_ratio").alias("measure"),
        pl.lit("ratio").alias("unit"),
        pl.lit("geometric means of calendar minutes, topic held fixed; person as the unit").alias("basis"),
    )
