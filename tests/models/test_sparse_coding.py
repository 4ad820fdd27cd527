"""Sparse coding: cost by hand, both gradients, the closed form, groups on a map, and what is refused."""

import numpy as np
import pytest

from miniae.gradcheck import check_function
from miniae.models import SparseCoding, topographic_groups

RNG = np.random.default_rng(0)
X, S = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 9))


def model_of(groups):
    return SparseCoding(4, 9, sparsity=0.3, eps=0.01, decay=0.2, groups=groups, seed=1)


GROUPS = pytest.mark.parametrize("groups", [None, topographic_groups(3, 2)], ids=["plain", "topographic"])


def test_the_cost_by_hand():
    # s A = 1 2 + 2 3 = 8, x = 5: error^2 9; q = sqrt(1 + 3), sqrt(4 + 3); A^2 = 4 + 9.
    model = SparseCoding(1, 2, sparsity=0.5, eps=3.0, decay=0.1)
    cost, _, _ = model.cost_and_gradients(np.array([[5.0]]), np.array([[1.0, 2.0]]), np.array([[2.0], [3.0]]))
    assert cost == pytest.approx(9 + 0.5 * (2 + 7**0.5) + 0.1 * 13, rel=1e-14)
    # Both in one group: q = sqrt(1 + 4 + 3).
    model = SparseCoding(1, 2, sparsity=0.5, eps=3.0, decay=0.1, groups=np.ones((1, 2)))
    cost, _, _ = model.cost_and_gradients(np.array([[5.0]]), np.array([[1.0, 2.0]]), np.array([[2.0], [3.0]]))
    assert cost == pytest.approx(9 + 0.5 * 8**0.5 + 0.1 * 13, rel=1e-14)


@GROUPS
def test_gradients(groups):
    model = model_of(groups)

    def cost_and_grad(theta):
        s, bases = theta[: S.size].reshape(S.shape), theta[S.size :].reshape(model.bases.shape)
        cost, ds, da = model.cost_and_gradients(X, s, bases)
        return cost, np.concatenate([ds.ravel(), da.ravel()])

    theta = np.concatenate([S.ravel(), model.bases.ravel()])
    report = check_function(cost_and_grad, theta, layout={"features": S.shape, "bases": model.bases.shape})
    assert report.passed, f"\n{report}"
    assert report.norm_ratio < 1e-8


@GROUPS
def test_against_autograd(groups):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = model_of(groups)
    s, bases = (torch.tensor(a, requires_grad=True) for a in (S, model.bases))
    q = torch.sqrt(s**2 @ torch.tensor(model.groups).T + 0.01)
    cost = (((s @ bases - torch.tensor(X)) ** 2).sum() + 0.3 * q.sum()) / 6 + 0.2 * (bases**2).sum()
    cost.backward()
    value, ds, da = model.cost_and_gradients(X, S, model.bases)
    assert value == pytest.approx(cost.item(), rel=1e-13)
    np.testing.assert_allclose(ds, s.grad.numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(da, bases.grad.numpy(), rtol=0, atol=1e-10)


def test_at_the_best_bases_their_gradient_is_zero():
    model = model_of(None)
    best = model.best_bases(X, S)
    _, _, da = model.cost_and_gradients(X, S, best)
    np.testing.assert_allclose(da, 0, atol=1e-13)


@GROUPS
def test_the_features_found_are_the_smallest(groups):
    """The cost is convex in them, so a gradient of zero is all there is to show."""
    model = model_of(groups)
    s = model.encode(X, iterations=500)
    cost, ds, _ = model.cost_and_gradients(X, s, model.bases)
    assert np.abs(ds).max() < 1e-4 * np.abs(model.cost_and_gradients(X, S, model.bases)[1]).max()
    for seed in range(5):
        other = s + 0.1 * np.random.default_rng(seed).normal(size=s.shape)
        assert model.cost_and_gradients(X, other, model.bases)[0] > cost


def test_bases_that_made_the_data_are_found_again():
    rng = np.random.default_rng(2)
    true = rng.normal(size=(6, 6))
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    x = rng.laplace(size=(2000, 6)) * (rng.uniform(size=(2000, 6)) < 0.2) @ true
    model = SparseCoding(6, 6, sparsity=0.3, decay=0.01, seed=3)
    costs = model.train(x, rounds=60, batch_size=500)
    assert costs[-1] < 0.5 * costs[0]
    found = model.bases / np.linalg.norm(model.bases, axis=1, keepdims=True)
    assert np.abs(found @ true.T).max(axis=0).min() > 0.98


def test_groups_on_a_map_that_closes_on_itself():
    v = topographic_groups(4, 3)
    assert v.shape == (16, 16)
    assert (v.sum(axis=0) == 9).all()  # every feature is in nine groups of nine
    assert (v.sum(axis=1) == 9).all()
    last = v[15].reshape(4, 4)  # begins in the last corner: rows and columns 3, 0, 1
    np.testing.assert_array_equal(last, np.outer([1, 1, 0, 1], [1, 1, 0, 1]))


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SparseCoding(4, 0), ValueError, "features must be a whole number of at least 1, got 0"),
        (lambda: SparseCoding(4, 9, sparsity=-1.0), ValueError, "sparsity must be a finite number of at least 0"),
        (lambda: SparseCoding(4, 9, eps=0.0), ValueError, "eps must be a finite number above 0, got 0"),
        (lambda: SparseCoding(4, 9, decay=0.0), ValueError, "decay must be a finite number above 0, got 0"),
        (
            lambda: SparseCoding(4, 9, groups=np.eye(8)),
            ValueError,
            r"groups must have shape \(groups, 9\), got \(8, 8\)",
        ),
        (lambda: SparseCoding(4, 2, groups=np.array([[1.0, 0.0]])), ValueError, "every feature must be in one"),
        (lambda: topographic_groups(3, 4), ValueError, "size must be from 1 to side = 3, got 4"),
        (lambda: model_of(None).encode(X[:, :3]), ValueError, r"x must have shape \(N, 4\), got \(6, 3\)"),
        (lambda: model_of(None).encode(X.astype(np.float32)), TypeError, "x must be float64, got float32"),
        (lambda: model_of(None).encode(X, iterations=0), ValueError, "iterations must be .* at least 1, got 0"),
        (lambda: model_of(None).train(X, rounds=0), ValueError, "rounds must be a whole number of at least 1, got 0"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
