"""Binary cross-entropy of probabilities, worked out by hand, and what it does at 0 and 1."""

import numpy as np
import pytest

from miniae.losses import binary_cross_entropy

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_by_hand():
    y, target = np.array([[0.5, 0.25], [0.8, 0.5]]), np.array([[1.0, 0.0], [1.0, 0.5]])
    # -log 0.5 - log 0.75 - log 0.8 - log 0.5 = log(2 * 4/3 * 5/4 * 2) = log(20/3), over 4 elements
    loss, dy = binary_cross_entropy(y, target)
    np.testing.assert_allclose(loss, np.log(20 / 3) / 4, rtol=1e-15)
    # -1 / 0.5, 1 / 0.75, -1 / 0.8 and, at its minimum, 0; over 4
    np.testing.assert_allclose(dy, [[-0.5, 1 / 3], [-0.3125, 0]], rtol=1e-15)


@dtypes
def test_at_the_ends_the_right_answer_costs_nothing_and_the_wrong_one_much(dtype):
    eps = float(np.finfo(dtype).eps)
    for y, target, cost, slope in [
        # f(eps) = -log eps and f'(eps) = -1 / eps: at 0 the tangent is 1 higher
        (0, 1, 1 - np.log(eps), -1 / eps),
        (1, 0, 1 - np.log(eps), 1 / eps),
        (0, 0, 0, 1),
        (1, 1, 0, -1),
    ]:
        loss, dy = binary_cross_entropy(np.array([[y]], dtype), np.array([[target]], dtype))
        assert float(loss) == pytest.approx(cost, rel=4 * eps, abs=eps)
        np.testing.assert_allclose(dy.item(), slope, rtol=4 * eps)


@dtypes
@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("near", "far"), [(0.0, -0.5), (1.0, 1.5)])
def test_beyond_the_ends_the_gradient_is_the_slope_of_the_value(dtype, target, near, far):
    """On the far side the loss is a straight line, so that a difference quotient is its slope exactly."""

    def loss(y):
        return binary_cross_entropy(np.array([[y]], dtype), np.array([[target]], dtype))

    (low, slope), (high, same) = loss(near), loss(far)
    quotient = (float(high) - float(low)) / (far - near)
    np.testing.assert_allclose(slope.item(), quotient, rtol=8 * np.finfo(dtype).eps)
    assert same.item() == slope.item()


@dtypes
def test_value_and_gradient_are_continuous_where_the_tangent_begins(dtype):
    eps = np.finfo(dtype).eps
    t = np.ones((1, 1), dtype)
    inside, outside = (binary_cross_entropy(np.array([[factor * eps]], dtype), t) for factor in (1.001, 0.999))
    # between them p changes by 0.2 percent of eps, so the value by 0.002 and the slope by at most 0.1 percent
    np.testing.assert_allclose(float(outside[0] - inside[0]), 0.002, rtol=0.01)
    np.testing.assert_allclose(outside[1].item(), inside[1].item(), rtol=0.00101)


def test_small_probabilities_keep_their_digits():
    # -log(1 - p) = p + p^2 / 2 + ...
    loss, _ = binary_cross_entropy(np.array([[1e-10]]), np.array([[0.0]]))
    np.testing.assert_allclose(loss, 1e-10 + 5e-21, rtol=1e-15)
