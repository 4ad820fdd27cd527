"""Adam: two steps by hand."""

import numpy as np
import pytest

from miniae.optimizers import Adam


def test_two_steps_by_hand():
    theta, optimizer = np.array([10.0]), Adam(learning_rate=5.0, beta1=0.5, beta2=0.75, eps=1.0)
    state = optimizer.start(theta)
    # m = 2, m hat = 2 / (1 - 0.5) = 4;  v = 16 / 4 = 4, v hat = 4 / (1 - 0.75) = 16;  step 5 * 4 / (4 + 1) = 4
    optimizer.update(theta, np.array([4.0]), state)
    assert theta.tolist() == [6.0]
    # m = 1 - 2 = -1, m hat = -1 / (1 - 0.25) = -4/3;  v = 3 + 4 = 7, v hat = 7 / (1 - 0.5625) = 16;  step -4/3
    optimizer.update(theta, np.array([-4.0]), state)
    assert theta[0] == pytest.approx(6 + 4 / 3, rel=1e-15)
    assert state["mean"].tolist() == [-1.0]
    assert state["mean_square"].tolist() == [7.0]


def test_under_a_constant_gradient_every_step_is_the_rate():
    theta, optimizer = np.array([0.0, 0.0]), Adam(learning_rate=0.5)
    state = optimizer.start(theta)
    for step in range(1, 101):
        optimizer.update(theta, np.array([3.0, -700.0]), state)
        # eps is 3e-9 and 1e-11 of the gradients.
        np.testing.assert_allclose(theta, [-0.5 * step, 0.5 * step], rtol=4e-9)
