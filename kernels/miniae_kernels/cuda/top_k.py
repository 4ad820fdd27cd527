r"""Top-k: the k largest entries of every row, found without sorting.

Overrides: ``top_k``, forward (backward the reference does what can be done: one product by the mask). The choice of
places alone is what :mod:`miniae_kernels.cuda.top_k_dense` begins with.

.. math::
    y_d = x_d \text{ where fewer than k entries come before } x_d, \text{ else } 0

Before an entry come the larger ones, and of equal ones those to its left. NaN is larger than any number.

Idea: the bits of a float, read as sign and magnitude of a whole number, are in the order of the floats. The k-th
largest is found digit by digit, 11 bits at a time, beginning with the highest (a *radix select*): a block counts how
often each digit occurs among the entries that agree with what is known so far, adds the counts up in a tree, and
descends from the root to the digit in which the k-th lies. After 3 such passes over a row in float32, 6 in float64, all
bits of the k-th largest entry are known, and how many entries equal to it stay. Counts are whole numbers: in whatever
order the threads come, they are the same.

Which of the equal ones stay, the first, is seen in the last pass. Each warp of the block has a part of the row; its
lanes tell each other by a ballot which of them hold an equal one, and each counts those before its own. Where only some
of them stay, the warps count theirs first.

Bytes, for numbers of s bytes: a row is read 4 times in float32, 7 in float64, and once more where equal ones are
dropped, from memory the first time and then from the cache, where all rows in work fit into it; N D (s + 1) are
written. Operations: about 20 for each number and pass. The naive kernel compares each entry with all D others, N D^2
times.

Shapes: N rows, D entries each.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import cuda, int32, int64, uint32, uint64

from miniae.arrays import output
from miniae.ops import OPS, Pair, top_k_backward
from miniae.ops.top_k import TopKCache, check_top_k
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device, kernel
from miniae_kernels.cuda.rows import ALL, WARP

DIGIT = 11  # bits: the first digit of a float32 is its sign, its exponent and 2 bits of its mantissa
LEAVES = 2**DIGIT
NODES = 2 * LEAVES
WARPS = THREADS // WARP


@kernel("real[:, ::1], real[:, ::1], boolean[:, ::1], int64")
def naive(x, y, kept, k):
    """A thread for each entry, which counts those that come before it."""
    d, n = cuda.grid(2)
    if n < x.shape[0] and d < x.shape[1]:
        value, before, lost = x[n, d], 0, 0
        for e in range(x.shape[1]):
            other = x[n, e]
            if math.isnan(other):
                lost += 1
                larger, equal = not math.isnan(value), math.isnan(value)
            else:
                larger, equal = other > value, other == value
            if larger or (equal and e < d):
                before += 1
        stays = before < k or lost >= k
        kept[n, d] = stays
        y[n, d] = value if stays else x.dtype.type(0)


@device
def descend(tree, need):
    """Where the leaves of a tree hold counts: in which leaf the ``need``-th lies, counted from the last.

    Node i is the sum of nodes 2 i and 2 i + 1. All threads of the block arrive at the same leaf.

    Returns:
        The leaf, which it is of those in the leaf, from 1, and how many the leaf holds.
    """
    half = LEAVES // 2
    while half > 0:
        cuda.syncthreads()
        for node in range(half + cuda.threadIdx.x, 2 * half, THREADS):
            tree[node] = tree[2 * node] + tree[2 * node + 1]
        half //= 2
    cuda.syncthreads()
    node = 1
    while node < LEAVES:
        node = 2 * node + 1
        if tree[node] < need:
            need -= tree[node]
            node -= 1
    count = int64(tree[node])
    cuda.syncthreads()  # before the tree is used again
    return node - LEAVES, need, count


class Kernels(NamedTuple):
    """The kernels for floats of one width."""

    top_k: Kernel
    places: Kernel


def kernels(width: int, infinity: int) -> Kernels:
    """The kernels for floats of ``width`` bits, whose bits are ``infinity`` where they are infinite.

    They are given the floats as integers. Going over a row a thread has several entries in work at a time, which takes
    more registers than usual.
    """
    word = {32: uint32, 64: uint64}[width]
    half = 2 ** (width - 1)
    nan = infinity + 1 + half  # the key of every NaN

    @device
    def key(bits):
        """A number without sign, in the order of the floats; one for both zeros, and one for every NaN, the largest."""
        magnitude = int64(bits) & int64(half - 1)
        ordered = -magnitude if bits < 0 else magnitude
        if magnitude > infinity:
            ordered = int64(infinity + 1)
        return word(uint64(ordered) + uint64(half))

    @device
    def level(bits, n, k, tree):
        """The key of the k-th largest of row ``n``, how many equal to it stay, and how many there are."""
        need, count, known, found, shift = int64(k), int64(0), word(0), word(0), width
        while shift > 0:
            shift = max(shift - DIGIT, 0)
            for leaf in range(LEAVES + cuda.threadIdx.x, NODES, THREADS):
                tree[leaf] = 0
            cuda.syncthreads()
            for d in range(cuda.threadIdx.x, bits.shape[1], THREADS):
                this = key(bits[n, d])
                if word(this & known) == found:
                    cuda.atomic.add(tree, LEAVES + int64(word(this >> word(shift)) & word(LEAVES - 1)), 1)
            digit, need, count = descend(tree, need)
            found = word(found | word(digit) << word(shift))
            known = word(known | word(LEAVES - 1) << word(shift))
        return found, need, count

    @device
    def part(bits):
        """The first entry of this warp's part of a row, and the end of the part: beyond the row's end in the last."""
        length = (bits.shape[1] + THREADS - 1) // THREADS * WARP
        first = cuda.threadIdx.x // WARP * length
        return first, first + length

    @device
    def earlier(bits, n, found, counts):
        """How many entries above ``found`` and how many equal to it stand in the parts of the warps before this one."""
        first, end = part(bits)
        above, equal = int64(0), int64(0)
        for start in range(first, end, WARP):
            d = start + cuda.laneid
            this = key(bits[n, d]) if d < bits.shape[1] else word(0)
            above += cuda.popc(cuda.ballot_sync(ALL, this > found))
            equal += cuda.popc(cuda.ballot_sync(ALL, d < bits.shape[1] and this == found))
        if cuda.laneid == 0:
            counts[0, cuda.threadIdx.x // WARP], counts[1, cuda.threadIdx.x // WARP] = above, equal
        cuda.syncthreads()
        above, equal = int64(0), int64(0)
        for warp in range(cuda.threadIdx.x // WARP):
            above += counts[0, warp]
            equal += counts[1, warp]
        return above, equal

    @kernel(f"int{width}[:, ::1], int{width}[:, ::1], boolean[:, ::1], int64", f"{width} bits", registers=80)
    def top_k(bits, y, kept, k):
        """A block for each row: what is kept, and where."""
        tree = cuda.shared.array(NODES, int32)
        counts = cuda.shared.array((2, WARPS), int32)
        n = cuda.blockIdx.x
        found, need, count = level(bits, n, k, tree)
        equal, lost = int64(0), found == word(nan)
        if count > need:
            _, equal = earlier(bits, n, found, counts)
        before = (1 << cuda.laneid) - 1  # a bit for each lane before this one
        first, end = part(bits)
        for start in range(first, end, WARP):
            d = start + cuda.laneid
            inside = d < bits.shape[1]
            this = key(bits[n, d]) if inside else word(0)
            here = cuda.ballot_sync(ALL, inside and this == found)
            if inside:
                stays = this > found or (this == found and equal + cuda.popc(here & before) < need) or lost
                kept[n, d] = stays
                y[n, d] = bits[n, d] if stays else 0
            equal += cuda.popc(here)

    @kernel(f"int{width}[:, ::1], int32[:, ::1]", f"{width} bits", registers=80)
    def places(bits, positions):
        """A block for each row: where the k entries stand that are kept, from left to right."""
        tree = cuda.shared.array(NODES, int32)
        counts = cuda.shared.array((2, WARPS), int32)
        n = cuda.blockIdx.x
        found, need, _ = level(bits, n, positions.shape[1], tree)
        above, equal = earlier(bits, n, found, counts)
        before = (1 << cuda.laneid) - 1
        first, end = part(bits)
        for start in range(first, end, WARP):
            d = start + cuda.laneid
            inside = d < bits.shape[1]
            this = key(bits[n, d]) if inside else word(0)
            larger, here = cuda.ballot_sync(ALL, this > found), cuda.ballot_sync(ALL, inside and this == found)
            equal_before = equal + cuda.popc(here & before)
            if this > found or (inside and this == found and equal_before < need):
                positions[n, above + cuda.popc(larger & before) + min(equal_before, need)] = d
            above += cuda.popc(larger)
            equal += cuda.popc(here)

    return Kernels(top_k, places)


KERNELS = {"float32": kernels(32, 0x7F800000), "float64": kernels(64, 0x7FF0000000000000)}


def as_integers(x: Any) -> Any:
    """The rows of ``x`` (..., D), its memory read as integers, (N, D)."""
    import cupy

    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    return cupy.ndarray(rows.shape, np.dtype(f"int{8 * x.dtype.itemsize}"), rows.data)


def top_k_forward(x: Any, k: int, *, out: Any = None) -> tuple[Any, TopKCache]:
    """As :func:`miniae.ops.top_k.top_k_forward`."""
    import cupy

    check_top_k(x, k)
    y = output("top_k", out, x.shape, x)
    kept = cupy.empty(x.shape, cupy.bool_)
    bits = as_integers(x)
    KERNELS[x.dtype.name].top_k[len(bits), THREADS](bits, as_integers(y), kept.reshape(bits.shape), k)
    return y, TopKCache(x.dtype, kept)


def top_k_places(x: Any, k: int) -> Any:
    """Where the k largest of each row of ``x`` (N, D) stand, (N, k), from left to right.

    Of rows with k NaN and more it is the first k of these.
    """
    import cupy

    positions = cupy.empty((len(x), k), cupy.int32)
    KERNELS[x.dtype.name].places[len(x), THREADS](as_integers(x), positions)
    return positions


PAIRS = {"top_k": Pair(top_k_forward, top_k_backward, *OPS["top_k"][2:])}


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth."""
    from miniae.ops import top_k_forward as reference
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    def measure(n: int, d: int, k: int) -> None:
        x = cupy.random.default_rng(0).standard_normal((n, d), dtype=cupy.float32)
        y, kept = cupy.empty_like(x), cupy.empty(x.shape, cupy.bool_)
        moved = 2 * x.nbytes + kept.nbytes
        compare(
            f"the {k} largest of {d}, {n} rows, float32",
            Case("naive", lambda: naive[(blocks_for(d), n), THREADS](x, y, kept, k), moved),
            Case("radix select", lambda: top_k_forward(x, k, out=y), moved),
            got=lambda: y,
            expected=reference(x.get().astype("float64"), k)[0],
        )

    measure(16_384, 2048, 64)
    measure(2048, 16_384, 64)


if __name__ == "__main__":
    main()
