"""How often buyers come back and what they spend when they do: BG/NBD and Gamma-Gamma, by maximum likelihood.

Belongs here: the two likelihoods with their gradients, and what follows from known parameters. Stays out: how the top
of a likelihood is found (value_fit.py), where histories come from, what is told about customers (value_forecast.py).

BG/NBD (Fader, Hardie and Lee 2005): purchases of a living customer are Poisson, rates are gamma (r, alpha); after each
repeat purchase a customer is gone with a probability that is beta (a, b). A history is x repeat purchase days, the last
t_x weeks after the first, seen for T weeks. Gamma-Gamma (Fader and Hardie 2013): the mean spend of x purchases is gamma
around the customer's own level, levels are gamma again (p, q, v).

Newcomers often buy at another pace for a while: they furnish a flat, then top up. BG/NBD has one rate for life, and
takes the slower time after it for departure. So the clock may run at another pace in two stretches after the first
purchase. That leaves the model as it is, with weeks at the settled rate in place of weeks, and adds to the likelihood
the logarithm of the pace for every repeat purchase day in its stretch. At pace 1 it is BG/NBD itself.

Equal histories are one row with a count, so a million customers are a few hundred thousand rows; parameters are fitted
as logarithms, and their covariance is that of the logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipelines.analytics.segments.value_fit import TOO_FEW, Fit, Slope, maximise, nothing
from pipelines.analytics.stats import Floats

ENOUGH_BUYERS = 100
ENOUGH_REPEATERS = 30
"""Below either there is nothing to fit: four parameters need people who came back, and people who did not."""

NODES = 48
NEWCOMER_WEEKS = (4.0, 13.0)
"""Ends of the two stretches after the first purchase in which newcomers may have a pace of their own."""


@dataclass(frozen=True)
class Histories:
    """Equal histories counted: x repeat purchase days, t_x weeks to the last, T weeks observed, ``n`` customers.

    ``early`` are the repeat purchase days of all in each stretch of ``NEWCOMER_WEEKS``; None: one pace for life.
    """

    x: Floats
    t_x: Floats
    T: Floats
    n: Floats
    early: Floats | None = None


def stretches(weeks: Floats) -> Floats:
    """How much of the time since the first purchase lies in each stretch of ``NEWCOMER_WEEKS``, one row each."""
    first, second = NEWCOMER_WEEKS
    return np.stack([np.minimum(weeks, first), np.clip(weeks - first, 0.0, second - first)])


def settled_weeks(weeks: Floats, pace: Floats) -> Floats:
    """Weeks at the settled rate that bring as many purchases as ``weeks`` since the first one; without pace, the same.

    Of several times, one row each.
    """
    return np.asarray(weeks + np.tensordot(pace - 1, stretches(weeks), axes=1)) if pace.size else weeks


def bg_nbd_slope(histories: Histories) -> Slope:
    """Log-likelihood of BG/NBD and its gradient, by r, alpha, a, b and, where ``early`` is known, the newcomers' paces.

    Per customer A1 + A2 + ln(e^A3 + 1[x>0] e^A4): A1 = ln G(r+x) - ln G(r) + r ln alpha; A2 = ln B(a, b+x) - ln B(a, b)
    without the departure; A3 = -(r+x) ln(alpha+T); A4 = ln a - ln(b+x-1) - (r+x) ln(alpha+t_x).
    """
    counts, place = np.unique(histories.x, return_inverse=True)
    of_count = np.bincount(place, weights=histories.n)
    n, x, repeats = histories.n, histories.x, histories.x > 0
    early = np.zeros(0) if histories.early is None else histories.early
    early_last, early_all = stretches(histories.t_x), stretches(histories.T)

    def slope(theta: Floats) -> tuple[float, Floats]:
        (r, alpha, a, b), pace = np.exp(theta[:4]), np.exp(theta[4:])
        last, observed = settled_weeks(histories.t_x, pace), settled_weeks(histories.T, pace)
        by_count = (
            special.gammaln(r + counts)
            - special.gammaln(r)
            + r * np.log(alpha)
            + special.gammaln(a + b)
            + special.gammaln(b + counts)
            - special.gammaln(b)
            - special.gammaln(a + b + counts)
        )
        before = b + np.maximum(x, 1) - 1
        log_all, log_last = np.log(alpha + observed), np.log(alpha + last)
        stayed = -(r + x) * log_all
        left = np.where(repeats, np.log(a) - np.log(before) - (r + x) * log_last, -np.inf)
        either = np.logaddexp(stayed, left)
        gone = np.exp(left - either)
        here = 1 - gone
        value = of_count @ by_count + n @ either + early @ theta[4:]
        d_sum = special.digamma(a + b) - special.digamma(a + b + counts)
        d_r = of_count @ (special.digamma(r + counts) - special.digamma(r) + np.log(alpha))
        d_r -= n @ (here * log_all + gone * log_last)
        pull_all, pull_last = (n * (r + x) * part for part in (here / (alpha + observed), gone / (alpha + last)))
        d_alpha = n.sum() * r / alpha - pull_all.sum() - pull_last.sum()
        d_a = of_count @ d_sum + (n @ gone) / a
        d_b = of_count @ (d_sum + special.digamma(b + counts) - special.digamma(b)) - n @ (gone / before)
        d_pace = early - (early_all @ pull_all + early_last @ pull_last) * pace if early.size else early
        return float(value), np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b, *d_pace])

    return slope


def fit_bg_nbd(histories: Histories) -> Fit:
    """r, alpha (weeks), a, b; and the paces of newcomers where they explain what two parameters have to (BIC)."""
    buyers, repeaters = histories.n.sum(), histories.n[histories.x > 0].sum()
    if buyers < ENOUGH_BUYERS or repeaters < ENOUGH_REPEATERS:
        return nothing(4, TOO_FEW)
    weeks = max(float(histories.n @ histories.T / buyers), 1.0)
    starts = (1.0, weeks, 0.5, 2.0), (0.3, weeks / 4, 1.0, 1.0)
    even = maximise(bg_nbd_slope(replace(histories, early=None)), starts, float(buyers))
    if histories.early is None or not (histories.early >= ENOUGH_REPEATERS).all():
        return even
    paced = maximise(bg_nbd_slope(histories), tuple((*start, 1.0, 1.0) for start in starts), float(buyers))
    is_worth_it = paced.log_likelihood - even.log_likelihood > np.log(buyers)
    return paced if paced.is_usable and (is_worth_it or not even.is_usable) else even


def gamma_gamma_slope(x: Floats, m: Floats, n: Floats) -> Slope:
    """Log-likelihood of Gamma-Gamma and its gradient, over customers with x > 0 purchases of mean m > 0.

    Per customer ln G(px+q) - ln G(px) - ln G(q) + q ln v + (px-1) ln m + px ln x - (px+q) ln(xm+v).
    """
    log_m, log_x, total = np.log(m), np.log(x), x * m

    def slope(theta: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(theta)
        shape, log_sum = p * x, np.log(total + v)
        each = special.gammaln(shape + q) - special.gammaln(shape) - special.gammaln(q) + q * np.log(v)
        each += (shape - 1) * log_m + shape * log_x - (shape + q) * log_sum
        mutual = special.digamma(shape + q)
        d_p = n @ (x * (mutual - special.digamma(shape) + log_m + log_x - log_sum))
        d_q = n @ (mutual - special.digamma(q) + np.log(v) - log_sum)
        d_v = n @ (q / v - (shape + q) / (total + v))
        return float(n @ each), np.array([d_p * p, d_q * q, d_v * v])

    return slope


def fit_gamma_gamma(x: ArrayLike, m: ArrayLike, n: ArrayLike) -> Fit:
    """p, q, v from counted customers with x > 0 purchases of mean spend m > 0."""
    purchases, spend, customers = (np.asarray(values, dtype=np.float64) for values in (x, m, n))
    if customers.sum() < ENOUGH_REPEATERS:
        return nothing(3, TOO_FEW)
    level = float(customers @ spend / customers.sum())
    # In units of the mean spend, so that the limits of v mean the same in every currency.
    found = maximise(
        gamma_gamma_slope(purchases, spend / level, customers),
        ((2.0, 4.0, 2.0), (6.0, 4.0, 0.5)),
        float(customers.sum()),
    )
    rescaled = found.parameters * np.array([1.0, 1.0, level])
    # The density of spend in units of its mean is level times that of spend.
    return Fit(
        found.status,
        rescaled,
        found.covariance,
        found.log_likelihood - float(customers.sum()) * float(np.log(level)),
        found.iterations,
    )


def p_alive(parameters: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803 (the model's own name)
    """Probability that the customer has not left: 1 for those with no repeat purchase, by the model."""
    r, alpha, a, b = parameters
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + T) - np.log(alpha + t_x))
    return np.where(x > 0, special.expit(-odds), 1.0)


def purchases_if_alive(parameters: Floats, x: Floats, T: Floats, weeks: ArrayLike) -> Floats:  # noqa: N803
    """Purchases expected in the next ``weeks`` of a customer who is still there; it does not depend on t_x.

    With several times, one row each; they may differ by customer (a column each). Given the chance p to leave, the rate
    is gamma(r+x, alpha+T) and the purchases are (1 - (1 + p t / (alpha+T)) ^ -(r+x)) / p; p itself is beta(a, b+x). The
    published closed form is this mean, but its 2F1 loses all digits where a and b are large, as they are when customers
    leave alike.
    """
    r, alpha, a, b = parameters
    counts, place = np.unique(x, return_inverse=True)
    chance, weight = beta_nodes(a, b + counts)
    chance, weight = chance[place], weight[place]
    times = np.asarray(weeks, dtype=np.float64)
    ahead = (times if times.ndim > 1 else times[..., None])[..., None] / (alpha + T)[:, None]
    each = -np.expm1(-(r + x)[:, None] * np.log1p(chance * ahead)) / chance
    return np.asarray((weight * each).sum(axis=-1))


def beta_nodes(a: float, b: Floats, size: int = NODES) -> tuple[Floats, Floats]:
    """Nodes and weights, one row each b, of Gauss quadrature over the beta distributions (a, b).

    Golub and Welsch: eigenvalues of the Jacobi matrix of the weight (1-s)^(b-1) (1+s)^(a-1); p = (1+s)/2.
    """
    k = np.arange(1, size)
    up, down = a - 1, (b - 1)[:, None]
    total = up + down
    middle = np.empty((b.size, size))
    middle[:, :1] = (up - down) / (total + 2)
    middle[:, 1:] = (up**2 - down**2) / ((2 * k + total) * (2 * k + total + 2))
    side = 4 * k * (k + up) * (k + down) * (k + total) / ((2 * k + total) ** 2 * (2 * k + total + 1))
    side = side / np.where(k == 1, 1.0, 2 * k + total - 1)
    # At k = 1 the factors 1 + total above and below cancel, and both may be zero.
    side[:, :1] = 4 * (1 + up) * (1 + down) / ((2 + total) ** 2 * (3 + total))
    matrix = np.zeros((b.size, size, size))
    matrix[:, np.arange(size), np.arange(size)] = middle
    matrix[:, k, k - 1] = np.sqrt(side)
    nodes, vectors = np.linalg.eigh(matrix, UPLO="L")
    return np.clip((1 + nodes) / 2, 1e-15, 1.0), vectors[:, 0, :] ** 2


class Coming:
    """What histories lead one to expect at any parameters: r, alpha, a, b and, if there are, the paces of newcomers."""

    def __init__(self, x: Floats, t_x: Floats, T: Floats) -> None:  # noqa: N803
        self._x, self._t_x, self._T = x, t_x, T
        # What is still to come depends on t_x only by the chance of being there: the dear part is the same for many.
        self._same, self._place = np.unique(np.stack([x, T]), axis=1, return_inverse=True)

    def alive(self, parameters: Floats) -> Floats:
        last, observed = (settled_weeks(weeks, parameters[4:]) for weeks in (self._t_x, self._T))
        return p_alive(parameters[:4], self._x, last, observed)

    def orders(self, parameters: Floats, weeks: Floats) -> Floats:
        """Purchases expected until so many weeks from now, a row each."""
        x, observed = self._same
        now = settled_weeks(observed, parameters[4:])
        ahead = settled_weeks(observed + weeks[:, None], parameters[4:]) - now
        return np.asarray(self.alive(parameters) * purchases_if_alive(parameters[:4], x, now, ahead)[:, self._place])


def expected_spend(parameters: Floats, x: Floats, m: Floats) -> Floats:
    """Expected spend of a purchase: between the mean of all and the customer's own, by how much is known; NaN, q <= 1.

    ``(1 - w) p v / (q - 1) + w m`` with ``w = p x / (p x + q - 1)``; where x is 0, m does not matter.
    """
    p, q, v = parameters
    if q <= 1:
        return np.full(np.shape(x), np.nan)
    weight = p * x / (p * x + q - 1)
    return np.asarray((1 - weight) * p * v / (q - 1) + weight * np.where(x > 0, m, 0.0))
