"""Gradient descent: two steps by hand."""

import numpy as np

from miniae.optimizers import SGD
from miniae.schedules import StepDecay


def test_two_steps_by_hand():
    theta, optimizer = np.array([1.0, -3.0]), SGD(0.5)
    state = optimizer.start(theta)
    optimizer.update(theta, np.array([2.0, 4.0]), state)
    assert theta.tolist() == [0.0, -5.0]
    optimizer.update(theta, np.array([-1.0, 0.0]), state)
    assert theta.tolist() == [0.5, -5.0]


def test_the_first_step_is_step_0_of_the_schedule():
    theta, optimizer = np.array([0.0]), SGD(StepDecay(1.0, 0.5, 2))
    state, places = optimizer.start(theta), []
    for _ in range(4):
        optimizer.update(theta, np.array([-1.0]), state)
        places.append(theta[0])
    assert places == [1.0, 2.0, 2.5, 3.0]
