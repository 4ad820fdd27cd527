"""Every loss and penalty against PyTorch, and its gradient against central differences of its value."""

import numpy as np
import pytest
from cost_cases import CASES, FUNCTIONS
from hypothesis import given
from hypothesis import strategies as st

from miniae.gradcheck import check_function

every_case = pytest.mark.parametrize("name", CASES)


def full(gradient, first):
    """The gradient of every example, also where one row is returned because all are alike."""
    return np.broadcast_to(gradient, first.shape)


@every_case
@given(data=st.data())
def test_agrees_with_pytorch(name, data):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent source of values and gradients")
    case = CASES[name]
    arguments = case.draw(data)
    tensors = [torch.tensor(value) for value in arguments.values()]
    tensors[0].requires_grad_()
    expected = case.torch(torch, *tensors, **case.options)
    expected.backward()
    theirs = tensors[0].grad.numpy()
    first = next(iter(arguments.values()))

    cost, gradient = FUNCTIONS[name](*arguments.values(), **case.options)
    assert float(cost) == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
    # A gradient may be the small difference of two terms (0.05 / rho_hat and 0.95 / (1 - rho_hat), say) of up to some
    # 100, of which neither computation knows more than 1e-13.
    assert np.abs(full(gradient, first) - theirs).max() <= 1e-10 * np.abs(theirs).max() + 1e-13


@every_case
@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (5, 2)])
def test_gradient_is_the_derivative_of_the_cost(name, shape):
    case = CASES[name]
    first, *others = case.make(shape=shape).values()

    def cost_and_grad(value):
        cost, gradient = FUNCTIONS[name](value, *others, **case.options)
        return float(cost), full(gradient, value)

    report = check_function(cost_and_grad, first)
    assert report.passed, f"\n{report}"
