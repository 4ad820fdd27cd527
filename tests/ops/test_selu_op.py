"""SELU: its constants, what they are for, its kink and its extremes."""

import math

import numpy as np
import pytest

from miniae.ops import selu_backward, selu_forward
from miniae.ops.selu import ALPHA, SCALE, SeluCache


def test_constants_solve_the_equations_they_come_from():
    """For x ~ N(0, 1): mean 0 and second moment 1.

    The moments of the two halves are known in closed form: E[x; x > 0] = 1 / sqrt(2 pi), E[x^2; x > 0] = 1/2, and
    E[e^(k x); x < 0] = e^(k^2 / 2) Phi(-k), which is 1/2 erfc(k / sqrt 2) e^(k^2 / 2).
    """
    below = [0.5 * math.erfc(k / math.sqrt(2)) * math.exp(k**2 / 2) for k in (0, 1, 2)]
    mean = 1 / math.sqrt(2 * math.pi) + ALPHA * (below[1] - below[0])
    second = 0.5 + ALPHA**2 * (below[2] - 2 * below[1] + below[0])
    assert mean == pytest.approx(0, abs=2e-16)
    assert SCALE**2 * second == pytest.approx(1, abs=5e-16)


def test_constants_are_those_of_the_paper():
    assert (round(ALPHA, 4), round(SCALE, 4)) == (1.6733, 1.0507)


def test_forward_by_hand():
    # lambda * 2 and lambda * alpha * (1/2 - 1)
    y, _ = selu_forward(np.array([2.0, 0.0, -np.log(2)]))
    np.testing.assert_allclose(y, [2.1014019747109610, 0, -0.87904967042368843], rtol=1e-15)


def test_backward_by_hand():
    # lambda on the right; on the left lambda alpha e^x = y + lambda alpha: -0.7580993408... + 1.7580993408... = 1
    lambda_alpha = 1.7580993408473769
    dx = selu_backward(np.array([3.0, 5.0]), SeluCache(np.array([0.5, 1 - lambda_alpha])))
    np.testing.assert_allclose(dx, [3 * 1.0507009873554805, 5], rtol=1e-15)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_the_kink_is_that_of_the_negative_side(zero):
    torch = pytest.importorskip("torch", reason="PyTorch's convention is the one followed")
    _, cache = selu_forward(np.array([zero]))
    x = torch.tensor([zero], requires_grad=True, dtype=torch.float64)
    torch.selu(x).sum().backward()
    assert selu_backward(np.array([1.0]), cache).item() == SCALE * ALPHA
    np.testing.assert_allclose(x.grad.item(), SCALE * ALPHA, rtol=4e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    y, cache = selu_forward(np.array([-np.inf, -1000, 1000, np.inf], dtype))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(y, [-1.7580993408473769, -1.7580993408473769, 1050.7009873554805, np.inf], rtol=2 * eps)
    dx = selu_backward(np.ones_like(y), cache)
    np.testing.assert_allclose(dx, [0, 0, 1.0507009873554805, 1.0507009873554805], rtol=2 * eps, atol=4 * eps)
