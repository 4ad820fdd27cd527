"""Device memory: blocks from pools, limits, and the poison that fresh memory is filled with."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from standin.machine import MACHINE, Device
from standin.streams import current_stream

ALIGNMENT = 512  # bytes: CuPy rounds every request up to a multiple of it, and hands out addresses that are one
GARBAGE = 0x5A  # what the bytes of fresh memory hold where NaN is not to be had


class OutOfMemoryError(MemoryError):
    """More was asked for than a pool may hand out, or than the device has."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        set_to = f", limit set to: {limit:,} bytes" if limit else ""
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes{set_to}).")


class Memory:
    """A block of memory on a device; given back when nothing refers to it any more."""

    def __init__(self, size: int, pool: "MemoryPool") -> None:
        room = np.empty(size + ALIGNMENT, np.uint8)
        start = -room.ctypes.data % ALIGNMENT
        self.bytes = room[start : start + size]
        self.bytes[...] = GARBAGE
        self.device_id, self.size, self.pool = MACHINE.device, size, pool
        self.ptr = self.bytes.ctypes.data
        _count(pool, self.device_id, size)
        weakref.finalize(self, _count, pool, self.device_id, -size)


def _count(pool: "MemoryPool", device: int, size: int) -> None:
    MACHINE.used[device] = MACHINE.used.get(device, 0) + size
    pool._used += size


class MemoryPointer:
    """An address inside a block."""

    def __init__(self, mem: Memory, offset: int) -> None:
        self.mem, self.ptr = mem, mem.ptr + offset

    def __add__(self, offset: int) -> "MemoryPointer":
        return MemoryPointer(self.mem, self.ptr - self.mem.ptr + offset)

    @property
    def device_id(self) -> int:
        """Number of the device it is on."""
        return self.mem.device_id

    @property
    def device(self) -> Device:
        """The device it is on."""
        return Device(self.device_id)


class MemoryPool:
    """Hands out memory, up to a limit."""

    def __init__(self) -> None:
        self._used, self._limit = 0, 0

    def malloc(self, size: int) -> MemoryPointer:
        """A block of so many bytes, poisoned."""
        MACHINE.check()
        stream = current_stream()
        if stream.is_capturing() and self is DEFAULT:
            raise RuntimeError(
                "allocating from the default pool while a stream captures: the block would be handed out again while "
                "the graph still uses it; allocate before, or from a pool of the graph's own (using_allocator)"
            )
        size = -(-size // ALIGNMENT) * ALIGNMENT
        if self._limit and self._used + size > self._limit:
            raise OutOfMemoryError(size, self._used, self._limit)
        if size > MACHINE.memory - MACHINE.used.get(MACHINE.device, 0):
            raise OutOfMemoryError(size, self._used)
        return MemoryPointer(Memory(size, self), 0)

    def set_limit(self, size: int | None = None) -> None:
        """Hand out no more than so many bytes; without a number, or with 0, what the device has."""
        self._limit = size or 0

    def get_limit(self) -> int:
        """What :meth:`set_limit` was given."""
        return self._limit

    def used_bytes(self) -> int:
        """Bytes in use."""
        return self._used

    def total_bytes(self) -> int:
        """Bytes taken from the device: those in use, for nothing is kept here."""
        return self._used

    def free_bytes(self) -> int:
        """Bytes kept to be handed out again: none."""
        return 0

    def free_all_blocks(self) -> None:
        """Give back what is not in use: nothing is kept here."""


DEFAULT = MemoryPool()
Allocator = Callable[[int], MemoryPointer]


def get_default_memory_pool() -> MemoryPool:
    """The pool that is used where no other is asked for."""
    return DEFAULT


def get_allocator() -> Allocator:
    """The function that hands out memory now."""
    return MACHINE.allocators[-1] if MACHINE.allocators else DEFAULT.malloc


@contextmanager
def using_allocator(allocator: Allocator | None = None) -> Iterator[None]:
    """Memory comes from another function while the block runs: the ``malloc`` of a pool."""
    MACHINE.allocators.append(allocator or DEFAULT.malloc)
    try:
        yield
    finally:
        MACHINE.allocators.pop()


def poison(array: np.ndarray) -> None:
    """Fill a NumPy array with what no correct program reads: NaN, or a pattern that is no sensible number."""
    if array.dtype.kind in "fc":
        array.fill(np.nan)
    elif array.dtype.kind == "b":
        array.fill(True)
