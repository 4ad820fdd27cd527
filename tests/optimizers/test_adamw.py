"""AdamW: two steps by hand, with and without the mask."""

import numpy as np
import pytest

from miniae.optimizers import Adam, AdamW

SETTINGS = {"learning_rate": 5.0, "beta1": 0.5, "beta2": 0.75, "eps": 1.0}


def test_two_steps_by_hand():
    theta, optimizer = np.array([10.0, 10.0]), AdamW(**SETTINGS, weight_decay=0.1)
    state = optimizer.start(theta, decays=np.array([True, False]))
    # Adam's step is 4 (worked out beside Adam's test), the decay 5 * 0.1 * 10 = 5.
    optimizer.update(theta, np.array([4.0, 4.0]), state)
    assert theta.tolist() == [1.0, 6.0]
    # Adam's step is -4/3, the decay 5 * 0.1 * 1 = 0.5.
    optimizer.update(theta, np.array([-4.0, -4.0]), state)
    assert theta == pytest.approx([1 + 4 / 3 - 0.5, 6 + 4 / 3], rel=1e-15)


def test_without_a_mask_everything_decays():
    theta, optimizer = np.array([10.0, -2.0]), AdamW(learning_rate=0.5, weight_decay=0.5)
    optimizer.update(theta, np.zeros(2), optimizer.start(theta))
    assert theta.tolist() == [7.5, -1.5]


def test_the_state_keeps_a_mask_of_its_own():
    theta, optimizer, decays = np.ones(2), AdamW(learning_rate=0.5, weight_decay=0.5), np.array([True, False])
    state = optimizer.start(theta, decays)
    decays[:] = True
    optimizer.update(theta, np.zeros(2), state)
    assert theta.tolist() == [0.75, 1.0]


@pytest.mark.bad_input
def test_adams_state_is_not_adamws():
    theta = np.ones(2)
    with pytest.raises(ValueError, match="AdamW: the state lacks decay; it holds step, mean, mean_square, scratch"):
        AdamW().update(theta, np.ones(2), Adam().start(theta))
