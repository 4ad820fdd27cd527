"""ELU, worked out by hand, at its kink and at its extremes."""

import numpy as np
import pytest

from miniae.ops import elu_backward, elu_forward
from miniae.ops.elu import EluCache


def test_forward_by_hand():
    # e^-log 2 - 1 = -1/2, e^-log 4 - 1 = -3/4
    x = np.array([-np.log(4), -np.log(2), 0.0, 3.0])
    np.testing.assert_allclose(elu_forward(x)[0], [-0.75, -0.5, 0, 3], rtol=1e-15)
    np.testing.assert_allclose(elu_forward(x, alpha=2.0)[0], [-1.5, -1, 0, 3], rtol=1e-15)


def test_backward_by_hand():
    # alpha e^x = y + alpha: -1.5 + 2; 1 on the positive side
    dx = elu_backward(np.array([4.0, 5.0]), EluCache(np.array([-1.5, 3.0]), 2.0))
    np.testing.assert_array_equal(dx, [2, 5])


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_the_kink_is_that_of_the_negative_side(zero):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    _, cache = elu_forward(np.array([zero]), alpha=3.0)
    assert elu_backward(np.array([1.0]), cache) == 3.0
    x = torch.tensor([zero], requires_grad=True)
    torch.nn.functional.elu(x, 3.0).sum().backward()
    assert x.grad.item() == 3.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    y, cache = elu_forward(np.array([-np.inf, -1000, 1000, np.inf], dtype))
    np.testing.assert_array_equal(y, [-1, -1, 1000, np.inf])
    np.testing.assert_array_equal(elu_backward(np.ones_like(y), cache), [0, 0, 1, 1])


def test_small_arguments_keep_their_digits():
    # e^x - 1 = x + x^2/2 + ...: to double precision -1e-10 + 5e-21, which a plain difference rounds at 1e-16
    np.testing.assert_allclose(elu_forward(np.array([-1e-10]))[0].item(), -1e-10 + 5e-21, rtol=1e-15)


@pytest.mark.bad_input
@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf])
def test_an_alpha_outside_its_range_is_refused(alpha):
    with pytest.raises(ValueError, match=f"elu: alpha must be positive and finite, got {alpha}"):
        elu_forward(np.ones(2), alpha=alpha)
