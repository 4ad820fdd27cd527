"""What a gradient check cannot see: the gradient is right, of another cost. A value worked out by hand sees it."""

import numpy as np
import pytest

from miniae.losses import LOSSES
from miniae.mutants import UNSEEN
from miniae.penalties import PENALTIES

FUNCTIONS = {**{name: loss.function for name, loss in LOSSES.items()}, **PENALTIES}
entries = pytest.mark.parametrize("entry", UNSEEN, ids=lambda entry: entry.name)


@entries
def test_a_gradient_check_lets_it_pass(entry):
    assert entry.check().passed


@entries
def test_the_value_worked_out_by_hand_catches_it(entry):
    assert entry.caught()


@entries
def test_the_right_function_has_that_value(entry):
    np.testing.assert_allclose(FUNCTIONS[entry.breaks](*entry.args)[0], entry.right, rtol=1e-12)  # some roundings
