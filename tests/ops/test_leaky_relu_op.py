"""Leaky ReLU, worked out by hand, at its kink and at its extremes."""

import numpy as np
import pytest

from miniae.ops import leaky_relu_backward, leaky_relu_forward, relu_forward
from miniae.ops.leaky_relu import LeakyReluCache


def test_forward_by_hand():
    x = np.array([-4.0, 0.0, 2.0])
    np.testing.assert_array_equal(leaky_relu_forward(x, slope=0.25)[0], [-1, 0, 2])
    np.testing.assert_array_equal(leaky_relu_forward(x)[0], [-0.04, 0, 2])


def test_backward_by_hand():
    dx = leaky_relu_backward(np.array([8.0, -8.0]), LeakyReluCache(np.array([-1.0, 3.0]), 0.25))
    np.testing.assert_array_equal(dx, [2, -8])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_the_kink_is_that_of_the_negative_side(zero):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    _, cache = leaky_relu_forward(np.array([zero]), slope=0.3)
    assert leaky_relu_backward(np.array([1.0]), cache) == 0.3
    x = torch.tensor([zero], requires_grad=True, dtype=torch.float64)
    torch.nn.functional.leaky_relu(x, 0.3).sum().backward()
    assert x.grad.item() == 0.3


def test_without_a_leak_it_is_a_relu():
    x = np.array([-4.0, 0.0, 2.0])
    y, cache = leaky_relu_forward(x, slope=0.0)
    np.testing.assert_array_equal(y, relu_forward(x)[0])
    np.testing.assert_array_equal(leaky_relu_backward(np.ones(3), cache), [0, 0, 1])


def test_extremes():
    y, cache = leaky_relu_forward(np.array([-np.inf, -1e300, 1e300, np.inf]), slope=0.25)
    np.testing.assert_array_equal(y, [-np.inf, -2.5e299, 1e300, np.inf])
    np.testing.assert_array_equal(leaky_relu_backward(np.ones(4), cache), [0.25, 0.25, 1, 1])


@pytest.mark.bad_input
@pytest.mark.parametrize("slope", [-0.01, 1.0, 5.0, np.nan])
def test_a_slope_outside_its_range_is_refused(slope):
    with pytest.raises(ValueError, match=rf"leaky_relu: slope must lie in \[0, 1\), got {slope}"):
        leaky_relu_forward(np.ones(2), slope=slope)
