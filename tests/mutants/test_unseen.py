"""What a gradient check cannot see: the gradient is right, of another cost. A value worked out by hand sees it."""

import numpy as np
import pytest

from miniae.losses import LOSSES
from miniae.mutants import UNSEEN
from miniae.mutants.unseen import half_square
from miniae.ops import OPS
from miniae.penalties import PENALTIES

FUNCTIONS = {
    **{name: loss.function for name, loss in LOSSES.items()},
    **PENALTIES,
    "conv2d": lambda x, w: half_square(OPS["conv2d"], x, w),
    "mean_pool2d": lambda x: half_square(OPS["mean_pool2d"], x, padding="same"),
    "upsample2d": lambda x: half_square(OPS["upsample2d"], x, factor=(1, 2), mode="bilinear"),
    "max_pool2d": lambda x: half_square(OPS["max_pool2d"], x),
}
entries = pytest.mark.parametrize("entry", UNSEEN, ids=lambda entry: entry.name)


@entries
def test_a_gradient_check_lets_it_pass(entry):
    assert entry.check().passed


@entries
def test_the_value_worked_out_by_hand_catches_it(entry):
    assert entry.caught()


@entries
def test_the_right_function_has_that_value(entry):
    cost, gradient = FUNCTIONS[entry.breaks](*entry.args)
    np.testing.assert_allclose(cost, entry.right, rtol=1e-12)  # some roundings
    if entry.gradient is not None:
        np.testing.assert_array_equal(gradient, entry.gradient)
