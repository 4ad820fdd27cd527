"""What every plot refuses before it draws anything."""

import numpy as np
import pytest

from miniae.plots.checks import finite


@pytest.mark.parametrize("values", [[1, 2], np.float32([1, 2]), np.uint8([1, 2]), (1.0, 2.0)])
def test_real_numbers_become_float64(values):
    host = finite("plot", "x", values)
    assert host.dtype == np.float64
    np.testing.assert_array_equal(host, [1.0, 2.0])


def test_a_float64_array_is_not_copied():
    x = np.ones(3)
    assert finite("plot", "x", x) is x


def test_device_arrays_are_fetched():
    """A stand-in for a CuPy array: another module's type, with ``get`` and no implicit conversion."""

    class DeviceArray:
        __module__ = "cupy._core.core"

        def __array__(self, *_args, **_kwargs):
            raise TypeError("implicit conversion is not allowed")

        def get(self):
            return np.array([1.0, 2.0])

    np.testing.assert_array_equal(finite("plot", "x", DeviceArray()), [1.0, 2.0])


@pytest.mark.bad_input
@pytest.mark.parametrize("values", [np.array([1j]), np.array(["a"]), np.array([None])])
def test_refuses_what_are_no_real_numbers(values):
    with pytest.raises(TypeError, match=f"plot: x must be real numbers, got {values.dtype}"):
        finite("plot", "x", values)


@pytest.mark.bad_input
def test_names_the_first_value_that_is_not_finite():
    with pytest.raises(
        ValueError, match=r"x must be finite; 1 of its 4 values is not, the first inf at index \(1, 0\)"
    ):
        finite("plot", "x", np.array([[0.0, 1.0], [np.inf, 2.0]]))


@pytest.mark.bad_input
def test_refuses_nothing():
    with pytest.raises(ValueError, match=r"plot: x is empty, its shape is \(0,\)"):
        finite("plot", "x", [])
