"""PCA and whitening: covariances, scikit-learn as an oracle, the map kept for test data, and what is refused."""

import numpy as np
import pytest

from miniae.data import PCA

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(5, 5)) * np.array([3.0, 1.0, 1.0, 0.5, 0.1])[:, None]
X = RNG.normal(size=(200, 5)) @ MIX + 7


def covariance(x):
    return np.cov(x.T, ddof=0)


def test_variances_and_directions_are_scikit_learn_s():
    decomposition = pytest.importorskip("sklearn.decomposition", reason="needs scikit-learn, of miniae[course]")
    wanted = decomposition.PCA(svd_solver="full").fit(X)
    pca = PCA(X)
    # From the SVD of x, not of its covariance; it divides by N - 1.
    np.testing.assert_allclose(pca.variances, wanted.explained_variance_ * 199 / 200, rtol=1e-10)
    np.testing.assert_allclose(abs(np.sum(wanted.components_.T * pca.directions, axis=0)), 1, rtol=1e-10)
    np.testing.assert_allclose(abs(pca.rotate(X, 2)), abs(wanted.transform(X)[:, :2]), atol=1e-9)
    assert pca.share(2) == pytest.approx(wanted.explained_variance_ratio_[:2].sum(), rel=1e-12)


def test_rotation_makes_the_covariance_diagonal_and_keeps_lengths():
    pca = PCA(X)
    rotated = pca.rotate(X)
    np.testing.assert_allclose(covariance(rotated), np.diag(pca.variances), atol=1e-12 * pca.variances[0])
    np.testing.assert_allclose((rotated**2).sum(axis=1), ((X - X.mean(axis=0)) ** 2).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(pca.restore(rotated), X, rtol=1e-12)


@pytest.mark.parametrize("components", [1, 3, 5])
def test_what_is_lost_is_the_variance_left_out(components):
    pca = PCA(X)
    lost = ((pca.restore(pca.rotate(X, components)) - X) ** 2).sum() / len(X)
    assert lost == pytest.approx(pca.variances[components:].sum(), rel=1e-10, abs=1e-12)


def test_whitened_covariances():
    pca = PCA(X)
    condition = pca.variances[0] / pca.variances[-1]
    rounding = 1e-15 * condition * len(pca.variances)  # of the smallest variance, by which is divided
    assert rounding < 1e-8
    np.testing.assert_allclose(covariance(pca.whiten(X)), np.eye(5), atol=rounding)
    np.testing.assert_allclose(covariance(pca.zca(X)), np.eye(5), atol=rounding)
    wanted = np.diag(pca.variances / (pca.variances + 0.1))
    np.testing.assert_allclose(covariance(pca.whiten(X, eps=0.1)), wanted, atol=1e-12)
    turned = pca.directions @ wanted @ pca.directions.T
    np.testing.assert_allclose(covariance(pca.zca(X, eps=0.1)), turned, atol=1e-12)


def test_zca_is_the_nearest_of_all_whitenings():
    pca = PCA(X)
    centred, white = X - X.mean(axis=0), pca.whiten(X)
    nearest = ((pca.zca(X) - centred) ** 2).sum()
    for seed in range(20):
        q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))
        assert ((white @ q - centred) ** 2).sum() > nearest


def test_test_data_goes_through_the_map_of_the_training_data():
    pca, other = PCA(X), RNG.normal(size=(3, 5))
    np.testing.assert_allclose(pca.zca(other, 0.1), (other - X.mean(axis=0)) @ pca.zca_matrix(0.1), rtol=1e-12)
    np.testing.assert_allclose(pca.whiten(other, components=2), (pca.rotate(other) / pca.variances**0.5)[:, :2])


def test_a_unit_on_whitened_pixels_is_a_filter_on_pixels():
    pca, w = PCA(X), RNG.normal(size=(5, 2))
    np.testing.assert_allclose(pca.zca(X, 0.1) @ w, (X - pca.mean) @ (pca.zca_matrix(0.1) @ w), rtol=0, atol=1e-12)


def test_signs_do_not_depend_on_the_order_of_the_examples():
    pca, again = PCA(X), PCA(X[::-1].copy())
    np.testing.assert_allclose(again.directions, pca.directions, atol=1e-9)
    largest = pca.directions[abs(pca.directions).argmax(axis=0), np.arange(5)]
    assert (largest > 0).all()


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 1.0])
def test_the_number_of_components_is_the_smallest_that_suffices(share):
    pca = PCA(X)
    k = pca.components_for(share)
    assert pca.share(k) >= share
    assert k == 1 or pca.share(k - 1) < share


def test_float32_stays_float32():
    pca = PCA(X.astype(np.float32))
    assert {a.dtype for a in (pca.mean, pca.zca(X.astype(np.float32), 0.1), pca.zca_matrix())} == {np.dtype("float32")}
    assert pca.whiten(X.astype(np.float32)).dtype == np.float32
    # Values of order 10, sums of 5 of them at 6e-8 each, divided by the smallest deviation.
    wanted = PCA(X).whiten(X)
    np.testing.assert_allclose(pca.whiten(X.astype(np.float32)), wanted, atol=50 * 6e-8 * 10 / pca.variances[-1] ** 0.5)


def constant_feature():
    x = X.copy()
    x[:, 3] = 0.25
    return x


def brightness_removed():
    return X - X.mean(axis=1, keepdims=True)


def test_directions_without_variance_are_whitened_with_eps_or_left_out():
    pca = PCA(brightness_removed())
    assert pca.components_for(1.0) in (4, 5)  # rounding may leave a last share of 1e-16
    np.testing.assert_allclose(covariance(pca.whiten(X, components=4))[:2, :2], np.eye(2), atol=1e-9)
    assert np.isfinite(pca.zca(X, eps=0.1)).all()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PCA(np.zeros((4, 4), np.uint8)), TypeError, "x: whole numbers of dtype uint8"),
        (lambda: PCA(np.full((4, 4), np.nan)), ValueError, "x: 16 of 16 values are not finite"),
        (lambda: PCA(np.ones((1, 3))), ValueError, r"x must have shape \(examples, features\), at least 2.*\(1, 3\)"),
        (lambda: PCA(np.ones(3)), ValueError, r"got \(3,\)"),
        (lambda: PCA(constant_feature()).whiten(X), ValueError, "feature 3 is constant .* keep 4 components"),
        (lambda: PCA(constant_feature()).zca(X), ValueError, "feature 3 is constant"),
        (lambda: PCA(brightness_removed()).zca_matrix(), ValueError, "direction 4 of 5 has no variance"),
        (lambda: PCA(np.ones((4, 3))).whiten(np.ones((4, 3))), ValueError, r"feature 0 is constant \(one of 3\)"),
        (lambda: PCA(np.ones((4, 3))).components_for(0.9), ValueError, "every feature is constant"),
        (lambda: PCA(X).components_for(1.1), ValueError, r"share must lie in \(0, 1\], got 1.1"),
        (lambda: PCA(X).share(0), ValueError, "components must be a whole number from 1 to 5, got 0"),
        (lambda: PCA(X).rotate(X, 6), ValueError, "components must be a whole number from 1 to 5, got 6"),
        (lambda: PCA(X).rotate(X, 2.5), ValueError, "components must be a whole number from 1 to 5, got 2.5"),
        (lambda: PCA(X).whiten(X, eps=-1.0), ValueError, "eps must be a finite number of at least 0, got -1"),
        (
            lambda: PCA(X).rotate(X[:, :4]),
            ValueError,
            r"x must have shape \(examples, 5\) as in training, got \(200, 4\)",
        ),
        (
            lambda: PCA(X).restore(np.ones(3)),
            ValueError,
            r"rotated must have shape \(examples, components\), got \(3,\)",
        ),
        (lambda: PCA(X).rotate(X.astype(np.float32)), TypeError, "x is float32 but mean is float64"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
