"""Momentum: two steps by hand, and the speed it can reach."""

import numpy as np
import pytest

from miniae.optimizers import Momentum


def test_two_steps_by_hand():
    theta, optimizer = np.array([1.0]), Momentum(learning_rate=0.5, momentum=0.5)
    state = optimizer.start(theta)
    optimizer.update(theta, np.array([2.0]), state)  # v = 2
    assert theta.tolist() == [0.0]
    optimizer.update(theta, np.array([-4.0]), state)  # v = 1 - 4 = -3
    assert theta.tolist() == [1.5]
    assert state["velocity"].tolist() == [-3.0]


def test_a_constant_gradient_gathers_ten_times_its_speed():
    theta, optimizer = np.array([0.0]), Momentum(learning_rate=1.0, momentum=0.9)
    state = optimizer.start(theta)
    for _ in range(400):
        before = theta[0]
        optimizer.update(theta, np.array([-1.0]), state)
    # 1 / (1 - 0.9), short of it by 0.9^400 = 5e-19 of itself; the difference of two places of about 4000 is rounded.
    assert theta[0] - before == pytest.approx(10.0, abs=4 * np.spacing(4000.0))
