"""Formulas against published or independently computed answers, and their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.analytics import stats

counts = st.integers(min_value=0, max_value=500)


@pytest.mark.parametrize(
    ("successes", "n", "lo", "hi"), [(8, 10, 0.4902, 0.9433), (70, 100, 0.6042, 0.7811), (0, 20, 0.0, 0.1611)]
)
def test_wilson_known_answers(successes, n, lo, hi):
    found = stats.wilson(successes, n)
    assert found.lo == pytest.approx(lo, abs=5e-5)
    assert found.hi == pytest.approx(hi, abs=5e-5)


def test_wilson_of_nothing_is_not_a_number():
    found = stats.wilson([0, 1], [0, 2])
    assert np.isnan([found.value[0], found.lo[0], found.hi[0]]).all()
    assert found.value[1] == 0.5


@given(counts, st.integers(min_value=1, max_value=500))
def test_wilson_holds_its_estimate(successes, n):
    found = stats.wilson(min(successes, n), n)
    assert 0 <= found.lo <= found.value + 1e-12
    assert found.value - 1e-12 <= found.hi <= 1


@pytest.mark.parametrize(
    ("one", "other", "t", "df", "p"),
    [
        ((73.21, 29.38, 405), (67.0, 28.42, 444), 3.1244, 833.93, 0.001843),
        ((71.88, 27.47, 417), (72.08, 27.5, 456), -0.1074, None, 0.9145),
    ],
)
def test_welch_known_answers(one, other, t, df, p):
    found = stats.welch(mean_1=one[0], sd_1=one[1], n_1=one[2], mean_0=other[0], sd_0=other[1], n_0=other[2])
    assert found.statistic == pytest.approx(t, abs=5e-5)
    assert found.p == pytest.approx(p, abs=5e-5)
    if df:
        assert found.df == pytest.approx(df, abs=5e-3)


def test_welch_needs_two_on_each_side():
    found = stats.welch(mean_1=[1.0, 1.0], sd_1=[1.0, 0.0], n_1=[1, 5], mean_0=0.0, sd_0=[1.0, 0.0], n_0=[9, 5])
    assert np.isnan(found.p[0])
    assert found.p[1] == 0.0


def test_delta_of_deltas_known_answer():
    error = np.sqrt(20**2 / 200 + 20**2 / 200)
    found = stats.z_difference(4.0, error, 1.0, error)
    assert found.value == 3
    assert found.se == pytest.approx(2.8284, abs=5e-5)
    assert found.statistic == pytest.approx(1.0607, abs=5e-5)
    assert found.p == pytest.approx(0.2888, abs=5e-5)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 40), st.integers(2, 900)), min_size=2, max_size=2))
def test_delta_is_antisymmetric(sides):
    (mean_1, sd_1, n_1), (mean_0, sd_0, n_0) = sides
    there = stats.welch(mean_1=mean_1, sd_1=sd_1, n_1=n_1, mean_0=mean_0, sd_0=sd_0, n_0=n_0)
    back = stats.welch(mean_1=mean_0, sd_1=sd_0, n_1=n_0, mean_0=mean_1, sd_0=sd_1, n_0=n_1)
    assert there.value == pytest.approx(-back.value)
    assert there.lo == pytest.approx(-back.hi)
    assert there.p == pytest.approx(back.p)


def test_minimum_detectable_known_answer():
    # 698 answers a side at a standard deviation of 20 find 3 points with 80 % power.
    assert stats.minimum_detectable(20 * np.sqrt(2 / 698)) == pytest.approx(3.0, abs=5e-3)


BH_1995 = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.324,
    0.4262,
    0.5719,
    0.6528,
    0.759,
    1.0,
]


def test_benjamini_hochberg_known_answer():
    adjusted = stats.benjamini_hochberg(BH_1995)
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[:5] == pytest.approx([0.0015, 0.0030, 0.0095, 0.0356, 0.0603], abs=5e-5)


def test_benjamini_hochberg_leaves_what_is_no_test_out_of_the_family():
    adjusted = stats.benjamini_hochberg([*BH_1995, np.nan, np.nan])
    assert np.isnan(adjusted[-2:]).all()
    assert adjusted[:15] == pytest.approx(stats.benjamini_hochberg(BH_1995))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_is_never_below_raw(p):
    adjusted = stats.benjamini_hochberg(p)
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= 1).all()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [((162, 54, 324), (33.33, 24.95, 41.11)), ((60, 20, 100), (40.0, 23.38, 54.29))],
)
def test_nps_known_answers(answers, expected):
    found = stats.net_score(*answers)
    assert (found.value, found.lo, found.hi) == pytest.approx(expected, abs=6e-3)


def test_ces_net_known_answer():
    answers = dict(zip(range(1, 8), (80, 210, 140, 110, 160, 180, 120), strict=True))
    n = sum(answers.values())
    assert sum(score * count for score, count in answers.items()) / n == pytest.approx(4.08)
    assert stats.net_score(answers[6] + answers[7], answers[1] + answers[2] + answers[3], n).value == pytest.approx(-13)


@given(counts, counts, counts)
def test_net_score_holds_its_estimate(up, middle, down):
    n = up + middle + down
    if n >= 2:
        found = stats.net_score(up, down, n)
        assert -100 <= found.lo <= found.value + 1e-9
        assert found.value - 1e-9 <= found.hi <= 100


def test_risk_and_odds_ratio_known_answers():
    found = stats.two_by_two(420, 80, 560, 240)
    assert found.risk_ratio.value == pytest.approx(1.2)
    assert (found.risk_ratio.lo, found.risk_ratio.hi) == pytest.approx((1.1309, 1.2734), abs=5e-5)
    assert found.odds_ratio.value == pytest.approx(2.25)
    assert (found.odds_ratio.lo, found.odds_ratio.hi) == pytest.approx((1.6956, 2.9857), abs=5e-5)
    assert found.risk_difference.value == pytest.approx(0.14)
    assert found.attributable_fraction.value == pytest.approx(0.0714, abs=5e-5)


def test_newcombe_known_answer():
    # Newcombe 1998, method 10, 56/70 against 48/80: 0.2000 (0.0524 to 0.3339).
    found = stats.two_by_two(56, 14, 48, 32).risk_difference
    assert (found.value, found.lo, found.hi) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@given(*[st.integers(0, 60)] * 4)
def test_two_by_two_has_an_answer_exactly_where_both_sides_exist(a, b, c, d):
    found = stats.two_by_two(a, b, c, d)
    exists = a + b > 0 and c + d > 0
    for estimate in (found.risk_ratio, found.odds_ratio, found.risk_difference):
        assert np.isfinite(estimate.value) == exists
        if exists:
            assert estimate.lo <= estimate.value + 1e-9
            assert estimate.value <= estimate.hi + 1e-9


def test_rate_and_mix_known_answer():
    rate, mix = stats.rate_mix([0.5, 0.5], [80, 60], [0.3, 0.7], [82, 62])
    assert rate.sum() == pytest.approx(2)
    assert mix.sum() == pytest.approx(-4)


lines = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=6
)


@given(lines)
def test_rate_and_mix_add_up_also_where_a_line_comes_or_goes(rows):
    n0, n1, s0, s1 = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if n0.sum() == 0 or n1.sum() == 0:
        return
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    rate, mix = stats.rate_mix(w0, np.where(n0 > 0, s0, np.nan), w1, np.where(n1 > 0, s1, np.nan))
    change = (w1 * np.where(n1 > 0, s1, 0)).sum() - (w0 * np.where(n0 > 0, s0, 0)).sum()
    both_missing = (n0 == 0) & (n1 == 0)
    assert (rate[~both_missing].sum() + mix[~both_missing].sum()) == pytest.approx(change, abs=1e-9)


def test_effective_n_known_answer():
    mean, n_eff = stats.weighted_mean([10.0, 20.0, 30.0, 40.0], [1, 1, 2, 4])
    assert n_eff == pytest.approx(2.909, abs=5e-4)
    assert mean == pytest.approx(250 / 8)


def test_gini_known_answer():
    assert stats.gini([1, 1, 1, 1, 6]) == pytest.approx(0.4)
    assert np.isnan(stats.gini([]))


def test_kaplan_meier_known_answer():
    curve = stats.kaplan_meier([1, 2, 2, 3, 4], [True, True, False, True, False])
    assert list(curve.time) == [1, 2, 3]
    assert curve.share == pytest.approx([0.8, 0.6, 0.3])


def test_survival_quantile_waits_for_the_censored():
    observed = stats.survival_quantile(stats.kaplan_meier([1, 2, 3, 4, 5], [True] * 5), 0.5)
    waiting = stats.survival_quantile(stats.kaplan_meier([1, 2, 3, 4, 5, 9, 9], [True] * 5 + [False] * 2), 0.5)
    assert observed[0] == 3
    assert waiting[0] == 4
    assert np.isnan(stats.survival_quantile(stats.kaplan_meier([1, 2, 3], [True, False, False]), 0.5)[0])


def test_poisson_rate_known_answer():
    # Garwood: 10 events have the exact interval 4.795 to 18.390.
    found = stats.poisson_rate([10, 0], [1, 1])
    assert (found.lo[0], found.hi[0]) == pytest.approx((4.795, 18.390), abs=5e-4)
    assert (found.lo[1], found.hi[1]) == pytest.approx((0.0, 3.689), abs=5e-4)


def test_ratio_interval_of_a_constant_divisor_is_the_mean_interval():
    y = np.array([3.0, 5.0, 8.0, 13.0, 2.0, 7.0] * 50)
    found = stats.ratio_interval(y=y.sum(), x=y.size, yy=(y**2).sum(), xy=y.sum(), xx=y.size, n=y.size)
    half = stats.Z95 * y.std(ddof=1) / np.sqrt(y.size)
    assert (found.value, found.lo, found.hi) == pytest.approx((y.mean(), y.mean() - half, y.mean() + half))


def test_bootstrap_repeats_itself_whatever_the_order():
    after, before = np.arange(40.0) + 3, np.arange(45.0)
    first = stats.bootstrap_difference(after, before)
    assert first == stats.bootstrap_difference(after[::-1], np.roll(before, 7))
    change = after.mean() - before.mean()
    welch = stats.welch(
        mean_1=after.mean(), sd_1=after.std(ddof=1), n_1=40, mean_0=before.mean(), sd_0=before.std(ddof=1), n_0=45
    )
    assert first[0] < change < first[1]
    assert first == pytest.approx((float(welch.lo), float(welch.hi)), abs=1.0)


def test_quantile_ranks_cover_the_quantile():
    # The classical interval for a median of 100: the 40th and 61st values.
    lo, hi = stats.quantile_ranks([100], 0.5)
    assert (lo[0], hi[0]) == (40, 61)
    lo, hi = stats.quantile_ranks([3], 0.9)
    assert 1 <= lo[0] <= hi[0] <= 3
