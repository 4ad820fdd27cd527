"""What data must be before anything learns from it: floats, all of them finite, and some of them there."""

from typing import Any

import numpy as np

from miniae.arrays import array_module, check_examples, check_floats


def check_finite_floats(name: str, x: Any) -> None:
    """Refuse data that is not float32 or float64, is empty, or holds a NaN or an infinity.

    One NaN in the data makes the cost NaN, its gradient NaN, and after one step every parameter NaN: the place to
    find it is here. Whole numbers are refused rather than converted, because what they mean is not known: a picture's
    pixels go from 0 to 255 and a network of sigmoids works in [0, 1].

    Args:
        name: what to call the data in the message.
        x: the data, any shape, a NumPy or CuPy array.

    Raises:
        TypeError: if ``x`` is not a float32 or float64 array.
        ValueError: if ``x`` is empty or a value is not finite.

    >>> check_finite_floats("x", np.array([[0.5, np.nan]]))
    Traceback (most recent call last):
    ...
    ValueError: x: 1 of 2 values is not finite, the first at index (0, 1): nan
    >>> check_finite_floats("x", np.zeros((2, 2), np.uint8))
    Traceback (most recent call last):
    ...
    TypeError: x: whole numbers of dtype uint8; for pixels from 0 to 255 pass x / 255.0
    """
    dtype = getattr(x, "dtype", None)
    if dtype == np.uint8:
        raise TypeError(f"{name}: whole numbers of dtype uint8; for pixels from 0 to 255 pass {name} / 255.0")
    if x is None:
        raise TypeError(f"{name} must be a float32 or float64 array, got None")
    check_floats(name, x=x)
    check_examples(name, x)
    xp = array_module(x)
    finite = xp.isfinite(x)
    if not finite.all():
        bad = int(x.size - xp.count_nonzero(finite))
        first = tuple(int(i) for i in xp.argwhere(~finite)[0])
        verb = "is" if bad == 1 else "are"
        raise ValueError(f"{name}: {bad} of {x.size} values {verb} not finite, the first at index {first}: {x[first]}")
