"""Offers with a planted uplift over twenty seeds: intervals cover it, and nothing is found in nothing."""

from __future__ import annotations

import polars as pl
import pytest
from offer_frames import trial

from pipelines.analytics.opportunities.offer_results import BUYERS, REVENUE

SEEDS = range(20)
SPENT = 50
"""What each buyer of the trial spends."""


@pytest.mark.parametrize("uplift", [0.0, 0.08])
def test_intervals_cover_the_planted_uplift(uplift: float) -> None:
    """95 % intervals miss one seed of twenty; more than three of twenty happens once in sixty."""
    rows = pl.concat(trial(seed, uplift) for seed in SEEDS).filter(pl.col("group_id") == "all")
    for measure, planted in ((BUYERS, uplift), (REVENUE, SPENT * uplift)):
        found = rows.filter(pl.col("measure") == measure)
        assert found.height == len(SEEDS)
        assert found.filter(pl.lit(planted).is_between("lo", "hi")).height >= 17
        assert found["value"].mean() == pytest.approx(planted, abs=0.02 * (SPENT if measure == REVENUE else 1))
        if uplift == 0:
            assert found.filter(pl.col("verdict") != "no_evidence").height <= 3
