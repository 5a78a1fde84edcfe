"""The fit on counted cells against statsmodels on the rows themselves, and what it says where data are too few."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from pipelines.analytics import logit


def rows(seed=5, n=3000, customers=700):
    """Rows of two yes-or-no covariates and a number of three levels, several a customer with a taste."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, customers, n)
    taste = rng.normal(0, 0.8, customers)[customer]
    x = np.column_stack([np.ones(n), rng.random(n) < 0.3, rng.random(n) < 0.5, rng.integers(0, 3, n)]).astype(float)
    y = rng.random(n) < 1 / (1 + np.exp(-(x @ [-0.5, 0.8, -0.3, 0.2] + taste)))
    return x, y.astype(float), customer


def cells_of(x, y, customer):
    design, cell = np.unique(x, axis=0, return_inverse=True)
    pairs, place = np.unique(np.column_stack([customer, cell]), axis=0, return_inverse=True)
    by_cluster = np.column_stack([pairs, np.bincount(place), np.bincount(place, y).astype(int)])
    return logit.Cells(design, np.bincount(cell).astype(float), np.bincount(cell, y), by_cluster)


def test_counted_cells_give_what_the_rows_give():
    x, y, customer = rows()
    fitted = logit.fit(cells_of(x, y, customer))
    peer = sm.Logit(y, x).fit(disp=0, cov_type="cluster", cov_kwds={"groups": customer})
    assert fitted.coefficients == pytest.approx(peer.params, abs=1e-6)
    assert fitted.covariance == pytest.approx(peer.cov_params(), rel=1e-5)


def test_average_marginal_effect_is_statsmodels_own():
    x, y, customer = rows()
    cells = cells_of(x, y, customer)
    fitted = logit.fit(cells)
    with_it, without = cells.design.copy(), cells.design.copy()
    with_it[:, 1], without[:, 1] = 1, 0
    effect = logit.margin(fitted, with_it=with_it, without=without, weights=cells.n / cells.n.sum())
    peer = sm.Logit(y, x).fit(disp=0, cov_type="cluster", cov_kwds={"groups": customer}).get_margeff(dummy=True)
    assert effect.value == pytest.approx(peer.margeff[0], abs=1e-7)
    assert effect.se == pytest.approx(peer.margeff_se[0], rel=1e-5)


def test_joint_test_is_statsmodels_own():
    x, y, customer = rows()
    test = logit.joint(logit.fit(cells_of(x, y, customer)), np.eye(4)[1:3])
    peer = sm.Logit(y, x).fit(disp=0, cov_type="cluster", cov_kwds={"groups": customer})
    assert test.statistic == pytest.approx(float(peer.wald_test(np.eye(4)[1:3], scalar=True, use_f=False).statistic))
    assert test.df == 2


def test_a_column_that_follows_from_others_is_dropped_and_has_no_effect():
    x, y, customer = rows()
    doubled = np.column_stack([x, 1 - x[:, 1]])
    fitted = logit.fit(cells_of(doubled, y, customer))
    assert fitted.kept.tolist() == [0, 1, 2, 3]
    assert logit.coefficient(fitted, np.eye(5)[4]) is None
    assert logit.coefficient(fitted, np.eye(5)[1]).value == pytest.approx(
        logit.coefficient(logit.fit(cells_of(x, y, customer)), np.eye(4)[1]).value
    )


def test_separation_and_too_few_customers_are_no_fit():
    x, y, customer = rows()
    everybody = np.where(x[:, 1] == 1, 1.0, y)
    assert logit.fit(cells_of(x, everybody, customer)) is None
    assert logit.fit(cells_of(x, y, customer % 3)) is None
