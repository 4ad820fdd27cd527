"""JumpReLU: by hand, at its step, and its straight-through gradient against the derivative of a mean cost."""

import numpy as np
import pytest

from miniae.ops import jump_relu_backward, jump_relu_forward


def test_forward_by_hand():
    y, _ = jump_relu_forward(np.array([[-3.0, 0.5], [2.0, 0.2]]), np.array([1.0, 0.3]))
    np.testing.assert_array_equal(y, [[0, 0.5], [2, 0]])


def test_the_step_compares_the_pre_activation_and_lets_it_pass_whole():
    """Not relu(x) - t, nor a step of it at 0: what is above t keeps its value, with t of either sign."""
    y, _ = jump_relu_forward(np.array([[1.1, -0.4, -0.6]]), np.array([1.0, -0.5, -0.5]))
    np.testing.assert_array_equal(y, [[1.1, -0.4, 0]])


def test_at_the_threshold_a_feature_is_off():
    y, cache = jump_relu_forward(np.array([[1.0, 2.0]]), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(y, [[0, 0]])
    np.testing.assert_array_equal(jump_relu_backward(np.ones((1, 2)), cache)[0], [[0, 0]])


def test_backward_by_hand():
    x, t, dy = np.array([[1.1, 5.0], [0.8, 1.9], [1.3, 2.4]]), np.array([1.0, 2.0]), np.array([[1.0], [2.0], [4.0]])
    _, cache = jump_relu_forward(x, t, bandwidth=0.5)
    dx, dt = jump_relu_backward(dy * np.ones(2), cache)
    np.testing.assert_array_equal(dx, [[1, 1], [0, 0], [4, 4]])
    np.testing.assert_allclose(dt, [-1 / 0.5 * (1 + 2), -2 / 0.5 * 2], rtol=1e-15)  # 1.3, 5 and 2.4: not in the window


def test_the_window_is_open_at_both_ends():
    _, cache = jump_relu_forward(np.array([[0.75], [1.25]]), np.array([1.0]), bandwidth=0.5)
    assert jump_relu_backward(np.ones((2, 1)), cache)[1] == 0


def test_the_mean_of_the_straight_through_gradient_is_the_derivative_of_the_mean_cost():
    r"""x uniform on [0, 2], cost (y - c)^2 / 2 with y = x H(x - t), for which dy = y - c.

    E[cost](t) = 1/2 (int_0^t c^2 / 2 + int_t^2 (x - c)^2 / 2), so its derivative is (c^2 - (t - c)^2) / 4.

    One x has the gradient g = -(t / eps) K dy, where K is 1 for x within eps / 2 of t. There dy = -c below t and x - c
    above, so E[g] = -(t / eps) 1/2 (-c eps / 2 + (t + eps / 4 - c) eps / 2) = t (2c - t - eps / 4) / 4, of which
    t (2c - t) / 4 is the derivative: the smoothing takes t eps / 16 off. The mean of m draws scatters about E[g] with
    standard deviation at most (t / eps) sqrt(eps / 2) max|dy| / sqrt(m), since K is 1 in a share eps / 2 of draws.
    """
    c, eps, m = 0.7, 0.05, 1_000_000
    x = np.random.default_rng(0).uniform(0, 2, (m, 1))
    for t in 0.3, 0.7, 1.2, 1.7:
        y, cache = jump_relu_forward(x, np.array([t]), bandwidth=eps)
        mean = jump_relu_backward((y - c) / m, cache)[1][0]
        derivative = (c**2 - (t - c) ** 2) / 4
        deviation = t / eps * np.sqrt(eps / 2) * max(c, abs(t + eps / 2 - c)) / np.sqrt(m)
        assert abs(mean - derivative) <= t * eps / 16 + 4 * deviation
        assert t * eps / 16 + 4 * deviation < 0.1 * abs(derivative) + 0.02  # the bound is no excuse


def test_the_analytic_derivative_is_that_of_the_measured_mean_cost():
    """The formula above against a difference of the mean cost over the same x: t = 1.2 and 1.2 + h, h = .1."""
    c, t, h = 0.7, 1.2, 0.1
    x = (np.arange(200_000)[:, None] + 0.5) / 100_000  # evenly over [0, 2]: the mean is an integral

    def mean_cost(t):
        y, _ = jump_relu_forward(x, np.array([t]))
        return ((y - c) ** 2).mean() / 2

    # (c^2 - (t - c)^2) / 4 is quadratic in t: its mean over [t - h, t + h] is its value at t less h^2 / 12.
    difference = (mean_cost(t + h) - mean_cost(t - h)) / (2 * h)
    assert difference == pytest.approx((c**2 - (t - c) ** 2) / 4 - h**2 / 12, abs=1e-4)


def test_nan_of_x_and_of_the_threshold_come_out():
    y, _ = jump_relu_forward(np.array([[np.nan, 1.0, -np.inf]]), np.array([0.0, np.nan, 0.0]))
    np.testing.assert_array_equal(y, [[np.nan, np.nan, 0]])


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match=r"threshold must have an entry for each feature of x \(2, 3\), got \(2,\)"):
        jump_relu_forward(np.ones((2, 3)), np.ones(2))
    for bandwidth in 0.0, -1.0, np.nan:
        with pytest.raises(ValueError, match=f"bandwidth must be positive, got {bandwidth}"):
            jump_relu_forward(np.ones((2, 3)), np.ones(3), bandwidth=bandwidth)


def test_one_row_without_a_batch():
    y, cache = jump_relu_forward(np.array([0.5, 2.0]), np.array([1.0, 1.0]))
    np.testing.assert_array_equal(y, [0.0, 2.0])
    np.testing.assert_array_equal(jump_relu_backward(np.ones(2), cache)[0], [0.0, 1.0])


def test_the_window_is_narrow_unless_a_bandwidth_is_given():
    x, t, dy = np.array([[1.0004], [1.3]]), np.array([1.0]), np.ones((2, 1))
    _, narrow = jump_relu_forward(x, t)
    _, wide = jump_relu_forward(x, t, bandwidth=1.0)
    assert jump_relu_backward(dy, narrow)[1] == pytest.approx(-1 / 0.001)  # the first x alone
    assert jump_relu_backward(dy, wide)[1] == pytest.approx(-2)
