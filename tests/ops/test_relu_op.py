"""ReLU, worked out by hand, at its kink and at its extremes."""

import numpy as np
import pytest

from miniae.ops import relu_backward, relu_forward
from miniae.ops.relu import ReluCache


def test_forward_by_hand():
    y, _ = relu_forward(np.array([[-3.0, -0.5], [0.5, 2.0]]))
    np.testing.assert_array_equal(y, [[0, 0], [0.5, 2]])


def test_backward_by_hand():
    dx = relu_backward(np.array([5.0, -6.0, 7.0]), ReluCache(np.array([0.0, 0.25, 2.0])))
    np.testing.assert_array_equal(dx, [0, -6, 7])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_the_kink_is_zero(zero):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    _, cache = relu_forward(np.array([zero]))
    assert relu_backward(np.array([1.0]), cache) == 0.0
    x = torch.tensor([zero], requires_grad=True)
    torch.relu(x).sum().backward()
    assert x.grad.item() == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    tiny = np.finfo(dtype).tiny
    y, cache = relu_forward(np.array([-np.inf, -tiny, tiny, 1000, np.inf], dtype))
    np.testing.assert_array_equal(y, np.array([0, 0, tiny, 1000, np.inf], dtype))
    np.testing.assert_array_equal(relu_backward(np.ones_like(y), cache), [0, 0, 1, 1, 1])


def test_nan_stays_in_its_place_both_ways():
    y, cache = relu_forward(np.array([np.nan, -1.0, 1.0]))
    np.testing.assert_array_equal(y, [np.nan, 0, 1])
    np.testing.assert_array_equal(relu_backward(np.ones(3), cache), [np.nan, 0, 1])
