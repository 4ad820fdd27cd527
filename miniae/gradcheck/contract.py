"""Rules of good behaviour that a gradient must keep whatever its numbers: nothing changed, nothing random, no view."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from miniae.gradcheck.evidence import Breach
from miniae.gradcheck.numeric import generator

ROUNDING = 1e-10  # sums in another order differ by some roundings; what breaks a rule differs by far more


@contextmanager
def noted(what: str) -> Iterator[None]:
    """Let what a user's function raises pass, with a note that says which function it was and what it was given."""
    try:
        yield
    except Exception as error:
        error.add_note(what)
        raise


def number(cost: Any, whose: str) -> float:
    """The cost as a float.

    Raises:
        TypeError: if it is not one real number.

    >>> number(np.array([[2.5]]), "f")
    2.5
    """
    if isinstance(cost, float):  # NumPy's float64 is one; asked first, since this runs for every cost
        return float(cost)
    try:
        array = np.asarray(cost)
    except ValueError:  # a ragged tuple, such as (cost, gradient)
        array = np.empty(2, object)
    if array.size != 1 or array.dtype.kind not in "fiub":
        kind = f"an array of shape {array.shape}" if isinstance(cost, np.ndarray) else type(cost).__name__
        raise TypeError(f"{whose} must return one real number as the cost, got {kind}")
    return float(array.item())


def same(a: np.ndarray, b: np.ndarray, scale: np.ndarray | None = None) -> bool:
    """Whether two arrays agree but for rounding in their sums; NaN agrees with NaN.

    ``scale`` is an array whose largest magnitude sets what rounding may be; a itself when None.
    """
    size = np.abs(a if scale is None else scale)
    largest = float(size.max(initial=0.0, where=np.isfinite(size)))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=ROUNDING * largest, equal_nan=True))


def gradient_breach(name: str, gradient: Any, value: np.ndarray) -> Breach | None:
    """What is wrong with the kind of thing that was returned as a gradient of ``value``."""
    whose = f"the gradient of {name}"
    if gradient is None:
        return Breach(name, f"{whose} is None (was it left out of the backward?)")
    if isinstance(gradient, list | tuple):
        how = "np.concatenate([g.ravel() for g in gradients]) makes one"
        return Breach(name, f"{whose} is a {type(gradient).__name__} of {len(gradient)}; expected one array: {how}")
    if not isinstance(gradient, np.ndarray | np.floating | float):
        hint = ": np.array(gradient)" if hasattr(gradient, "__array__") else ""
        return Breach(name, f"{whose} is of type {type(gradient).__name__}; expected a NumPy array like {name}{hint}")
    dtype = np.asarray(gradient).dtype
    if dtype != value.dtype:
        return Breach(name, f"{whose} is {dtype} but {name} is {value.dtype}: a gradient keeps its argument's dtype")
    return None


def as_gradient(gradient: Any) -> np.ndarray:
    """What was returned, as an array that can be looked at: NaN for what is none."""
    try:
        array = np.asarray(np.nan if gradient is None else gradient)
    except ValueError:  # a ragged list
        return np.asarray(np.nan)
    return array if array.dtype.kind in "fiubc" else np.asarray(np.nan)


def function_breaches(
    cost_and_grad: Callable[[np.ndarray], tuple[Any, Any]],
    theta: np.ndarray,
    names: Mapping[str, slice],
) -> tuple[np.ndarray, list[Breach]]:
    """Call a cost function twice, and look at what it does besides answering.

    Args:
        cost_and_grad: ``theta -> (cost, gradient)``.
        theta: where.
        names: where each block lies in the flat theta.

    Returns:
        The gradient of the first call, and the rules it breaks.
    """
    given = theta.copy()
    first = cost_and_grad(given)[1]
    gradient = as_gradient(first).copy()
    kind = gradient_breach("theta", first, theta)
    broken = [Breach("", kind.text)] if kind else []
    if not np.array_equal(given, theta, equal_nan=True):
        broken.append(Breach("", "the function changed theta; it must leave its argument as it was"))
    if isinstance(first, np.ndarray) and np.shares_memory(first, given):
        broken.append(Breach("", "the gradient shares its memory with theta; return a fresh array"))
    again = as_gradient(cost_and_grad(theta.copy())[1]).copy()
    cost_and_grad(theta + 0.01 * generator(0).standard_normal(theta.shape))  # would a next call overwrite?
    if not np.array_equal(as_gradient(first), gradient, equal_nan=True):
        broken.append(Breach("", "a later call overwrote the gradient an earlier one returned; return a fresh array"))
    for name, where in names.items():
        one, two = gradient.ravel()[where], again.ravel()[where]
        if not same(one, two):
            text = f"the gradient of {name} is another when asked for again at the same theta: it is random, or grows"
            broken.append(Breach(name, text))
    return gradient, broken
