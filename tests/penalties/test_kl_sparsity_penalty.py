"""KL sparsity, worked out by hand, and what it does where a unit is never or always active."""

import numpy as np
import pytest

from miniae.penalties import kl_sparsity

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_by_hand():
    # mean activations 0.5 and 0.25, asked for: 0.25, so the second unit costs nothing
    a = np.array([[0.2, 0.4], [0.8, 0.1]])
    cost, da = kl_sparsity(a, rho=0.25, beta=3.0)
    # 0.25 log(0.25 / 0.5) + 0.75 log(0.75 / 0.5) = 0.75 log 3 - log 2
    np.testing.assert_allclose(cost, 3 * (0.75 * np.log(3) - np.log(2)), rtol=1e-14)
    # beta / m (-0.25 / 0.5 + 0.75 / 0.5) = 3 / 2 * 1
    np.testing.assert_allclose(da, [1.5, 0], rtol=1e-14, atol=1e-14)


def test_only_the_mean_over_the_batch_counts():
    rng = np.random.default_rng(0)
    a = rng.uniform(0.1, 0.9, (6, 3))
    cost, _ = kl_sparsity(a, 0.05, 1.0)
    averaged, _ = kl_sparsity(np.tile(a.mean(axis=0), (6, 1)), 0.05, 1.0)
    np.testing.assert_allclose(cost, averaged, rtol=1e-14)
    each = np.mean([kl_sparsity(row[None], 0.05, 1.0)[0] for row in a])
    assert cost < 0.9 * each  # the KL of every example by itself is another penalty


@dtypes
@pytest.mark.parametrize(("rho_hat", "sign"), [(0.0, -1), (1.0, 1)])
def test_a_unit_never_or_always_active_has_a_finite_cost_and_a_steep_gradient(dtype, rho_hat, sign):
    eps = float(np.finfo(dtype).eps)
    rho = 0.25 if rho_hat == 0 else 0.75  # so that both ends are mirror images
    cost, da = kl_sparsity(np.full((2, 1), rho_hat, dtype), rho, 1.0)
    # At q = eps: 0.25 log(0.25 / eps) + 0.75 log 0.75, and the tangent from there to 0 adds eps * 0.25 / eps.
    expected = 0.25 * np.log(0.25 / eps) + 0.75 * np.log(0.75) + 0.25
    np.testing.assert_allclose(float(cost), expected, rtol=4 * eps)
    np.testing.assert_allclose(da.item(), sign * 0.25 / eps / 2, rtol=8 * eps)


@dtypes
@pytest.mark.parametrize(("near", "far"), [(0.0, -0.5), (1.0, 1.5)])
def test_beyond_the_ends_the_gradient_is_the_slope_of_the_value(dtype, near, far):
    """On the far side the penalty is a straight line, so that a difference quotient is its slope exactly."""
    (low, slope), (high, same) = (kl_sparsity(np.array([[r]], dtype), 0.05, 3.0) for r in (near, far))
    quotient = (float(high) - float(low)) / (far - near)
    np.testing.assert_allclose(slope.item(), quotient, rtol=8 * np.finfo(dtype).eps)
    assert same.item() == slope.item()


def test_of_weight_zero_is_nothing():
    cost, da = kl_sparsity(np.array([[0.2, 0.4], [0.8, 0.1]]), rho=0.25, beta=0.0)
    assert cost == 0
    np.testing.assert_array_equal(da, [0, 0])


@pytest.mark.bad_input
@pytest.mark.parametrize("rho", [0.0, 1.0, -0.1, 5.0, np.nan])
def test_a_rho_outside_its_range_is_refused(rho):
    with pytest.raises(ValueError, match=rf"kl_sparsity: rho must lie in \(0, 1\), got {rho}"):
        kl_sparsity(np.full((2, 3), 0.5), rho, 1.0)
