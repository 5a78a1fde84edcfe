"""Statistics as plain functions over arrays: intervals, tests, effect sizes, decompositions.

Belongs here: a formula with its source, vectorised over groups; a function takes numbers or arrays of equal length and
returns arrays, with NaN where a formula has no answer. Stays out: frames, thresholds, verdicts and names of tables.

z is 1.959964 (95 %) unless a caller says otherwise. Sources are the standard ones, named where they are not textbook.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

Floats = NDArray[np.float64]

Z95 = float(scipy_stats.norm.ppf(0.975))
DETECTABLE = Z95 + float(scipy_stats.norm.ppf(0.8))
"""Standard errors a true difference must measure to be found with 80 % power by a two-sided 5 % test."""


@dataclass(frozen=True)
class Interval:
    """Estimate with the ends of its 95 % interval, one element a group."""

    value: Floats
    lo: Floats
    hi: Floats


@dataclass(frozen=True)
class Difference:
    """Difference of two means: ``df`` is infinite where the test is a z test."""

    value: Floats
    se: Floats
    df: Floats
    lo: Floats
    hi: Floats
    statistic: Floats
    p: Floats


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def wilson(successes: ArrayLike, n: ArrayLike) -> Interval:
    """Proportion with its Wilson score interval; NaN where n is 0."""
    count, base = _floats(successes), _floats(n)
    known = base > 0
    safe = np.where(known, base, 1.0)
    p = np.where(known, count, np.nan) / safe
    centre = p + Z95**2 / (2 * safe)
    half = Z95 * np.sqrt(p * (1 - p) / safe + (Z95 / (2 * safe)) ** 2)
    scale = 1 + Z95**2 / safe
    # At 0 and n the ends are exact; the formula leaves a rounding error there.
    lo = np.where(p == 0, 0.0, (centre - half) / scale)
    hi = np.where(p == 1, 1.0, (centre + half) / scale)
    return Interval(p, lo, hi)


def mean_interval(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Interval:
    """Mean with its t interval; NaN ends below two observations."""
    middle, spread, base = _floats(mean), _floats(sd), _floats(n)
    enough = base >= 2
    safe = np.where(enough, base, 2.0)
    half = scipy_stats.t.ppf(0.975, safe - 1) * spread / np.sqrt(safe)
    half = np.where(enough, half, np.nan)
    return Interval(middle, middle - half, middle + half)


def welch(
    *, mean_1: ArrayLike, sd_1: ArrayLike, n_1: ArrayLike, mean_0: ArrayLike, sd_0: ArrayLike, n_0: ArrayLike
) -> Difference:
    """Welch's difference of means, 1 minus 0, with Satterthwaite's degrees of freedom; NaN where a side has n < 2."""
    a, b = _floats(n_1), _floats(n_0)
    enough = (a >= 2) & (b >= 2)
    a, b = np.where(enough, a, 2.0), np.where(enough, b, 2.0)
    var_1, var_0 = _floats(sd_1) ** 2 / a, _floats(sd_0) ** 2 / b
    spread = np.where(enough, np.sqrt(var_1 + var_0), np.nan)
    parts = var_1**2 / (a - 1) + var_0**2 / (b - 1)
    # Two groups without any spread have no degrees of freedom to speak of; the smaller group's number is the safe one.
    df = np.where(parts > 0, spread**4 / np.where(parts > 0, parts, 1.0), np.minimum(a, b) - 1)
    return _difference(_floats(mean_1) - _floats(mean_0), spread, df)


def z_difference(value_1: ArrayLike, se_1: ArrayLike, value_0: ArrayLike, se_0: ArrayLike) -> Difference:
    """Difference of two independent estimates by their standard errors, 1 minus 0."""
    value = _floats(value_1) - _floats(value_0)
    spread = np.sqrt(_floats(se_1) ** 2 + _floats(se_0) ** 2)
    return _difference(value, spread, np.full(value.shape, np.inf))


def _difference(value: Floats, se: Floats, df: Floats) -> Difference:
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(se > 0, value / se, np.where(value == 0, 0.0, np.sign(value) * np.inf))
    statistic = np.where(np.isnan(se), np.nan, statistic)
    half = scipy_stats.t.ppf(0.975, df) * se
    p = 2 * scipy_stats.t.sf(np.abs(statistic), df)
    return Difference(value, se, df, value - half, value + half, statistic, p)


def hedges_g(
    *, mean_1: ArrayLike, sd_1: ArrayLike, n_1: ArrayLike, mean_0: ArrayLike, sd_0: ArrayLike, n_0: ArrayLike
) -> Interval:
    """Difference of means in pooled standard deviations, corrected for small samples (Hedges 1981); 1 minus 0.

    The interval is the normal one of Hedges and Olkin (1985). NaN where a side has n < 2 or nobody differs.
    """
    a, b = _floats(n_1), _floats(n_0)
    freedom = np.where((a >= 2) & (b >= 2), a + b - 2, np.nan)
    pooled = np.sqrt(((a - 1) * _floats(sd_1) ** 2 + (b - 1) * _floats(sd_0) ** 2) / freedom)
    distance = (_floats(mean_1) - _floats(mean_0)) / np.where(pooled > 0, pooled, np.nan)
    value = distance * (1 - 3 / (4 * freedom - 1))
    half = Z95 * np.sqrt((a + b) / (a * b) + value**2 / (2 * (a + b)))
    return Interval(value, value - half, value + half)


def minimum_detectable(se: ArrayLike) -> Floats:
    """Smallest true difference found with 80 % power by a two-sided 5 % test with this standard error."""
    return DETECTABLE * _floats(se)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p values of one family (Benjamini and Hochberg 1995); NaN stays NaN and does not count as a test."""
    raw = _floats(p)
    adjusted = np.full(raw.shape, np.nan)
    tested = ~np.isnan(raw)
    if tested.any():
        adjusted[tested] = scipy_stats.false_discovery_control(raw[tested], method="bh")
    return adjusted


def chi_square_p(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Upper tail of the chi-square distribution; NaN without a degree of freedom."""
    freedom = _floats(df)
    tail = scipy_stats.chi2.sf(_floats(statistic), np.maximum(freedom, 1.0))
    return _floats(np.where(freedom > 0, tail, np.nan))


def net_score(positive: ArrayLike, negative: ArrayLike, n: ArrayLike) -> Interval:
    """100 * (share positive - share negative) with the adjusted Wald interval (Rocks 2016: 3/4, 3/2, 3/4 added).

    NPS takes promoters and detractors, net CES answers 6-7 and 1-3. The ends stay inside -100 and 100.
    """
    up, down, base = _floats(positive), _floats(negative), _floats(n)
    known = base > 0
    safe = np.where(known, base, 1.0)
    adjusted = base + 3
    p, d = (up + 0.75) / adjusted, (down + 0.75) / adjusted
    middle = p - d
    half = Z95 * np.sqrt((p + d - middle**2) / adjusted)
    empty = np.where(known, 0.0, np.nan)
    value = 100 * (up - down) / safe + empty
    lo = np.clip(100 * (middle - half), -100, 100) + empty
    hi = np.clip(100 * (middle + half), -100, 100) + empty
    return Interval(value, lo, hi)


def poisson_rate(events: ArrayLike, exposure: ArrayLike) -> Interval:
    """Events per unit of exposure with the exact Poisson (Garwood) interval; NaN where exposure is 0."""
    count, base = _floats(events), _floats(exposure)
    safe = np.where(base > 0, base, np.nan)
    lo = np.where(count > 0, scipy_stats.chi2.ppf(0.025, 2 * np.maximum(count, 1)) / 2, 0.0)
    hi = scipy_stats.chi2.ppf(0.975, 2 * (count + 1)) / 2
    return Interval(count / safe, lo / safe, hi / safe)


def ratio_interval(
    *, y: ArrayLike, x: ArrayLike, yy: ArrayLike, xy: ArrayLike, xx: ArrayLike, n: ArrayLike
) -> Interval:
    """Ratio of two totals ``y / x`` over n independent units, by linearisation (Taylor) of the ratio.

    ``yy, xy, xx`` are the sums of squares and products. The unit is the cluster: orders of one person stay together.
    """
    base, total_x = _floats(n), _floats(x)
    usable = (total_x != 0) & (base >= 2)
    safe_x, safe_n = np.where(usable, total_x, 1.0), np.where(usable, base, 2.0)
    value = np.where(total_x != 0, _floats(y) / np.where(total_x != 0, total_x, 1.0), np.nan)
    residual = np.maximum(_floats(yy) - 2 * value * _floats(xy) + value**2 * _floats(xx), 0.0)
    half = np.where(usable, Z95 * np.sqrt(safe_n / (safe_n - 1) * residual) / np.abs(safe_x), np.nan)
    return Interval(value, value - half, value + half)


@dataclass(frozen=True)
class TwoByTwo:
    """Association of an exposure with an outcome, one element a table of four cells."""

    risk_ratio: Interval
    odds_ratio: Interval
    risk_difference: Interval
    attributable_fraction: Interval
    p: Floats


def two_by_two(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> TwoByTwo:
    """Effect sizes from exposed with (a) and without (b) the outcome, unexposed with (c) and without (d).

    Ratios by the log method, 0.5 added to all four cells where one is 0; risk difference with Newcombe's hybrid score
    interval; population attributable fraction ``p_c * (RR - 1) / RR`` with p_c the exposed share of those with the
    outcome. All NaN where nobody or everybody is exposed.
    """
    cells = np.stack(np.broadcast_arrays(*(_floats(cell) for cell in (a, b, c, d))))
    exposed, unexposed = cells[0] + cells[1], cells[2] + cells[3]
    usable = (exposed > 0) & (unexposed > 0)
    blank = np.where(usable, 0.0, np.nan)
    corrected = cells + np.where((cells == 0).any(axis=0), 0.5, 0.0)
    w, x, y, z = corrected
    log_rr = np.log(w / (w + x)) - np.log(y / (y + z))
    se_rr = np.sqrt(1 / w - 1 / (w + x) + 1 / y - 1 / (y + z))
    log_or, se_or = np.log(w * z / (x * y)), np.sqrt(1 / w + 1 / x + 1 / y + 1 / z)
    risk_ratio, odds_ratio = _log_interval(log_rr + blank, se_rr), _log_interval(log_or + blank, se_or)
    outcome = cells[0] + cells[2]
    share = np.where(outcome > 0, cells[0] / np.where(outcome > 0, outcome, 1.0), np.nan)
    fraction = Interval(*(share * (1 - 1 / ratio) for ratio in (risk_ratio.value, risk_ratio.lo, risk_ratio.hi)))
    difference = _newcombe(wilson(cells[0], exposed), wilson(cells[2], unexposed))
    difference = Interval(difference.value + blank, difference.lo + blank, difference.hi + blank)
    p = 2 * scipy_stats.norm.sf(np.abs(log_rr / se_rr)) + blank
    return TwoByTwo(risk_ratio, odds_ratio, difference, fraction, p)


def _log_interval(log_value: Floats, se: Floats) -> Interval:
    return Interval(np.exp(log_value), np.exp(log_value - Z95 * se), np.exp(log_value + Z95 * se))


def _newcombe(one: Interval, other: Interval) -> Interval:
    value = one.value - other.value
    lo = value - np.hypot(one.value - one.lo, other.hi - other.value)
    hi = value + np.hypot(one.hi - one.value, other.value - other.lo)
    return Interval(value, lo, hi)


def exact_p(part_yes: ArrayLike, part: ArrayLike, yes: ArrayLike, n: ArrayLike) -> Floats:
    """Fisher's exact p of a part of n units, ``part_yes`` of whom are among the ``yes``: the smaller tail, doubled."""
    found, drawn, marked, size = (_floats(values) for values in (part_yes, part, yes, n))
    below = _floats(scipy_stats.hypergeom.cdf(found, size, marked, drawn))
    above = _floats(scipy_stats.hypergeom.sf(found - 1, size, marked, drawn))
    return _floats(np.minimum(2 * np.minimum(below, above), 1.0))


def rate_mix(weight_0: ArrayLike, score_0: ArrayLike, weight_1: ArrayLike, score_1: ArrayLike) -> tuple[Floats, Floats]:
    """Kitagawa's parts of a change of a weighted mean, one element a group; their sums add up to the change exactly.

    Rate is the change inside the group at the mean weight, mix the shift of weight at the mean score. A group missing
    on a side (NaN score) has no change inside it: what it brings or takes is mix.
    """
    w0, w1 = _floats(weight_0), _floats(weight_1)
    s0, s1 = _floats(score_0), _floats(score_1)
    s0, s1 = np.where(np.isnan(s0), s1, s0), np.where(np.isnan(s1), s0, s1)
    return (w0 + w1) / 2 * (s1 - s0), (s0 + s1) / 2 * (w1 - w0)


def weighted_mean(values: ArrayLike, weights: ArrayLike) -> tuple[float, float]:
    """Weighted mean and Kish's effective sample size ``sum(w)^2 / sum(w^2)``."""
    y, w = _floats(values), _floats(weights)
    return float((w * y).sum() / w.sum()), float(w.sum() ** 2 / (w**2).sum())


def rake(counts: ArrayLike, rows: ArrayLike, columns: ArrayLike, *, rounds: int = 500) -> Floats:
    """Weights that give each table of ``counts[table, row, column]`` the shares of ``rows`` and ``columns``.

    Iterative proportional fitting (Deming and Stephan 1940), every table at once; the mean weight of a unit is 1. A row
    or column without a unit leaves its share to the others. NaN in empty cells, and throughout a table whose empty
    cells do not allow both margins.
    """
    cells = _floats(counts)
    size = cells.sum(axis=(1, 2), keepdims=True)

    def target(shares: ArrayLike, axis: int) -> Floats:
        present = np.expand_dims(_floats(shares), 0) * (cells.sum(axis=axis) > 0)
        total = present.sum(axis=1, keepdims=True)
        return _floats(present / np.where(total > 0, total, 1.0) * size[:, :, 0])

    goals = {2: target(rows, 2), 1: target(columns, 1)}
    fitted, off = cells.copy(), np.full(len(cells), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(rounds):
            for axis, goal in goals.items():
                fitted *= np.expand_dims(np.nan_to_num(goal / fitted.sum(axis=axis)), axis)
            off = np.abs(fitted.sum(axis=2) - goals[2]).max(axis=1) / size[:, 0, 0]
            if not (off > 1e-9).any():
                break
        return np.where((off < 1e-6)[:, None, None] & (cells > 0), fitted / cells, np.nan)


def gini(values: ArrayLike) -> float:
    """Gini coefficient ``2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n``, x ascending; NaN where the total is 0."""
    x = np.sort(_floats(values))
    total = x.sum()
    if x.size == 0 or total == 0:
        return float("nan")
    return float(2 * (np.arange(1, x.size + 1) * x).sum() / (x.size * total) - (x.size + 1) / x.size)


@dataclass(frozen=True)
class Survival:
    """Kaplan-Meier curve: the share surviving beyond each observed time, and the ends of its 95 % log-log band."""

    time: Floats
    share: Floats
    lo: Floats
    hi: Floats


def kaplan_meier(times: ArrayLike, is_observed: ArrayLike) -> Survival:
    """Survival with right-censoring; units censored at a time are still at risk for the events of that time."""
    when, observed = _floats(times), np.asarray(is_observed, dtype=bool)
    moments, index = np.unique(when, return_inverse=True)
    events = np.bincount(index, weights=observed, minlength=moments.size)
    leaving = np.bincount(index, minlength=moments.size)
    at_risk = when.size - np.cumsum(leaving) + leaving
    share = np.cumprod(1 - events / np.maximum(at_risk, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        log_share = np.log(share)
        half = Z95 * np.sqrt(greenwood) / np.abs(log_share)
        lo, hi = share ** np.exp(half), share ** np.exp(-half)
    gone = share <= 0
    seen = events > 0
    return Survival(moments[seen], share[seen], np.where(gone, 0.0, lo)[seen], np.where(gone, 0.0, hi)[seen])


def survival_quantile(curve: Survival, q: float) -> tuple[float, float, float]:
    """Time by which a share q has had the event, with its interval (Brookmeyer and Crowley): value, lo, hi.

    NaN where the curve, or an end of its band, never comes that low.
    """

    def first(share: Floats) -> float:
        below = np.flatnonzero(share <= 1 - q + 1e-12)
        return float(curve.time[below[0]]) if below.size else float("nan")

    return first(curve.share), first(curve.lo), first(curve.hi)


def bootstrap_difference(
    after: ArrayLike, before: ArrayLike, *, n_resamples: int = 2000, seed: int = 20240229
) -> tuple[float, float]:
    """Percentile bootstrap 95 % interval of mean(after) - mean(before), each side resampled within itself.

    The seed is fixed and values are sorted first, so the same answers in any order give the same interval.
    """
    rng = np.random.default_rng(seed)
    means = []
    for values in (after, before):
        x = np.sort(_floats(values))
        if x.size == 0:
            return float("nan"), float("nan")
        means.append(x[rng.integers(0, x.size, size=(n_resamples, x.size))].mean(axis=1))
    lo, hi = np.quantile(means[0] - means[1], [0.025, 0.975])
    return float(lo), float(hi)


def quantile_ranks(n: ArrayLike, q: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ranks (from 1) of the order statistics that bound a quantile with 95 % cover, whatever the distribution."""
    base = np.asarray(n, dtype=np.int64)
    lo = np.clip(scipy_stats.binom.ppf(0.025, base, q), 1, np.maximum(base, 1))
    hi = np.clip(scipy_stats.binom.ppf(0.975, base, q) + 1, 1, np.maximum(base, 1))
    return lo.astype(np.int64), hi.astype(np.int64)
