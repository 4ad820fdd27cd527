"""The check that data passes before anything learns from it."""

import re

import numpy as np
import pytest

from miniae.data import check_finite_floats

LARGEST = np.finfo(np.float32).max


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (3, 4), (2, 5, 5, 1)])
def test_finite_floats_pass(dtype, shape):
    check_finite_floats("x", np.full(shape, LARGEST, dtype))  # a sum of these overflows: they are finite all the same
    check_finite_floats("x", np.zeros(shape, dtype).T)


@pytest.mark.bad_input
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_bad_value_is_found_wherever_it_is(value):
    for index in np.ndindex(2, 3, 2):
        x = np.zeros((2, 3, 2))
        x[index] = value
        with pytest.raises(ValueError, match=re.escape(f"x: 1 of 12 values is not finite, the first at index {index}")):
            check_finite_floats("x", x)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.array([np.inf, 0, np.nan]), ValueError, "data: 2 of 3 values are not finite, the first at index (0,): inf"),
        (
            np.zeros(3, np.uint8),
            TypeError,
            "whole numbers of dtype uint8; for pixels from 0 to 255 pass data / 255.0",
        ),
        (np.zeros(3, int), TypeError, "data: x must be float32 or float64, got int64"),
        (np.zeros(3, np.float16), TypeError, "data: x must be float32 or float64, got float16"),
        (np.zeros(3, bool), TypeError, "data: x must be float32 or float64, got bool"),
        ([0.0, 1.0], TypeError, "data: x must be a float32 or float64 array, got list"),
        (
            np.zeros((0, 3)),
            ValueError,
            "data: needs at least one example with one feature, got an array",
        ),
    ],
)
def test_what_is_not_finite_floats_is_refused(x, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check_finite_floats("data", x)
