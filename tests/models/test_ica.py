"""ICA: gradient, orthonormality, a mixture taken apart, and what it refuses."""

import numpy as np
import pytest

from miniae.data import PCA
from miniae.gradcheck import check
from miniae.models import ICA

X = np.random.default_rng(0).normal(size=(9, 5))


def w_of(model):
    return model.layout.views(model.theta)["w"]


def test_the_cost_by_hand():
    # One direction, z = (4, -3); with eps 9 and 16 left over: sqrt(16 + 9) = 5, sqrt(9 + 9) = 3 sqrt 2; their mean.
    model = ICA(2, 1, eps=9.0)
    cost = model.cost(np.array([1.0, 0.0]), np.array([[4.0, 7.0], [-3.0, 7.0]]))
    assert cost == pytest.approx((5 + 3 * 2**0.5) / 2, rel=1e-14)


def test_gradient():
    report = check(ICA(5, 3), X)
    assert report.passed, f"\n{report}"
    assert report.norm_ratio < 1e-7


def test_it_starts_and_stays_orthonormal_and_never_goes_up():
    model = ICA(5, 3, seed=2)
    assert ((w_of(model).T @ w_of(model) - np.eye(3)) ** 2).sum() < 1e-20
    costs = model.train(np.random.default_rng(1).laplace(size=(400, 5)), iterations=50)
    assert ((w_of(model).T @ w_of(model) - np.eye(3)) ** 2).sum() < 1e-20
    assert (np.diff(costs) <= 0).all()
    assert costs[-1] < costs[0]


def test_the_nearest_orthonormal_matrix_is_that_of_the_formula():
    v = np.random.default_rng(3).normal(size=(5, 3))
    variances, directions = np.linalg.eigh(v.T @ v)
    wanted = v @ (directions / np.sqrt(variances)) @ directions.T  # v (v^T v)^(-1/2)
    np.testing.assert_allclose(ICA(5, 3).orthonormal(v), wanted, atol=1e-13)


def test_it_takes_a_mixture_apart():
    rng = np.random.default_rng(4)
    sources = rng.laplace(size=(5000, 3))
    mixed = sources @ rng.normal(size=(3, 3))
    model = ICA(3, 3, seed=5)
    white = PCA(mixed).zca(mixed)
    model.train(white, iterations=200)
    correlations = np.abs(np.corrcoef(model.encode(white).T, sources.T)[:3, 3:])
    # Each component is one source. Mixing angles are known to within 1 / sqrt(5000) = .014 or so: cosines .999 and up.
    assert correlations.max(axis=1).min() > 0.995
    assert sorted(correlations.argmax(axis=1)) == [0, 1, 2]


def test_at_the_minimum_no_step_is_taken():
    """The components of orthonormal data: there the gradient itself is not 0, but its part along the constraint is."""
    x = np.repeat(np.eye(3), 2, axis=0) * np.array([1.0, -1.0] * 3)[:, None]
    model = ICA(3, 3)
    model.theta[...] = np.eye(3).ravel()
    assert np.abs(model.cost_and_grad(model.theta, x)[1]).max() > 0.1
    costs = model.train(x, iterations=5)
    np.testing.assert_allclose(costs, costs[0], rtol=1e-12)
    np.testing.assert_allclose(w_of(model), np.eye(3), atol=1e-7)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ICA(5, 6), "components must be from 1 to in_features = 5, got 6"),
        (lambda: ICA(5, 0), "got 0"),
        (lambda: ICA(5, 5, eps=-1.0), "eps must be a finite number above 0, got -1"),
        (lambda: ICA(4, 4).encode(X), r"x must have shape \(N, 4\), got \(9, 5\)"),
        (lambda: ICA(4, 4).train(X), r"x must have shape \(N, 4\), got \(9, 5\)"),
        (lambda: ICA(5, 5).train(X, iterations=0), "iterations must be a whole number of at least 1, got 0"),
        (lambda: ICA(5, 5).train(np.full((2, 5), np.nan)), "x: 10 of 10 values are not finite"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
