"""``cupy.ndarray``: an array on a device, kept in a NumPy array that nobody but the stand-in touches.

Its methods are those of CuPy's ndarray that miniae may use, and no others. Here are those that have a way of their own;
operators come from ``operators.py``, methods that are functions too (``sum``, ``max``) from ``functions.py``.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from standin.index import advanced, is_basic, with_ellipsis
from standin.machine import MACHINE, Device
from standin.memory import Memory, MemoryPointer, MemoryPool, get_allocator, get_default_memory_pool, poison
from standin.streams import current_stream, refuse_while_capturing, submit

SCALARS = (bool, int, float, complex, np.generic)


class ndarray:
    """An array on a device; fresh ones are poisoned.

    Attributes:
        host: its NumPy buffer. CuPy has nothing of the kind: for tests and for what runs kernels, not for miniae.
    """

    __array_priority__ = 100
    __hash__ = None

    def __init__(
        self,
        shape: Any,
        dtype: Any = float,
        memptr: MemoryPointer | None = None,
        strides: tuple[int, ...] | None = None,
        order: str = "C",
    ) -> None:
        shape, dtype = tuple(shape) if np.iterable(shape) else (shape,), np.dtype(dtype)
        pointer = get_allocator()(int(np.prod(shape)) * dtype.itemsize) if memptr is None else memptr
        self._memory: Memory = pointer.mem
        offset = pointer.ptr - pointer.mem.ptr
        self.host = np.ndarray(shape, dtype, pointer.mem.bytes, offset, strides, order)
        if memptr is None:
            poison(self.host)

    def _view_of(self, host: np.ndarray) -> "ndarray":
        """Another array on the same memory."""
        view = object.__new__(ndarray)
        view._memory, view.host = self._memory, host
        return view

    # what is known without looking at the memory

    shape = property(lambda self: self.host.shape)
    dtype = property(lambda self: self.host.dtype)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    nbytes = property(lambda self: self.host.nbytes)
    itemsize = property(lambda self: self.host.itemsize)
    strides = property(lambda self: self.host.strides)
    flags = property(lambda self: self.host.flags)
    device = property(lambda self: Device(self._memory.device_id))
    T = property(lambda self: self._view_of(self.host.T))

    @property
    def real(self) -> "ndarray":
        """The array itself: there are no complex numbers on the device."""
        return self

    @property
    def data(self) -> MemoryPointer:
        """Where it begins."""
        return MemoryPointer(self._memory, self.host.__array_interface__["data"][0] - self._memory.ptr)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.data.ptr, False),
            "strides": None if self.flags.c_contiguous else self.strides,
            "version": 3,
            "stream": current_stream().ptr or 1,
        }

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator["ndarray"]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    # host reads: each of them waits for the device

    def get(self) -> np.ndarray:
        """A copy as a NumPy array."""
        refuse_while_capturing("D2H transfers")
        return self.host.copy()

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self) -> Any:
        """All elements as a nested list."""
        return self.get().tolist()

    def tobytes(self) -> bytes:
        """All bytes, in C order."""
        return self.get().tobytes()

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __bool__(self) -> bool:
        return bool(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # NumPy's functions

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "ndarray":
        """A NumPy scalar to the left of an operator arrives here, and that alone is taken.

        CuPy would also take NumPy's own functions. Refusing them keeps what miniae does to one array module.
        """
        for value in (*inputs, *options.get("out", ())):
            to_host(value)  # a NumPy array is refused as everywhere
        if method != "__call__" or options or not isinstance(inputs[0], np.generic):
            raise TypeError(f"numpy.{ufunc.__name__} was given a CuPy array: call the function of the array's module")
        return kernel(ufunc, *inputs)

    def __array_function__(self, function: Callable[..., Any], *_: Any) -> None:
        raise TypeError(f"numpy.{function.__name__} was given a CuPy array: call the function of the array's module")

    # indexing

    def __getitem__(self, key: Any) -> "ndarray":
        if is_basic(key):
            return self._view_of(self.host[with_ellipsis(key)])
        index, arrays = advanced(key, self.shape)
        return kernel(lambda host, *places: host[index(places)], self, *map(_on_device, arrays))

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim:
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        if not isinstance(value, (ndarray, np.ndarray, *SCALARS)):
            raise TypeError(f"Unsupported type {type(value)}")
        value = value[()] if isinstance(value, np.ndarray) else value
        if is_basic(key):
            target = self[key]
            launch(lambda to, what: np.copyto(to, what, casting="unsafe"), target, target, value)
            return
        index, arrays = advanced(key, self.shape)
        launch(lambda to, what, *places: index.put(to, what, places), self, self, value, *map(_on_device, arrays))

    # copies and views

    def copy(self, order: str = "C") -> "ndarray":
        """A copy."""
        return kernel(lambda host: host.copy(order), self)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, _memo: Any) -> "ndarray":
        return self.copy()

    def astype(self, dtype: Any, order: str = "K", casting: None = None, subok: None = None, copy: bool = True) -> Any:
        """A copy of another dtype."""
        if casting is not None or subok is not None:
            raise TypeError("casting is not supported yet")
        if not copy and self.dtype == np.dtype(dtype):
            return self
        return kernel(lambda host: host.astype(dtype, order), self)

    def fill(self, value: Any) -> None:
        """Set every element to a number, or to a 0-d array."""
        if getattr(value, "shape", ()) != ():
            raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
        self[...] = value

    def reshape(self, *shape: Any, order: str = "C") -> "ndarray":
        """The same elements in another shape: a view where that can be."""
        shape = shape[0] if len(shape) == 1 else shape
        return view_or_copy(lambda host: host.reshape(shape, order=order), self)

    def ravel(self, order: str = "C") -> "ndarray":
        """The same elements in a row, side by side."""
        return view_or_copy(lambda host: np.ascontiguousarray(host.ravel(order)), self)

    def transpose(self, *axes: Any) -> "ndarray":
        """A view with the axes in another order."""
        return self._view_of(self.host.transpose(*axes))


ndarray.__module__ = "cupy"


def to_host(value: Any) -> Any:
    """A value as NumPy takes it: the buffer of an array, which must be on the current device.

    Raises:
        TypeError: for a NumPy array.
        ValueError: for an array on another device.
    """
    if isinstance(value, ndarray):
        if value.device.id != MACHINE.device:
            raise ValueError(
                f"The device where the array resides ({value.device.id}) is different from the current device "
                f"({MACHINE.device}). Peer access is unavailable between these devices."
            )
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return type(value)(map(to_host, value))
    return value


def _arrays_in(values: Any) -> Iterator[ndarray]:
    """The arrays among the values and in lists of them."""
    for value in values:
        if isinstance(value, ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _arrays_in(value)


def _owner(array: ndarray) -> Memory | MemoryPool:
    """What has to live for the array's memory to be its own: the pool, where it is a private one."""
    pool = array._memory.pool
    return array._memory if pool is get_default_memory_pool() else pool


def launch(function: Callable[..., Any], out: ndarray, *arguments: Any) -> None:
    """Do, or record, what changes ``out``: ``function`` is given the arguments as NumPy takes them."""
    hosts = to_host(arguments)
    to_host(out)

    def run() -> None:
        with np.errstate(all="ignore"):  # a GPU does not tell
            function(*hosts)

    submit(run, *map(_owner, (out, *_arrays_in(arguments))))


def kernel(function: Callable[..., Any], *arguments: Any, out: ndarray | None = None, **options: Any) -> ndarray:
    """Do, or record, what has an array as its result: ``function`` is one of NumPy's, given NumPy arrays.

    Where it is only recorded, the result's shape and dtype are found by running it on what the memory holds just then.
    """
    hosts, options = to_host(arguments), {name: to_host(value) for name, value in options.items()}
    if out is not None:
        if not isinstance(out, ndarray):
            raise TypeError(f"return arrays must be cupy.ndarray, got {type(out)}")
        if current_stream().is_capturing():
            with np.errstate(all="ignore"):
                function(*hosts, out=out.host.copy(), **options)
        launch(lambda to, *_: function(*hosts, out=to, **options), out, out, *arguments, *options.values())
        return out
    with np.errstate(all="ignore"):
        found = np.asarray(function(*hosts, **options))
    result = ndarray(found.shape, found.dtype, order="F" if found.flags.fnc else "C")
    if current_stream().is_capturing():
        launch(lambda to, *_: np.copyto(to, function(*hosts, **options)), result, result, *arguments, *options.values())
    else:
        result.host[...] = found
    return result


def view_or_copy(function: Callable[[np.ndarray], np.ndarray], array: ndarray) -> ndarray:
    """A view, made at once, where the function makes one of the buffer; a fresh array otherwise."""
    found = function(array.host)
    if found.size == 0 or np.may_share_memory(found, array.host):
        return array._view_of(found)
    return kernel(function, array)


def _on_device(index: "ndarray | np.ndarray") -> ndarray:
    """The array of an index: NumPy's are copied."""
    if isinstance(index, ndarray):
        return index
    copy = ndarray(index.shape, index.dtype)
    copy.host[...] = index
    return copy
