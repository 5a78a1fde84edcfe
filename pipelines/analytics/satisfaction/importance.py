"""Relative importance of correlated drivers: what each explains, however its weight is shared with the others.

Belongs here: Shapley's (LMG's) decomposition of R squared over moments, and its cluster bootstrap. Stays out: frames,
which drivers there are, and words.

A driver's importance is its mean gain in R squared over all orders in which the drivers can enter (Lindeman, Merenda
and Gold 1980; Groemping 2006). It needs the covariances alone, so every subset of up to eight drivers is solved, for
all groups and resamples at once. The bootstrap draws buckets of customers: one person's answers stay together, and a
million of them cost no more than the buckets.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from pipelines.analytics.stats import Floats

MAX_DRIVERS = 8
BUCKETS = 400
RESAMPLES = 200
SEED = 20240229
RIDGE = 1e-10
"""Keeps a driver that never varies from stopping the solver; nothing a reader could see."""


def moments(values: Floats, bucket: NDArray[np.int64]) -> Floats:
    """Sums of all products of (1, outcome, drivers) by bucket: [bucket, column, column]."""
    rows = np.column_stack([np.ones(len(values)), values])
    size = rows.shape[1]
    summed = np.zeros((BUCKETS, size, size))
    for one, other in combinations(range(size), 2):
        summed[:, one, other] = np.bincount(bucket, rows[:, one] * rows[:, other], BUCKETS)
        summed[:, other, one] = summed[:, one, other]
    for one in range(size):
        summed[:, one, one] = np.bincount(bucket, rows[:, one] ** 2, BUCKETS)
    return summed


def resampled(summed: Floats) -> Floats:
    """The moments as they are, then ``RESAMPLES`` times with the buckets that hold anybody drawn anew."""
    held = summed[summed[:, 0, 0] > 0]
    rng = np.random.default_rng(SEED)
    draws = rng.multinomial(len(held), np.full(len(held), 1 / len(held)), RESAMPLES)
    return np.concatenate([held.sum(axis=0)[None], np.tensordot(draws.astype(float), held, axes=1)])


def correlations(summed: Floats) -> tuple[Floats, Floats]:
    """Correlations of outcome and drivers, and their standard deviations, from sums of products [..., p, p]."""
    n = summed[..., 0, 0]
    means = summed[..., 0, 1:] / n[..., None]
    covariance = summed[..., 1:, 1:] / n[..., None, None] - means[..., :, None] * means[..., None, :]
    variance = np.clip(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0, None)
    # What is left of equal values is the rounding of their sums, not a spread.
    deviation = np.where(variance > 1e-9 * (means**2 + 1), np.sqrt(variance), 0.0)
    safe = np.where(deviation > 0, deviation, 1.0)
    scaled = covariance / (safe[..., :, None] * safe[..., None, :])
    varies = (deviation > 0).astype(float)
    scaled = scaled * varies[..., :, None] * varies[..., None, :]
    diagonal = np.arange(scaled.shape[-1])
    scaled[..., diagonal, diagonal] = 1.0
    return scaled, deviation


def slopes(correlation: Floats) -> Floats:
    """Standardised slopes of the outcome (first) on all drivers."""
    drivers = correlation[..., 1:, 1:] + RIDGE * np.eye(correlation.shape[-1] - 1)
    return np.asarray(np.linalg.solve(drivers, correlation[..., 1:, :1])[..., 0], dtype=np.float64)


def explained(correlation: Floats, subset: tuple[int, ...]) -> Floats:
    """R squared of the outcome on some drivers, numbered from 0."""
    if not subset:
        return np.zeros(correlation.shape[:-2])
    places = [0, *(number + 1 for number in subset)]
    part = correlation[..., places, :][..., places]
    r_squared: Floats = (slopes(part) * part[..., 1:, 0]).sum(axis=-1)
    return np.clip(r_squared, 0.0, 1.0)


def shapley(correlation: Floats) -> Floats:
    """R squared split over the drivers, [..., driver]; the parts sum to the R squared of all.

    Raises:
        ValueError: more drivers than every subset of which is solved.
    """
    count = correlation.shape[-1] - 1
    if count > MAX_DRIVERS:
        raise ValueError(f"{count} drivers: at most {MAX_DRIVERS} are decomposed exactly")
    subsets = [subset for size in range(count + 1) for subset in combinations(range(count), size)]
    gain = {subset: explained(correlation, subset) for subset in subsets}
    parts = np.zeros((*correlation.shape[:-2], count))
    for subset in subsets:
        weight = (
            factorial(len(subset)) * factorial(count - len(subset) - 1) / factorial(count) if len(subset) < count else 0
        )
        for driver in set(range(count)) - set(subset):
            parts[..., driver] += weight * (gain[tuple(sorted((*subset, driver)))] - gain[subset])
    return parts


def inflation(correlation: Floats) -> Floats:
    """Variance inflation factor of each driver by the others: the diagonal of the inverse of their correlations."""
    drivers = correlation[..., 1:, 1:] + RIDGE * np.eye(correlation.shape[-1] - 1)
    inverse: Floats = np.diagonal(np.linalg.inv(drivers), axis1=-2, axis2=-1)
    return inverse


def ranks(values: Floats) -> NDArray[np.int64]:
    """Ranks along the last axis, 1 the largest; ties by position."""
    order = np.argsort(-values, axis=-1, kind="stable")
    places: NDArray[np.int64] = np.argsort(order, axis=-1, kind="stable") + 1
    return places
