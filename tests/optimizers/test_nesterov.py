"""Nesterov's momentum: two steps by hand, and its look-ahead form."""

import numpy as np

from miniae.optimizers import Nesterov


def test_two_steps_by_hand():
    theta, optimizer = np.array([1.0]), Nesterov(learning_rate=0.5, momentum=0.5)
    state = optimizer.start(theta)
    optimizer.update(theta, np.array([2.0]), state)  # v = 2, step 0.5 * (2 + 0.5 * 2) = 1.5
    assert theta.tolist() == [-0.5]
    optimizer.update(theta, np.array([-4.0]), state)  # v = 1 - 4 = -3, step 0.5 * (-4 + 0.5 * -3) = -2.75
    assert theta.tolist() == [2.25]
    assert state["velocity"].tolist() == [-3.0]


def test_theta_is_where_the_ball_looks():
    def gradient_at(x):
        return np.tanh(x) + x**3

    rate, mu = 0.1, 0.9
    theta, optimizer = np.array([1.0, -0.3]), Nesterov(rate, mu)
    state = optimizer.start(theta)
    ball, velocity = theta.copy(), np.zeros(2)
    for _ in range(50):
        velocity = mu * velocity + gradient_at(ball - rate * mu * velocity)
        ball = ball - rate * velocity
        optimizer.update(theta, gradient_at(theta), state)
        # Numbers of about 1 and two roundings a step; the descent forgets old ones.
        np.testing.assert_allclose(theta, ball - rate * mu * velocity, atol=1e-14)
