r"""Top-k followed by dense: of the weights, only the rows of what was kept are read.

Overrides, as the fused op ``top_k_dense``: ``top_k`` followed by ``dense``, the decoder of a k-sparse autoencoder and
of a TopK dictionary.

.. math::
    y_n &= \sum_{j \in T_n} x_{nj}\, w_j + b, \qquad T_n = \text{the k largest of row n}                 \tag{1} \\
    dx_{nj} &= dy_n \cdot w_j \text{ where } j \in T_n \text{, else } 0                                  \tag{2} \\
    dw_j &= \sum_{n:\, j \in T_n} x_{nj}\, dy_n, \qquad db = \sum_n dy_n                                 \tag{3}

with :math:`w_j` for row j of w. Of the D products that make an output, D - k are by 0.

Idea, of (1) and (2): what was kept is a list of k places for each row. Going forward a thread has one output and goes
through the list: neighbouring threads read neighbours of a row of w. Going back, a warp has one kept entry: its lanes
share the product, and add up what each has found.

Idea, of (3): a sum over the examples that kept j, but the lists say it the other way round: what each example kept.
They are turned around as bits, N for each j, which say who kept it: N D / 8 bytes, much less than x. A block has some
of row j; each warp reads 32 words of bits at a time, skips those that are 0 by a ballot, and adds x dy for one example
after the other, in their order. The bits are set by atomic additions, of whole numbers and each to a place of its own:
their order does not matter.

Bytes, for numbers of s bytes: N k O s of w, of w again and of dy, mostly from the cache; beside that N D s of x (for
the choice, :mod:`miniae_kernels.cuda.top_k`) and of dx, N O s of y, D O s of dw, and N D / 8 of bits for each 256
outputs. Operations: 2 N k O for each of the three, where the dense products do 2 N D O.

Where k is no small part of D those are faster nevertheless: see :func:`pays`. Weights that are stored as their
transpose (tied ones) are first copied row by row. Rows of w that no example kept are not looked at: a NaN in one of
them does not reach y, as it would by a product with 0.

Shapes: N batch, D features in, O features out, k of D kept.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from numba import cuda, int32, uint32

from miniae.arrays import check_cotangent, output
from miniae.ops import Pair
from miniae.ops.dense import check_dense
from miniae.ops.top_k import TopKCache, check_top_k
from miniae_kernels.cuda.columns import column_sums
from miniae_kernels.cuda.dense import DenseCache, dense
from miniae_kernels.cuda.launch import THREADS, blocks_for, device, kernel
from miniae_kernels.cuda.rows import ALL, WARP, row_total
from miniae_kernels.cuda.top_k import PAIRS as TOP_K
from miniae_kernels.cuda.top_k import top_k_places

WARPS = THREADS // WARP
BITS = 32  # of a word
DENSE = dense()


class SparseCache(NamedTuple):
    """What the backward needs; w row by row."""

    x: Any
    w: Any
    places: Any
    has_bias: bool


class PlainCache(NamedTuple):
    """What it needs where the two ops were run one after the other."""

    top_k: TopKCache
    dense: DenseCache


def pays(k: int, features: int) -> bool:
    """Whether reading k rows of w for each example is faster than multiplying by all of it.

    An output costs 4 k bytes from the cache, or D multiplications and additions: some 5 TB/s and 25 T/s on a large GPU,
    so that they meet where k is D / 20. Reckoned, not measured.

    >>> pays(32, 16_384), pays(100, 1000)
    (True, False)
    """
    return 20 * k <= features


@kernel("real[:, ::1], real[:, ::1], real[::1], real[:, ::1]")
def naive_forward(s, w, b, y):
    """A thread for each output, which goes through all of s, the row with zeros for what was not kept."""
    o, n = cuda.grid(2)
    if n < y.shape[0] and o < y.shape[1]:
        total = b[o]
        for d in range(s.shape[1]):
            total += s[n, d] * w[d, o]
        y[n, o] = total


@kernel("real[:, ::1], int32[:, ::1], real[:, ::1], real[:, ::1]")
def naive_backward_x(dy, places, w, dx):
    """(2): a thread for each entry that was kept: neighbours read rows of w that lie far apart. dx holds zeros."""
    t, n = cuda.grid(2)
    if n < places.shape[0] and t < places.shape[1]:
        j, total = places[n, t], dy.dtype.type(0)
        for o in range(dy.shape[1]):
            total += dy[n, o] * w[j, o]
        dx[n, j] = total


@kernel("real[:, ::1], real[:, ::1], real[:, ::1]")
def naive_backward_w(s, dy, dw):
    """(3): a thread for each weight, which goes through all of s."""
    o, j = cuda.grid(2)
    if j < dw.shape[0] and o < dw.shape[1]:
        total = dy.dtype.type(0)
        for n in range(s.shape[0]):
            total += s[n, j] * dy[n, o]
        dw[j, o] = total


@kernel("real[:, ::1], int32[:, ::1], real[:, ::1], real[::1], real[:, ::1]")
def forward(x, places, w, b, y):
    """(1): a block for 256 outputs of one example."""
    n, o = cuda.blockIdx.x, cuda.blockIdx.y * THREADS + cuda.threadIdx.x
    if o < y.shape[1]:
        total = b[o]
        for t in range(places.shape[1]):
            j = places[n, t]
            total += x[n, j] * w[j, o]
        y[n, o] = total


@kernel("real[:, ::1], int32[:, ::1], real[:, ::1], real[:, ::1]")
def backward_x(dy, places, w, dx):
    """(2): a block of (lanes, warps) for some entries that one example kept, a warp for each. dx holds zeros."""
    n, t = cuda.blockIdx.x, cuda.blockIdx.y * WARPS + cuda.threadIdx.y
    if t < places.shape[1]:
        j, o, total = places[n, t], cuda.threadIdx.x, dy.dtype.type(0)
        while o < dy.shape[1]:
            total += dy[n, o] * w[j, o]
            o += WARP
        total = row_total(total)
        if cuda.threadIdx.x == 0:
            dx[n, j] = total


@kernel("int32[:, ::1], uint32[:, ::1]")
def turn_around(places, keepers):
    """A bit for each example, in ``keepers[j]``, where it kept j: a block for each example. ``keepers`` holds zeros."""
    n = cuda.blockIdx.x
    for t in range(cuda.threadIdx.x, places.shape[1], THREADS):
        cuda.atomic.add(keepers, (places[n, t], n // BITS), uint32(1 << (n % BITS)))


@device
def lowest(bits):
    """The place of the lowest bit that is set in a number that is not negative."""
    return cuda.popc((bits & -bits) - 1)


@kernel("real[:, ::1], real[:, ::1], uint32[:, ::1], real[:, ::1]")
def backward_w(x, dy, keepers, dw):
    """(3): a block for 256 weights of one row."""
    j, o = cuda.blockIdx.x, cuda.blockIdx.y * THREADS + cuda.threadIdx.x
    total = dy.dtype.type(0)
    for start in range(0, keepers.shape[1], WARP):
        word = start + cuda.laneid
        mine = int32(keepers[j, word]) if word < keepers.shape[1] else int32(0)
        words = cuda.ballot_sync(ALL, mine != 0) & ALL  # without a sign
        while words != 0:
            lane = lowest(words)
            words &= words - 1  # without the lowest
            examples = cuda.shfl_sync(ALL, mine, lane) & ALL
            while examples != 0:
                n = (start + lane) * BITS + lowest(examples)
                examples &= examples - 1
                if o < dw.shape[1]:
                    total += x[n, j] * dy[n, o]
    if o < dw.shape[1]:
        dw[j, o] = total


def top_k_dense_forward(
    x: Any, w: Any, b: Any = None, *, k: int, out: Any = None
) -> tuple[Any, SparseCache | PlainCache]:
    """``dense_forward(top_k_forward(x, k)[0], w, b)``.

    Args:
        x: (N, D).
        w: (D, O).
        b: (O,), or None for none.
        k: how many of each row are kept.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, (N, O), and the cache for :func:`top_k_dense_backward`.

    Raises:
        TypeError, ValueError: as the two ops.
    """
    import cupy

    check_top_k(x, k)
    check_dense(x, w, b)
    if not pays(k, x.shape[1]):
        s, chosen = TOP_K["top_k"].forward(x, k)
        y, cache = DENSE.forward(s, w, b, out=out)
        return y, PlainCache(chosen, cache)
    y = output("dense", out, (x.shape[0], w.shape[1]), x)
    w, places = cupy.ascontiguousarray(w), top_k_places(x, k)
    bias = cupy.zeros(w.shape[1], w.dtype) if b is None else b
    forward[(len(x), blocks_for(w.shape[1])), THREADS](x, places, w, bias, y)
    return y, SparseCache(x, w, places, b is not None)


def top_k_dense_backward(
    dy: Any,
    cache: SparseCache | PlainCache,
    *,
    needs: Collection[str] = ("x", "w", "b"),
    out: Mapping[str, Any] | None = None,
) -> tuple[Any, Any, Any]:
    """The gradients of :func:`top_k_dense_forward`, with the choice held.

    Args:
        dy: gradient with respect to ``y``, (N, O).
        cache: from :func:`top_k_dense_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        out: where to write them, by the argument's name; fresh arrays for those not named.

    Returns:
        ``dx``, ``dw``, ``db``; ``db`` is None where there was no bias.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    import cupy

    out = out or {}
    if isinstance(cache, PlainCache):
        ds, dw, db = DENSE.backward(dy, cache.dense, needs=needs, out={**out, "x": None})
        dx = None if ds is None else TOP_K["top_k"].backward(ds, cache.top_k, out=out.get("x"))
        return dx, dw, db
    x, w, places, has_bias = cache
    check_cotangent("dense", dy, (x.shape[0], w.shape[1]), x.dtype)
    dx = dw = db = None
    if "x" in needs:
        dx = output("dense", out.get("x"), x.shape, x)
        dx.fill(0)
        backward_x[(len(x), blocks_for(places.shape[1], WARPS)), (WARP, WARPS)](dy, places, w, dx)
    if "w" in needs:
        dw = output("dense", out.get("w"), w.shape, x)
        keepers = cupy.zeros((x.shape[1], blocks_for(len(x), BITS)), cupy.uint32)
        turn_around[len(x), THREADS](places, keepers)
        backward_w[(len(dw), blocks_for(dw.shape[1])), THREADS](x, dy, keepers, dw)
    if "b" in needs and has_bias:
        db = output("dense", out.get("b"), w.shape[1:], x)
        column_sums(dy, db)
    return dx, dw, db


PAIRS = {"top_k_dense": Pair(top_k_dense_forward, top_k_dense_backward, linear=("w", "b"))}
FUSED = {("top_k", "dense"): "top_k_dense"}


def main() -> None:
    """Hold the kernels against NumPy, against cuBLAS on all of w, and against the device's bandwidth."""
    from miniae_kernels.cuda.gemm import matmul
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, d, o, k = 4096, 16_384, 768, 32
    rng = cupy.random.default_rng(0)
    x, w, dy = (rng.standard_normal(shape, dtype=cupy.float32) for shape in ((n, d), (d, o), (n, o)))
    b, y, dx, dw = cupy.zeros(o, "float32"), cupy.empty_like(dy), cupy.zeros_like(x), cupy.empty_like(w)
    s, _ = TOP_K["top_k"].forward(x, k)
    _, cache = top_k_dense_forward(x, w, b, k=k)
    places = top_k_places(x, k)
    keepers = cupy.zeros((d, blocks_for(n, BITS)), cupy.uint32)
    turn_around[n, THREADS](places, keepers)
    host_s, host_w, host_dy = (a.get().astype("float64") for a in (s, w, dy))
    row = n * k * o * 4
    all_outputs, tiles = (blocks_for(o), n), blocks_for(o)
    compare(
        f"decoding {k} of {d} to {o}, {n} rows, float32",
        Case("naive", lambda: naive_forward[all_outputs, THREADS](s, w, b, y), row, 2 * n * d * o),
        Case("cuBLAS on all of w", lambda: matmul(s, w, y), row, 2 * n * d * o),
        Case("k rows of w", lambda: forward[(n, tiles), THREADS](x, places, w, b, y), row, 2 * n * k * o),
        Case("with the choice", lambda: top_k_dense_forward(x, w, b, k=k, out=y), row + x.nbytes, 2 * n * k * o),
        got=lambda: y,
        expected=host_s @ host_w,
    )
    kept = (host_s != 0) * (host_dy @ host_w.T)
    compare(
        "dx, where something was kept",
        Case("naive", lambda: (dx.fill(0), naive_backward_x[(1, n), k](dy, places, w, dx)), row, 2 * n * k * o),
        Case(
            "a warp each",
            lambda: (dx.fill(0), backward_x[(n, k // WARPS), (WARP, WARPS)](dy, places, w, dx)),
            row,
            2 * n * k * o,
        ),
        got=lambda: dx,
        expected=kept,
    )
    compare(
        "dw",
        Case("naive", lambda: naive_backward_w[(tiles, d), THREADS](s, dy, dw), row, 2 * n * d * o),
        Case("cuBLAS on all of s", lambda: matmul(s, dy, dw, transpose_a=True), row, 2 * n * d * o),
        Case("who kept it", lambda: backward_w[(d, tiles), THREADS](x, dy, keepers, dw), row, 2 * n * k * o),
        Case(
            "and turning around",
            lambda: top_k_dense_backward(dy, cache, needs=("w",), out={"w": dw}),
            row,
            2 * n * k * o,
        ),
        got=lambda: dw,
        expected=host_s.T @ host_dy,
    )


if __name__ == "__main__":
    main()
