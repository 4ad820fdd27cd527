"""Launch a kernel on the CPU."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FunctionType
from typing import Any, Literal, TypeVar

import numpy as np

from .block import run_alone, run_together, threads_of
from .errors import OrderDependent
from .guards import Guarded
from .meetings import WAITING
from .memory import Memory, WatchedArray
from .namespace import Cuda
from .rebind import Rebinder
from .scalars import scalar_type
from .threads import Launch

Size = int | tuple[int, ...]
Order = Literal["forward", "reversed"] | int  # of blocks, and of threads in a block; a number is a shuffle's seed
ORDERS: tuple[Order, ...] = ("forward", "reversed", 0, 1)
Item = TypeVar("Item")


def arranged(items: Sequence[Item], order: Order) -> list[Item]:
    """Items in the order in which they are to take their turns."""
    if order == "forward":
        return list(items)
    if order == "reversed":
        return list(items)[::-1]
    return [items[i] for i in np.random.default_rng(order).permutation(len(items))]


def _body(kernel: Any) -> FunctionType:
    """The Python function of a kernel."""
    body: FunctionType = inspect.unwrap(getattr(kernel, "body", getattr(kernel, "py_func", kernel)))
    return body


def _named(body: FunctionType, args: Sequence[Any]) -> dict[str, Any]:
    """A kernel's arguments by name: NumPy's arrays, and scalars.

    Raises:
        TypeError: if there are too many or too few.
    """
    names = body.__code__.co_varnames[: body.__code__.co_argcount]
    if len(names) != len(args):
        raise TypeError(f"{body.__name__}: takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
    return {name: getattr(arg, "host", arg) for name, arg in zip(names, args, strict=True)}


class _Arguments:
    """The launch's arguments as the kernel sees them: guarded copies of arrays, scalars of the device."""

    def __init__(self, args: dict[str, Any], launch: Launch) -> None:
        self.seen: list[Any] = []
        self.copies: list[tuple[np.ndarray, Guarded, Memory]] = []
        for name, arg in args.items():
            if isinstance(arg, np.ndarray):
                self.seen.append(WatchedArray(self._memory(name, arg, launch), arg.shape))
            else:
                self.seen.append(scalar_type(np.result_type(arg))(arg))

    def _memory(self, name: str, array: np.ndarray, launch: Launch) -> Memory:
        """A guarded copy, the same one for an array that was passed before."""
        if not array.flags.c_contiguous:
            raise ValueError(f"{launch.kernel}: {name} must be contiguous, got strides {array.strides}")
        for other, _, memory in self.copies:
            same = (other.ctypes.data, other.nbytes, other.dtype) == (array.ctypes.data, array.nbytes, array.dtype)
            if same and array.size:
                return memory
            if np.may_share_memory(other, array):
                raise ValueError(f"{launch.kernel}: {name} and {memory.name} overlap, but are not the same memory")
        guarded = Guarded(array, name)
        memory = Memory(guarded.flat, array.shape, name, launch, written=True)
        self.copies.append((array, guarded, memory))
        return memory

    def hand_back(self, kernel: str) -> None:
        """Check the guard bands, and put the results into the caller's arrays."""
        for _, guarded, _ in self.copies:
            guarded.check(kernel)
        for array, guarded, _ in self.copies:
            if array.flags.writeable:
                array[...] = guarded.flat.reshape(array.shape)


def run(kernel: Any, blocks: Size, threads: Size, args: Sequence[Any], order: Order = "forward") -> None:
    """Launch a kernel on the CPU, thread by thread, and refuse whatever is wrong with it.

    Args:
        kernel: a kernel with a ``body``, or a function that Numba could compile to one.
        blocks: in the grid, a number or up to three.
        threads: in a block, a number or up to three.
        args: NumPy arrays, or objects with one as ``host``, and scalars. The kernel works on copies of the arrays:
            they are changed when it has ended, and was right.
        order: of the blocks, and of the threads in a block: forward, reversed, or a seed to shuffle them.

    Raises:
        KernelError: of the class that says what is wrong.
        TypeError: if the kernel uses what the runner has nothing for, or takes other arguments.
        ValueError: if an array is not contiguous, or two overlap.
    """
    body = _body(kernel)
    launch = Launch(body.__name__, blocks, threads)
    namespace = Cuda(launch)
    rebinder = Rebinder(namespace)
    function = rebinder.rebind(body)
    arguments = _Arguments(_named(body, args), launch)

    def body_of_thread() -> None:
        try:
            function(*arguments.seen)
        except Exception as error:
            error.add_note(f"in {launch.kernel}, {launch.thread.name}")
            raise

    def ledgers() -> list[Any]:
        memories = [memory for _, _, memory in arguments.copies] + namespace.shared.memories
        return [memory.ledger for memory in memories]

    waits = bool(rebinder.names & WAITING)
    with np.errstate(all="ignore"):  # the device knows inf and NaN, but no warnings
        for block in arranged(launch.grid.positions(), order):
            its_threads = threads_of(launch, block)
            turns = arranged(its_threads, order)
            run_together(launch, turns, body_of_thread, ledgers) if waits else run_alone(launch, turns, body_of_thread)
            for ledger in ledgers():
                ledger.end_of_block()
            namespace.shared.clear()
    arguments.hand_back(launch.kernel)


def run_all_orders(kernel: Any, blocks: Size, threads: Size, args: Sequence[Any]) -> None:
    """As :func:`run`, in several orders, from the same start; the result must be equal to the last bit.

    Raises:
        OrderDependent: if it is not, with the argument and index.
        KernelError, TypeError, ValueError: as :func:`run`.
    """
    body = _body(kernel)
    arrays = {name: arg for name, arg in _named(body, args).items() if isinstance(arg, np.ndarray)}
    start = {name: array.copy() for name, array in arrays.items()}
    first: dict[str, np.ndarray] = {}

    def begin_again() -> None:
        for name, array in arrays.items():
            if array.flags.writeable:
                array[...] = start[name]

    for order in ORDERS:
        begin_again()
        run(kernel, blocks, threads, args, order)
        for name, array in arrays.items():
            expected = first.setdefault(name, array.copy())
            unequal = np.flatnonzero(_bits(array) != _bits(expected))
            if unequal.size:
                index = tuple(map(int, np.unravel_index(unequal[0], array.shape)))
                what = f"{name}[{', '.join(map(str, index))}] is {expected[index]}"
                but = f"but {array[index]} in the order {order!r}"
                begin_again()
                raise OrderDependent(f"{body.__name__}: {what} where blocks and threads run {ORDERS[0]}, {but}")


def _bits(array: np.ndarray) -> np.ndarray:
    """The bits of each element, as an unsigned integer: NaN is NaN, and 0 is not -0."""
    return array.ravel().view(f"u{array.dtype.itemsize}")
