"""Every op's forward and backward against PyTorch, and every backward against central differences of its forward."""

from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from op_cases import CASES

from miniae.gradcheck import check_pair
from miniae.ops import OPS

every_case = pytest.mark.parametrize("name", CASES)
seeds = st.integers(0, 2**32 - 1)
half, eighth = (settings(max_examples=settings().max_examples // n) for n in (2, 8))


@every_case
@half
@given(data=st.data(), seed=seeds)
def test_agrees_with_pytorch(name, data, seed):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent source of values and gradients")
    case = CASES[name]
    arguments = case.draw(data)
    tensors = {argument: torch.tensor(value, requires_grad=True) for argument, value in arguments.items()}
    expected = case.torch(torch, **tensors)
    y, cache = case.forward(arguments)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-12, atol=1e-12)

    dy = np.random.default_rng(seed).standard_normal(y.shape)
    expected.backward(torch.tensor(dy))
    for argument, gradient in case.backward(dy, cache).items():
        theirs = tensors[argument].grad.numpy()
        assert gradient.shape == theirs.shape
        assert np.abs(gradient - theirs).max() <= 1e-10 * np.abs(theirs).max()


def check(case, arguments, seed, zero=()):
    pair = OPS[case.op]
    wrt = tuple(name for name in arguments if name not in case.straight_through)
    return check_pair(
        partial(pair.forward, **case.options_for(arguments)),
        lambda dy, cache: tuple(case.backward(dy, cache)[name] for name in wrt),
        arguments,
        wrt=wrt,
        linear=pair.linear,
        seed=seed,
        zero=zero,
    )


@every_case
@pytest.mark.parametrize("seed", range(3))
def test_is_the_derivative_of_its_forward(name, seed):
    case = CASES[name]
    report = check(case, case.make(seed), seed)
    assert report.passed, f"\n{report}"


@every_case
@eighth  # the forward runs some hundred times on each
@given(data=st.data(), seed=seeds)
def test_is_the_derivative_of_its_forward_everywhere(name, data, seed):
    case = CASES[name]
    arguments = case.draw(data)
    y, cache = case.forward(arguments)
    gradients = case.backward(np.random.default_rng(seed).standard_normal(y.shape), cache)
    # A gradient of zeros would test nothing, and one much smaller than the cost drowns in the cost's rounding; where it
    # is merely hard to see, the verdict is "inconclusive".
    assume(all(np.abs(gradients[name]).max() > 1e-3 for name in gradients if name not in case.straight_through))
    zero = tuple(name for name in case.sample if name not in case.straight_through)
    report = check(case, arguments, seed, zero=zero)
    assert report.verdict != "fail", f"\n{report}"
