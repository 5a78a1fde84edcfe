"""The top of a likelihood, how sure its place is, and how sure what follows from it.

Belongs here: the climb, the statuses it ends with, the delta method. Stays out: the likelihoods (value_model.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from pipelines.analytics.stats import Floats

LARGEST_LOG = 9.0
"""Parameters beyond e^9 or below e^-9 say that the model is a simpler one: nobody leaves, or all are alike."""
FLAT = 1e-5
"""Largest slope, per customer, that still counts as the top of the likelihood."""
STEP = 1e-4

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
