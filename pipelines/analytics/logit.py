"""Logistic regression on counted cells, with errors clustered by customer, and margins of a yes-or-no exposure.

Belongs here: the fit and what is read off it. Stays out: frames, which covariates there are, thresholds and verdicts.

Rows with the same covariates are one cell with its number of units and of outcomes: the likelihood is the same, and
a hundred thousand carts become a few thousand cells. Clusters cut across cells, so the robust covariance is summed from
the units' scores over each customer: the sum of ``x * (outcome - p)`` needs a customer's counts by cell, no more.
It equals statsmodels' ``cov_type="cluster"`` on the rows themselves.
"""

from __future__ import annotations

import gc
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy import stats as scipy_stats
from threadpoolctl import threadpool_limits

from pipelines.analytics.stats import Z95

Floats = NDArray[np.float64]

LARGEST = 12.0
"""A coefficient beyond this is a cell in which everybody, or nobody, has the outcome: odds of 160,000 to 1."""


@dataclass(frozen=True)
class Cells:
    """``design`` one row a cell, ``n`` units and ``outcomes`` of them; ``by_cluster`` rows of (cluster, cell, n,
    outcomes), in any order."""

    design: Floats
    n: Floats
    outcomes: Floats
    by_cluster: NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """Coefficients of the kept columns; ``kept`` are their places in the design."""

    coefficients: Floats
    covariance: Floats
    kept: NDArray[np.int64]

    def of(self, column: int) -> int | None:
        """Place of a column of the design among the coefficients; None where it was dropped."""
        found = np.flatnonzero(self.kept == column)
        return int(found[0]) if found.size else None


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error and the ends of its 95 % interval."""

    value: float
    se: float

    @property
    def lo(self) -> float:
        return self.value - Z95 * self.se

    @property
    def hi(self) -> float:
        return self.value + Z95 * self.se

    @property
    def p(self) -> float:
        return float(2 * scipy_stats.norm.sf(abs(self.value) / self.se))


@dataclass(frozen=True)
class Wald:
    """Joint test that several combinations of coefficients are zero."""

    statistic: float
    df: int
    p: float


def independent(design: Floats, n: Floats) -> NDArray[np.int64]:
    """Columns that do not follow from those before them: the earlier column is the one kept."""
    triangle = np.linalg.qr(design * np.sqrt(n)[:, None], mode="r")
    size = np.abs(np.diag(triangle))
    scale = np.sqrt((design**2 * n[:, None]).sum(axis=0))
    return np.flatnonzero(size > 1e-8 * np.maximum(scale[: size.size], 1.0))


def fit(cells: Cells) -> Fit | None:
    """Maximum likelihood by statsmodels and its clustered covariance; None where the data do not settle it.

    None means separation, no convergence, or fewer clusters than coefficients: too little data, not an error.
    """
    # Forty columns are too few to share: several threads spend twenty times the work on waiting for each other.
    with threadpool_limits(limits=1):
        found = _fit(cells)
    # The library's steps hold a copy of the design each and name each other in circles: only the collector frees them.
    gc.collect(0)
    return found


def _fit(cells: Cells) -> Fit | None:
    # The library takes seconds to import, so only a fit pays for it.
    from statsmodels.genmod.families import Binomial  # noqa: PLC0415
    from statsmodels.genmod.generalized_linear_model import GLM  # noqa: PLC0415
    from statsmodels.tools import sm_exceptions as told  # noqa: PLC0415

    kept = independent(cells.design, cells.n)
    x = cells.design[:, kept]
    endog = np.column_stack([cells.outcomes, cells.n - cells.outcomes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", told.ConvergenceWarning)
        warnings.simplefilter("ignore", told.PerfectSeparationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            model = GLM(endog, x, family=Binomial()).fit(maxiter=50)
        except (told.PerfectSeparationError, np.linalg.LinAlgError, ValueError):
            return None
    coefficients = np.asarray(model.params, dtype=np.float64)
    if not model.converged or not np.isfinite(coefficients).all() or np.abs(coefficients).max() > LARGEST:
        return None
    covariance = _clustered(cells, x, coefficients)
    return None if covariance is None else Fit(coefficients, covariance, kept)


def _clustered(cells: Cells, x: Floats, coefficients: Floats) -> Floats | None:
    """Sandwich with the sums of scores of each cluster in the middle, and the usual small-sample factor."""
    p = _logistic(x @ coefficients)
    cluster, cell, n, outcomes = cells.by_cluster.T
    _, cluster = np.unique(cluster, return_inverse=True)
    clusters, units, columns = int(cluster.max()) + 1, float(cells.n.sum()), x.shape[1]
    if clusters <= columns:
        return None
    bread = np.linalg.pinv(x.T @ (x * (cells.n * p * (1 - p))[:, None]))
    residuals = sparse.csr_matrix((outcomes - n * p[cell], (cluster, cell)), shape=(clusters, x.shape[0]))
    scores = residuals @ x
    factor = clusters / (clusters - 1) * (units - 1) / (units - columns)
    return np.asarray(factor * bread @ (scores.T @ scores) @ bread, dtype=np.float64)


def coefficient(fitted: Fit, weights: Floats) -> Estimate | None:
    """A combination of coefficients (log odds), one weight a column of the design; None where its error is nil."""
    used = weights[fitted.kept]
    if np.abs(weights).sum() > np.abs(used).sum() + 1e-12:
        return None
    variance = float(used @ fitted.covariance @ used)
    return Estimate(float(used @ fitted.coefficients), variance**0.5) if variance > 0 else None


def margin(fitted: Fit, *, with_it: Floats, without: Floats, weights: Floats) -> Estimate:
    """Sum of ``weights * (p with - p without)`` over cells, by the delta method.

    Weights that sum to 1 give the average marginal effect; counts give units, values give money. What is summed over
    is taken as given.
    """
    p1 = _logistic(with_it[:, fitted.kept] @ fitted.coefficients)
    p0 = _logistic(without[:, fitted.kept] @ fitted.coefficients)
    slope = (weights * p1 * (1 - p1)) @ with_it[:, fitted.kept] - (weights * p0 * (1 - p0)) @ without[:, fitted.kept]
    variance = float(slope @ fitted.covariance @ slope)
    return Estimate(float(weights @ (p1 - p0)), max(variance, 0.0) ** 0.5)


def joint(fitted: Fit, combinations: Floats) -> Wald | None:
    """Wald test that every row of ``combinations`` (weights of the design's columns) gives zero."""
    used = combinations[:, fitted.kept]
    middle = used @ fitted.covariance @ used.T
    df = int(np.linalg.matrix_rank(middle))
    if df < combinations.shape[0]:
        return None
    value = used @ fitted.coefficients
    statistic = float(value @ np.linalg.solve(middle, value))
    return Wald(statistic, df, float(scipy_stats.chi2.sf(statistic, df)))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), dtype=np.float64)
