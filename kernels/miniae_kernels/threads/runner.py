"""Launch a kernel on the CPU."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import FunctionType
from typing import Any, Literal, TypeVar

import numpy as np

from miniae_kernels.threads.block import run_alone, run_together, threads_of
from miniae_kernels.threads.errors import OrderDependent
from miniae_kernels.threads.guards import Copies, Guarded
from miniae_kernels.threads.meetings import WAITING
from miniae_kernels.threads.memory import Memory, WatchedArray
from miniae_kernels.threads.namespace import Cuda
from miniae_kernels.threads.rebind import Rebinder
from miniae_kernels.threads.scalars import scalar_type
from miniae_kernels.threads.threads import Launch

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
    """The Python function of a kernel.

    Raises:
        TypeError: if there is none.
    """
    body = inspect.unwrap(getattr(kernel, "body", getattr(kernel, "py_func", kernel)))
    if not isinstance(body, FunctionType):
        raise TypeError(f"a kernel is a function, got {body!r}")
    return body


def _named(body: FunctionType, args: Sequence[Any]) -> dict[str, Any]:
    """A kernel's arguments by name: NumPy's arrays, and scalars.

    Raises:
        TypeError: if there are too many or too few.
    """
    if isinstance(args, np.ndarray):
        raise TypeError(f"{body.__name__}: the arguments must be a tuple, got one array; is it (x) for (x,)?")
    names = body.__code__.co_varnames[: body.__code__.co_argcount]
    if len(names) != len(args):
        raise TypeError(f"{body.__name__}: takes {len(names)} arguments ({', '.join(names)}), got {len(args)}")
    return {name: getattr(arg, "host", arg) for name, arg in zip(names, args, strict=True)}


class _Arguments:
    """The launch's arguments as the kernel sees them: guarded copies of arrays, scalars of the device."""

    def __init__(self, args: dict[str, Any], launch: Launch) -> None:
        self.seen: list[Any] = []
        self.copies = Copies(launch.kernel)
        self.memories: dict[Guarded, Memory] = {}
        for name, arg in args.items():
            if isinstance(arg, np.ndarray):
                copy = self.copies.of(name, arg)
                if copy not in self.memories:
                    self.memories[copy] = Memory(copy.flat, arg.shape, name, launch)
                self.seen.append(WatchedArray(self.memories[copy], arg.shape))
            elif not isinstance(arg, (int, float, np.number, np.bool_)):
                raise TypeError(f"{launch.kernel}: {name} must be a NumPy array or a number, got {type(arg).__name__}")
            else:
                self.seen.append(scalar_type(np.result_type(arg))(arg))


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

    An array reversed, and a sum for which all threads add into one place:

    >>> from numba import cuda
    >>> from miniae_kernels import threads
    >>> def reverse(x, y):
    ...     i = cuda.grid(1)
    ...     if i < x.size:
    ...         y[i] = x[x.size - 1 - i]
    >>> def total(x, y):
    ...     i = cuda.grid(1)
    ...     if i < x.size:
    ...         y[0] += x[i]
    >>> x, y = np.arange(5.0), np.zeros(5)
    >>> threads.run(reverse, 2, 4, (x, y))
    >>> y
    array([4., 3., 2., 1., 0.])
    >>> try:
    ...     threads.run(total, 2, 4, (x, y))
    ... except threads.Race as error:
    ...     print(error)
    total, block 0, thread 1, at ...:4: reads y[0], which block 0, thread 0 wrote at ...:4, and no barrier between the
    two orders them
    >>> y  # a launch that was refused has changed nothing
    array([4., 3., 2., 1., 0.])
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
        return [memory.ledger for memory in (*arguments.memories.values(), *namespace.shared.memories)]

    waits = bool(rebinder.names & WAITING)
    with np.errstate(all="ignore"):  # the device knows inf and NaN, but no warnings
        for block in arranged(launch.grid.positions(), order):
            its_threads = threads_of(launch, block)
            turns = arranged(its_threads, order)
            run_together(launch, turns, body_of_thread, ledgers) if waits else run_alone(launch, turns, body_of_thread)
            for ledger in ledgers():
                ledger.end_of_block()
            namespace.shared.clear()
    arguments.copies.hand_back()


def run_all_orders(kernel: Any, blocks: Size, threads: Size, args: Sequence[Any]) -> None:
    """As :func:`run`, in several orders, from the same start; the result must be equal to the last bit.

    Args:
        kernel, blocks, threads, args: as for :func:`run`.

    Raises:
        OrderDependent: if it is not, with the argument and index.
        KernelError, TypeError, ValueError: as :func:`run`.

    Atomic additions are no race, but floats are rounded in another order each time:

    >>> from numba import cuda
    >>> from miniae_kernels import threads
    >>> def total(x, y):
    ...     i = cuda.grid(1)
    ...     cuda.atomic.add(y, 0, x[i])
    >>> try:
    ...     threads.run_all_orders(total, 1, 3, (np.float32([1e8, -1e8, 1]), np.zeros(1, np.float32)))
    ... except threads.OrderDependent as error:
    ...     print(error)
    total: y[0] is 1.0 where blocks and threads run forward, but 0.0 in the order 'reversed'
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
