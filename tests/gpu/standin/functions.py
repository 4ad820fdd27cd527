"""CuPy's functions on arrays, made from a list of their signatures.

What is not in the list miniae may not call. The signatures are CuPy 14's, less the parameters that miniae has no use
for; ``test_standin.py`` compares them with the installed CuPy. How a function runs follows from the group it is in.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from standin.array import SCALARS, kernel, launch, ndarray, to_host, view_or_copy
from standin.operators import matmul
from standin.streams import refuse_while_capturing

UFUNCS = """
    absolute add arctan arctanh bitwise_and bitwise_or bitwise_xor ceil cos cosh divide equal exp exp2 expm1
    floor floor_divide fmax fmin greater greater_equal invert isfinite isinf isnan less less_equal log log10
    log1p log2 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply negative
    not_equal power reciprocal remainder rint sign signbit sin sinh sqrt square subtract tan tanh true_divide
    trunc
"""

# One or more kernels of CuPy's: they may be captured. Reductions give 0-d arrays.
KERNELS = """
    all(a, axis=None, out=None, keepdims=False)
    any(a, axis=None, out=None, keepdims=False)
    argmax(a, axis=None, *, out=None, keepdims=False)
    argmin(a, axis=None, *, out=None, keepdims=False)
    clip(a, a_min, a_max, out=None)
    concatenate(tup, axis=0, out=None)
    count_nonzero(a, axis=None)
    cumsum(a, axis=None, dtype=None, out=None)
    diag(v, k=0)
    flip(a, axis=None)
    max(a, axis=None, out=None, keepdims=False)
    mean(a, axis=None, dtype=None, out=None, keepdims=False)
    min(a, axis=None, out=None, keepdims=False)
    outer(a, b, out=None)
    prod(a, axis=None, dtype=None, out=None, keepdims=False)
    repeat(a, repeats, axis=None)
    stack(tup, axis=0, out=None)
    std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
    sum(a, axis=None, dtype=None, out=None, keepdims=False)
    tile(A, reps)
    var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
    vdot(a, b)
"""

# Work of the host on shape and strides alone, done at once even while a stream captures.
VIEWS = """
    broadcast_to(array, shape)
    expand_dims(a, axis)
    moveaxis(a, source, destination)
    ravel(a, order='C')
    reshape(a, newshape, order='C')
    squeeze(a, axis=None)
    swapaxes(a, axis1, axis2)
    transpose(a, axes=None)
"""

# Refused while a stream captures: CuPy reads a size back to the host.
READING = """
    argwhere(a)
    nonzero(a)
    unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None)
"""

# Refused while a stream captures: CuPy sorts with Thrust, which makes no promise for that.
SORTING = """
    argsort(a, axis=-1)
    partition(a, kth, axis=-1)
    sort(a, axis=-1)
"""

# Refused while a stream captures: libraries of NVIDIA's that CuPy does not let record.
CUBLAS = """
    dot(a, b, out=None)
    tensordot(a, b, axes=2)
"""
NORMS = """
    norm(x, ord=None, axis=None, keepdims=False)
"""
CUSOLVER = """
    svd(a, full_matrices=True, compute_uv=True)
    solve(a, b)
    eigh(a)
    inv(a)
"""

METHODS = """
    all any argmax argmin clip cumsum max mean min nonzero prod repeat squeeze std sum swapaxes take var dot
"""


class ufunc:
    """One of CuPy's elementwise functions."""

    def __init__(self, name: str) -> None:
        self._numpy: np.ufunc = getattr(np, name)
        self.__name__, self.nin, self.nout = name, self._numpy.nin, self._numpy.nout

    def __call__(
        self, *args: Any, out: ndarray | None = None, dtype: Any = None, casting: str = "same_kind"
    ) -> ndarray:
        """Apply it; ``args`` are arrays on the device and numbers."""
        if len(args) != self.nin:
            raise TypeError(
                f"Wrong number of arguments for {self.__name__!r}. It must be {self.nin}, given {len(args)}."
            )
        for value in args:
            if not isinstance(value, (ndarray, *SCALARS)):
                raise TypeError(f"Unsupported type {type(value)}")
        return kernel(self._numpy, *args, out=out, dtype=dtype, casting=casting)


def _listed(table: str) -> Iterator[tuple[str, inspect.Signature]]:
    for line in filter(None, map(str.strip, table.splitlines())):
        name, _, parameters = line.partition("(")
        yield name, inspect.signature(eval(f"lambda {parameters.removesuffix(')')}: None"))


def _functions(
    table: str, run: Callable[..., Any], before: Callable[[], None] = lambda: None, numpy: Any = np
) -> dict[str, Callable[..., Any]]:
    """The functions listed: each takes the parameters of its signature and hands NumPy's namesake to ``run``."""

    def make(name: str, signature: inspect.Signature) -> Callable[..., Any]:
        first, *_ = signature.parameters

        def function(*args: Any, **options: Any) -> Any:
            given = signature.bind(*args, **options).arguments
            what = given.pop(first)
            for value in what if first == "tup" else [what]:
                if not isinstance(value, ndarray):
                    raise TypeError(f"{name}: {first} has incorrect type (expected cupy.ndarray, got {type(value)})")
            before()
            return run(getattr(numpy, name), what, *_positional(signature, given), **given)

        function.__name__, function.__signature__ = name, signature
        return function

    return {name: make(name, signature) for name, signature in _listed(table)}


def _positional(signature: inspect.Signature, given: dict[str, Any]) -> Iterator[Any]:
    """Take from ``given`` what NumPy may call otherwise: the parameters without a default."""
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.default is parameter.empty and name in given:
            yield given.pop(name)


def _view(function: Callable[..., Any], array: ndarray, *args: Any, **options: Any) -> ndarray:
    return view_or_copy(lambda host: function(host, *args, **options), array)


def _each(function: Callable[..., Any], array: ndarray, *args: Any, **options: Any) -> Any:
    """For what has one result or several."""
    found = function(to_host(array), *to_host(args), **options)
    return tuple(map(asarray, found)) if isinstance(found, tuple) else asarray(found)


# creation


def empty(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """Fresh memory, poisoned."""
    return ndarray(shape, dtype, order=order)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> ndarray:
    """An array of one value."""
    array = empty(shape, np.asarray(fill_value).dtype if dtype is None else dtype, order)
    array.fill(fill_value)
    return array


def zeros(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """An array of zeros."""
    return full(shape, 0, dtype, order)


def ones(shape: Any, dtype: Any = float, order: str = "C") -> ndarray:
    """An array of ones."""
    return full(shape, 1, dtype, order)


def empty_like(prototype: ndarray, dtype: Any = None) -> ndarray:
    """Fresh memory for an array like another."""
    like = np.empty_like(to_host(prototype), dtype)
    return empty(like.shape, like.dtype, "F" if like.flags.fnc else "C")


def full_like(a: ndarray, fill_value: Any, dtype: Any = None) -> ndarray:
    """An array like another, of one value."""
    array = empty_like(a, dtype)
    array.fill(fill_value)
    return array


def zeros_like(a: ndarray, dtype: Any = None) -> ndarray:
    """An array like another, of zeros."""
    return full_like(a, 0, dtype)


def ones_like(a: ndarray, dtype: Any = None) -> ndarray:
    """An array like another, of ones."""
    return full_like(a, 1, dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> ndarray:
    """Numbers in equal steps."""
    return kernel(lambda: np.arange(start, stop, step, dtype) if stop is not None else np.arange(0, start, step, dtype))


def linspace(start: float, stop: float, num: int = 50, endpoint: bool = True) -> ndarray:
    """So many numbers from one to another."""
    return kernel(lambda: np.linspace(start, stop, num, endpoint))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> ndarray:
    """Ones on a diagonal."""
    return kernel(lambda: np.eye(N, M, k, dtype))


def array(obj: Any, dtype: Any = None, copy: bool | None = True, order: str = "K") -> ndarray:
    """A copy on the device, of an array on it or on the host."""
    if isinstance(obj, ndarray):
        return obj.astype(obj.dtype if dtype is None else dtype, order, copy=bool(copy))
    refuse_while_capturing("H2D transfers")
    host = np.asarray(obj, dtype, order)
    result = empty(host.shape, host.dtype, "F" if host.flags.fnc else "C")
    result.host[...] = host
    return result


def asarray(a: Any, dtype: Any = None, order: str | None = None) -> ndarray:
    """The array itself where it is on the device already, a copy on the device otherwise."""
    return array(a, dtype, copy=None, order=order or "K")


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    """The array itself where it lies in C order, a copy that does otherwise."""
    given = asarray(a, dtype)
    return given if given.flags.c_contiguous else given.copy()


def copy(a: ndarray, order: str = "K") -> ndarray:
    """A copy."""
    return a.copy(order)


def asnumpy(a: Any) -> np.ndarray:
    """A copy on the host."""
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


# what fits no list


def where(condition: ndarray, x: Any = None, y: Any = None) -> Any:
    """Elements of ``x`` or of ``y``; without them the places where the condition holds, which is a host read."""
    if (x is None) != (y is None):
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    return condition.nonzero() if x is None else kernel(np.where, condition, x, y)


def take(a: ndarray, indices: Any, axis: int | None = None, out: ndarray | None = None) -> ndarray:
    """Entries along an axis; places out of range wrap around."""
    if not isinstance(indices, (ndarray, int, np.integer)):
        indices = array(indices, int)  # from the host: refused while a stream captures
    if out is not None and out.dtype != a.dtype:
        raise TypeError("Output dtype mismatch")
    size = max(a.size if axis is None else a.shape[axis], 1)
    return kernel(lambda host, places, **options: np.take(host, places % size, axis, **options), a, indices, out=out)


def copyto(dst: ndarray, src: Any, casting: str = "same_kind", where: ndarray | bool | None = None) -> None:
    """Write ``src`` into ``dst``, everywhere or where a mask says."""
    if not isinstance(src, (ndarray, *SCALARS)):
        raise TypeError(f"Unsupported type {type(src)}")
    if getattr(where, "dtype", np.dtype(bool)) != np.bool_:
        raise TypeError(f"Cannot cast array data from {where.dtype} to bool according to the rule 'safe'")
    mask = True if where is None else where
    launch(lambda to, what, some: np.copyto(to, what, casting, where=some), dst, dst, src, mask)


def as_strided(x: ndarray, shape: Any = None, strides: Any = None) -> ndarray:
    """A view of any shape and strides."""
    shape, strides = x.shape if shape is None else shape, x.strides if strides is None else strides
    return ndarray(shape, x.dtype, x.data, tuple(strides))


def get_array_module(*args: Any) -> Any:
    """This module where one of the arguments is an array on a device, NumPy otherwise."""
    import cupy

    return cupy if any(isinstance(value, ndarray) for value in args) else np


def ndim(a: Any) -> int:
    """Number of axes."""
    return a.ndim if isinstance(a, ndarray) else np.ndim(a)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: ufunc(name) for name in UFUNCS.split()},
    **_functions(KERNELS, kernel),
    **_functions(VIEWS, _view),
    **_functions(READING, _each, lambda: refuse_while_capturing("synchronous API calls")),
    **_functions(SORTING, kernel, lambda: refuse_while_capturing("sorts")),
    **_functions(CUBLAS, kernel, lambda: refuse_while_capturing("CuPy's calls of cuBLAS", NotImplementedError)),
    **{
        function.__name__: function
        for function in (empty, full, zeros, ones, empty_like, full_like, zeros_like, ones_like, arange, linspace, eye,
                         array, asarray, ascontiguousarray, copy, asnumpy, where, take, copyto, matmul,
                         get_array_module, ndim)
    },
}  # fmt: skip
FUNCTIONS["abs"] = FUNCTIONS["absolute"]
LINALG = {
    **_functions(NORMS, kernel, numpy=np.linalg),
    **_functions(
        CUSOLVER, _each, lambda: refuse_while_capturing("CuPy's calls of cuSOLVER", NotImplementedError), np.linalg
    ),
}

for _name in METHODS.split():
    setattr(ndarray, _name, lambda self, *args, _f=FUNCTIONS[_name], **options: _f(self, *args, **options))
