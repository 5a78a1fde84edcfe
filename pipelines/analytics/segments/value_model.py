"""How often buyers come back and what they spend when they do: BG/NBD and Gamma-Gamma, by maximum likelihood.

Belongs here: the two likelihoods with their gradients, their fit, and what follows from known parameters. Stays out:
where histories come from, and what is told about customers (value_forecast.py).

BG/NBD (Fader, Hardie and Lee 2005): purchases of a living customer are Poisson, rates are gamma (r, alpha); after each
repeat purchase a customer is gone with a probability that is beta (a, b). A history is x repeat purchase days, the last
t_x weeks after the first, seen for T weeks. Gamma-Gamma (Fader and Hardie 2013): the mean spend of x purchases is gamma
around the customer's own level, levels are gamma again (p, q, v).

Equal histories are one row with a count, so a million customers are a few hundred thousand rows; parameters are fitted
as logarithms, and their covariance is that of the logarithms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from pipelines.analytics.stats import Floats

ENOUGH_BUYERS = 100
ENOUGH_REPEATERS = 30
"""Below either there is nothing to fit: four parameters need people who came back, and people who did not."""

LARGEST_LOG = 9.0
"""Parameters beyond e^9 or below e^-9 say that the model is a simpler one: nobody leaves, or all are alike."""
FLAT = 1e-5
"""Largest slope, per customer, that still counts as the top of the likelihood."""
STEP = 1e-4
NODES = 48

CONVERGED, AT_LIMIT, NOT_CONVERGED, TOO_FEW = "converged", "at_limit", "not_converged", "too_few_customers"
USABLE = (CONVERGED, AT_LIMIT)

Slope = Callable[[Floats], tuple[float, Floats]]
"""Log-likelihood and its gradient, both by the logarithms of the parameters."""


@dataclass(frozen=True)
class Fit:
    """A fitted model. ``covariance`` is of the log parameters; zero for one at its limit, NaN where not converged."""

    status: str
    parameters: Floats
    covariance: Floats
    log_likelihood: float
    iterations: int

    @property
    def is_usable(self) -> bool:
        return self.status in USABLE


@dataclass(frozen=True)
class Histories:
    """Equal histories counted: x repeat purchase days, t_x weeks to the last, T weeks observed, ``n`` customers."""

    x: Floats
    t_x: Floats
    T: Floats
    n: Floats


def nothing(parameters: int, status: str) -> Fit:
    return Fit(status, np.full(parameters, np.nan), np.full((parameters, parameters), np.nan), float("nan"), 0)


def maximise(slope: Slope, starts: tuple[tuple[float, ...], ...], customers: float) -> Fit:
    """The first fit of several starts that comes to a top, with the inverse of the numerical Hessian as covariance."""
    found = nothing(len(starts[0]), NOT_CONVERGED)
    for start in starts:
        found = climb(slope, start, customers)
        if found.is_usable:
            break
    return found


def climb(slope: Slope, start: tuple[float, ...], customers: float) -> Fit:
    """One fit, by the likelihood per customer: a million customers then climb with the same step lengths as a few."""

    def falling(theta: Floats) -> tuple[float, Floats]:
        value, gradient = slope(theta)
        return -value / customers, -gradient / customers

    found = optimize.minimize(
        falling,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-LARGEST_LOG, LARGEST_LOG)] * len(start),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    )
    size, theta = len(start), np.asarray(found.x)
    if not np.isfinite(found.fun):
        return nothing(size, NOT_CONVERGED)
    free = np.flatnonzero(np.abs(theta) < LARGEST_LOG - 1e-6)
    hessian = np.empty((size, size))
    for place in range(size):
        aside = np.zeros(size)
        aside[place] = STEP
        hessian[place] = (falling(theta + aside)[1] - falling(theta - aside)[1]) / (2 * STEP)
    inner = ((hessian + hessian.T) / 2)[np.ix_(free, free)]
    covariance = np.full((size, size), np.nan)
    status = NOT_CONVERGED
    if free.size and np.abs(falling(theta)[1][free]).max() < FLAT and np.linalg.eigvalsh(inner).min() > 0:
        status = CONVERGED if free.size == size else AT_LIMIT
        covariance = np.zeros((size, size))
        covariance[np.ix_(free, free)] = np.linalg.inv(inner) / customers
    return Fit(status, np.exp(theta), covariance, float(-found.fun * customers), int(found.nit))


def bg_nbd_slope(histories: Histories) -> Slope:
    """Log-likelihood of BG/NBD and its gradient.

    Per customer A1 + A2 + ln(e^A3 + 1[x>0] e^A4): A1 = ln G(r+x) - ln G(r) + r ln alpha; A2 = ln B(a, b+x) - ln B(a, b)
    without the departure; A3 = -(r+x) ln(alpha+T); A4 = ln a - ln(b+x-1) - (r+x) ln(alpha+t_x).
    """
    counts, place = np.unique(histories.x, return_inverse=True)
    of_count = np.bincount(place, weights=histories.n)
    n, x, repeats = histories.n, histories.x, histories.x > 0

    def slope(theta: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(theta)
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
        log_all, log_last = np.log(alpha + histories.T), np.log(alpha + histories.t_x)
        stayed = -(r + x) * log_all
        left = np.where(repeats, np.log(a) - np.log(before) - (r + x) * log_last, -np.inf)
        either = np.logaddexp(stayed, left)
        gone = np.exp(left - either)
        here = 1 - gone
        value = of_count @ by_count + n @ either
        d_sum = special.digamma(a + b) - special.digamma(a + b + counts)
        d_r = of_count @ (special.digamma(r + counts) - special.digamma(r) + np.log(alpha))
        d_r -= n @ (here * log_all + gone * log_last)
        pull = here / (alpha + histories.T) + gone / (alpha + histories.t_x)
        d_alpha = n.sum() * r / alpha - n @ ((r + x) * pull)
        d_a = of_count @ d_sum + (n @ gone) / a
        d_b = of_count @ (d_sum + special.digamma(b + counts) - special.digamma(b)) - n @ (gone / before)
        return float(value), np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])

    return slope


def fit_bg_nbd(histories: Histories) -> Fit:
    """r, alpha (weeks), a, b."""
    buyers, repeaters = histories.n.sum(), histories.n[histories.x > 0].sum()
    if buyers < ENOUGH_BUYERS or repeaters < ENOUGH_REPEATERS:
        return nothing(4, TOO_FEW)
    weeks = max(float(histories.n @ histories.T / buyers), 1.0)
    return maximise(bg_nbd_slope(histories), ((1.0, weeks, 0.5, 2.0), (0.3, weeks / 4, 1.0, 1.0)), float(buyers))


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

    With several times, one row each. Given the chance p to leave, the rate is gamma(r+x, alpha+T) and the purchases are
    (1 - (1 + p t / (alpha+T)) ^ -(r+x)) / p; p itself is beta(a, b+x). The published closed form is this mean, but its
    2F1 loses all digits where a and b are large, as they are when customers leave alike.
    """
    r, alpha, a, b = parameters
    counts, place = np.unique(x, return_inverse=True)
    chance, weight = beta_nodes(a, b + counts)
    chance, weight = chance[place], weight[place]
    ahead = np.asarray(weeks, dtype=np.float64)[..., None, None] / (alpha + T)[:, None]
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


def expected_spend(parameters: Floats, x: Floats, m: Floats) -> Floats:
    """Expected spend of a purchase: between the mean of all and the customer's own, by how much is known; NaN, q <= 1.

    ``(1 - w) p v / (q - 1) + w m`` with ``w = p x / (p x + q - 1)``; where x is 0, m does not matter.
    """
    p, q, v = parameters
    if q <= 1:
        return np.full(np.shape(x), np.nan)
    weight = p * x / (p * x + q - 1)
    return np.asarray((1 - weight) * p * v / (q - 1) + weight * np.where(x > 0, m, 0.0))


def log_spread(value: Callable[[Floats], Floats], fit: Fit, *, scale: Callable[[Floats], Floats] = np.log) -> Floats:
    """Standard error of ``scale`` of a function of the parameters, by the delta method with numerical slopes."""
    slopes = []
    for place in range(fit.parameters.size):
        times = np.ones(fit.parameters.size)
        times[place] = np.exp(STEP)
        up, down = value(fit.parameters * times), value(fit.parameters / times)
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes.append((scale(up) - scale(down)) / (2 * STEP))
    jacobian = np.nan_to_num(np.stack(slopes, axis=-1))
    return np.asarray(np.sqrt(np.maximum(np.einsum("...i,ij,...j->...", jacobian, fit.covariance, jacobian), 0.0)))
