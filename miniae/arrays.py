"""What miniae calls an array, and the checks with which every operation begins."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    Array: TypeAlias = np.ndarray
else:
    Array = Any  # NumPy or CuPy: shape annotations look at ``.shape`` and ``.dtype`` alone

FLOATS = (np.float32, np.float64)
_complex = ContextVar("complex", default=False)


@contextmanager
def complex_allowed() -> Iterator[None]:
    """Let operations take complex128 while the block runs: the gradient checker's complex step, and nothing else.

    >>> with complex_allowed():
    ...     check_floats("dense", x=np.zeros(2, complex))
    """
    token = _complex.set(True)
    try:
        yield
    finally:
        _complex.reset(token)


def array_module(x: Array) -> Any:
    """The module whose functions take ``x``: NumPy for NumPy arrays, CuPy for CuPy arrays.

    >>> array_module(np.zeros(3)).__name__
    'numpy'
    """
    return np if isinstance(x, np.ndarray) else sys.modules[type(x).__module__.partition(".")[0]]


def moved(x: Array, xp: Any) -> Array:
    """The array as one of the module ``xp``, copied from or to the GPU where it has to be."""
    return xp.asarray(x.get() if hasattr(x, "get") else x)


def check_floats(op: str, /, **arrays: Array | None) -> None:
    """Refuse anything but float32 or float64 arrays, all of one dtype and one module. ``None`` is passed over.

    Args:
        op: name of the operation, the first word of the message.
        arrays: the arguments by their names.

    Raises:
        TypeError: naming the argument and the dtype or module found.

    >>> check_floats("dense", x=np.zeros(2), w=np.zeros(2, np.float32))
    Traceback (most recent call last):
    ...
    TypeError: dense: x is float64 but w is float32; all arrays of one call share a dtype
    """
    first = None
    for name, array in arrays.items():
        if array is None:
            continue
        dtype = getattr(array, "dtype", None)
        if dtype is None:
            raise TypeError(f"{op}: {name} must be a float32 or float64 array, got {type(array).__name__}")
        if dtype not in FLOATS and not (dtype == np.complex128 and _complex.get()):
            raise TypeError(f"{op}: {name} must be float32 or float64, got {dtype}")
        if first is None:
            first = name, dtype, array_module(array)
        elif array_module(array) is not first[2]:
            there, here = first[2].__name__, array_module(array).__name__
            raise TypeError(
                f"{op}: {first[0]} is a {there} array but {name} is a {here} array; "
                "convert one: cupy.asarray(x) goes to the GPU, x.get() comes back"
            )
        elif dtype != first[1]:
            raise TypeError(
                f"{op}: {first[0]} is {first[1]} but {name} is {dtype}; all arrays of one call share a dtype"
            )


def check_cotangent(op: str, dy: Array, y_shape: tuple[int, ...], dtype: Any) -> None:
    """Refuse a gradient ``dy`` that has not the shape and dtype of the output it belongs to.

    Raises:
        TypeError, ValueError: with both dtypes or shapes.
    """
    check_floats(op, dy=dy)
    if dy.dtype != dtype:
        raise TypeError(f"{op}: dy is {dy.dtype} but the forward pass ran in {dtype}")
    if dy.shape != y_shape:
        raise ValueError(f"{op}: dy has shape {dy.shape} but the output has shape {y_shape}")


def check_target(op: str, y: Array, target: Array) -> None:
    """Refuse a target that has not the shape of the output ``y``, and a batch without examples.

    Raises:
        ValueError: with both shapes.
    """
    if y.shape != target.shape:
        raise ValueError(f"{op}: y has shape {y.shape} but target has shape {target.shape}")
    check_examples(op, y)


def check_examples(op: str, x: Array) -> None:
    """Refuse a batch without examples: a mean over nothing is not a number.

    Raises:
        ValueError: with the shape.
    """
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"{op}: needs at least one example with one feature, got an array of shape {x.shape}")


def output(op: str, out: Array | None, shape: tuple[int, ...], like: Array) -> Array:
    """The array an operation writes its result to: ``out``, or a fresh one where ``out`` is None.

    Args:
        op: name of the operation, the first word of the message.
        out: memory offered by the caller, or None. It must not overlap any argument: an operation may write to it
            before it has read the last of them.
        shape: shape of the result.
        like: an argument; its dtype and array module are the result's.

    Raises:
        TypeError: if ``out`` is not a float array.
        ValueError: if ``out`` has another shape or dtype than the result.
    """
    if out is None:
        return array_module(like).empty(shape, like.dtype)
    check_floats(op, out=out)
    if out.shape != shape or out.dtype != like.dtype:
        raise ValueError(f"{op}: out has shape {out.shape} and dtype {out.dtype}, the result {shape} and {like.dtype}")
    return out
