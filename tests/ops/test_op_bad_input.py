"""What every op refuses, and that it says which argument was wrong, what was found and what was expected."""

import numpy as np
import pytest
from op_cases import CASES, cotangent, run

from miniae.ops import OPS

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def forward(case, **wrong):
    """The op with some of its arguments replaced."""
    right = case.make()
    return OPS[case.op].forward(*{**right, **wrong}.values(), **case.options_for(right))


@pytest.mark.bad_input
@every_case
@pytest.mark.parametrize("wrong", [lambda a: np.empty((*a.shape, 1)), lambda a: np.empty(a.shape, np.float32)])
def test_out_of_another_shape_or_dtype_is_refused(case, wrong):
    y, cache, gradients = run(case, case.make())
    message = f"^{case.op}: out has shape .* and dtype .*, the result"
    with pytest.raises(ValueError, match=message):
        case.forward(case.make(), out=wrong(y))
    for name, gradient in gradients.items():
        memory = {**gradients, name: wrong(gradient)}
        with pytest.raises(ValueError, match=message):
            case.backward(cotangent(y), cache, out=case.backward_out(memory))


@pytest.mark.bad_input
@every_case
@pytest.mark.parametrize(
    "wrong",
    [[[1.0, 2.0]], 1.0, "x", np.ones((2, 2), int), np.ones((2, 2), np.float16)],
    ids=["list", "number", "string", "integers", "float16"],
)
def test_what_is_no_float_array_is_refused(case, wrong):
    for name in case.sample:
        with pytest.raises(TypeError, match=rf"^{case.op}: {name} must be"):
            forward(case, **{name: wrong})


@pytest.mark.bad_input
@every_case
def test_mixed_dtypes_are_refused(case):
    arguments = case.make()
    for name in [name for name in arguments if name != "x"]:
        with pytest.raises(TypeError, match=f"x is float64 but {name} is float32; all arrays of one call share"):
            forward(case, **{name: arguments[name].astype(np.float32)})


@pytest.mark.bad_input
@every_case
def test_a_cotangent_that_does_not_fit_is_refused(case):
    y, cache = case.forward(case.make())
    with pytest.raises(ValueError, match=rf"^{case.op}: dy has shape \(3, 2\) but the output has shape"):
        case.backward(np.ones((3, 2)), cache)
    with pytest.raises(TypeError, match=f"^{case.op}: dy is float32 but the forward pass ran in float64"):
        case.backward(y.astype(np.float32), cache)
