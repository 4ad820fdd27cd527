"""RMSProp: two steps by hand."""

import numpy as np

from miniae.optimizers import RMSProp


def test_two_steps_by_hand():
    theta, optimizer = np.array([5.0]), RMSProp(learning_rate=0.75, alpha=0.75, eps=1.0)
    state = optimizer.start(theta)
    optimizer.update(theta, np.array([4.0]), state)  # s = 16 / 4 = 4, step 0.75 * 4 / (2 + 1) = 1
    assert theta.tolist() == [4.0]
    optimizer.update(theta, np.array([-2.0]), state)  # s = 3 + 4 / 4 = 4, step 0.75 * -2 / (2 + 1) = -0.5
    assert theta.tolist() == [4.5]
    assert state["mean_square"].tolist() == [4.0]
