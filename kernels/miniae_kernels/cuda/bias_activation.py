r"""Bias and activation in one pass, and their backward fused with the gradient of the bias.

Overrides: the activations on their own (``sigmoid``, ``tanh``, ``relu``, ...); in :mod:`miniae_kernels.cuda.dense` and
:mod:`miniae_kernels.cuda.conv2d` what follows the matrix product.

.. math::
    y_{no} = f(x_{no} + b_o), \qquad dx_{no} = dy_{no} f'(y_{no}), \qquad db_o = \sum_n dx_{no}

Idea: a GPU does some 50 operations in the time in which it moves one float, so what counts is how often an element is
moved. One after the other, adding b, f, f', the product and the sum over examples move every element a dozen times;
here the forward reads it once and writes it once, and the backward reads y and dy and writes dx. Every f can be
differentiated knowing y alone, so that x need not be kept.

Bytes, for n elements of s bytes: forward 2 n s, backward 3 n s. Operations: an exponential and about 4 others each.

Shapes: N rows (examples; the pixels of all images), O features.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.columns import AT_ONCE, add_up, ahead, column_sums, stride_for
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, kernel


class Kernels(NamedTuple):
    """The kernels of one activation."""

    naive_forward: Kernel
    naive_backward: Kernel
    forward: Kernel
    backward: Kernel
    backward_with_bias: Kernel


def kernels(name: str) -> Kernels:
    """The kernels of the activation called ``name``; f and its derivative become part of their code."""
    f, derivative, *_ = ACTIVATIONS[name]

    @kernel("real[:, ::1], real[::1], real[:, ::1], real", name)
    def naive_forward(x, b, y, p):
        """A thread for each element, found by its row and column."""
        o, n = cuda.grid(2)
        if n < x.shape[0] and o < x.shape[1]:
            y[n, o] = f(x[n, o] + b[o], p)

    @kernel("real[:, ::1], real[:, ::1], real[:, ::1], real[::1], real", name)
    def naive_backward(dy, y, dx, db, p):
        """A thread for each column, which goes through all rows: O threads at work, of the 100,000 there could be."""
        o = cuda.grid(1)
        if o < db.size:
            total = dy.dtype.type(0)
            for n in range(dy.shape[0]):
                dx[n, o] = dy[n, o] * derivative(y[n, o], p)
                total += dx[n, o]
            db[o] = total

    @kernel("real[::1], real[::1], real[::1], real, int64", name)
    def forward(x, b, y, p, stride):
        """A thread stays in its column (see :mod:`miniae_kernels.cuda.columns`) and reads the bias once, x ahead."""
        t = cuda.grid(1)
        if t < stride:
            bias = b[t % b.size]
            xs = cuda.local.array(AT_ONCE, x.dtype)
            i = t
            while i < x.size:
                ahead(x, i, stride, xs)
                for m in range(AT_ONCE):
                    if i < x.size:
                        y[i] = f(xs[m] + bias, p)
                    i += stride

    @kernel("real[::1], real[::1], real[::1], real", name)
    def backward(dy, y, dx, p):
        """A thread for each element."""
        i = cuda.grid(1)
        if i < dx.size:
            dx[i] = dy[i] * derivative(y[i], p)

    @kernel("real[::1], real[::1], real[::1], real[::1], real, int64", name)
    def backward_with_bias(dy, y, dx, partial, p, stride):
        """A thread stays in its column, reads ahead, and keeps the sum of what it writes."""
        t = cuda.grid(1)
        if t < stride:
            total = dy.dtype.type(0)
            dys, ys = cuda.local.array(AT_ONCE, dy.dtype), cuda.local.array(AT_ONCE, dy.dtype)
            i = t
            while i < dy.size:
                ahead(dy, i, stride, dys)
                ahead(y, i, stride, ys)
                for m in range(AT_ONCE):
                    if i < dy.size:
                        d = dys[m] * derivative(ys[m], p)
                        dx[i] = d
                        total += d
                    i += stride
            partial[t] = total

    return Kernels(naive_forward, naive_backward, forward, backward, backward_with_bias)


KERNELS = {name: kernels(name) for name in ACTIVATIONS}


def activate(name: str, x: Any, b: Any | None, y: Any, p: float) -> None:
    """Write to ``y`` the activation of ``x + b``; ``y`` may be ``x`` itself.

    Args:
        name: of the activation.
        x: (..., O).
        b: (O,), or None for none.
        y: shaped like ``x``.
        p: the activation's option; see :mod:`miniae_kernels.cuda.activations`.
    """
    import cupy

    if b is None and name == "identity" and y is x:
        return
    b = cupy.zeros(1, x.dtype) if b is None else b
    stride = stride_for(x.size, b.size)
    KERNELS[name].forward[blocks_for(stride), THREADS](x.reshape(-1), b, y.reshape(-1), p, stride)


def activate_backward(name: str, dy: Any, y: Any, dx: Any, db: Any | None, p: float) -> None:
    """Write to ``dx`` the gradient with respect to ``x + b`` and to ``db`` its sum over rows, unless that is None.

    Args:
        name, p: as in :func:`activate`.
        dy, y, dx: (..., O); ``dx`` may be ``dy`` itself.
        db: (O,), or None where it is not wanted.
    """
    import cupy

    if db is None:
        KERNELS[name].backward[blocks_for(dy.size), THREADS](dy.reshape(-1), y.reshape(-1), dx.reshape(-1), p)
        return
    stride = stride_for(dy.size, db.size)
    partial = cupy.empty((stride // db.size, db.size), dy.dtype)
    KERNELS[name].backward_with_bias[blocks_for(stride), THREADS](
        dy.reshape(-1), y.reshape(-1), dx.reshape(-1), partial.reshape(-1), p, stride
    )
    add_up(partial, db)


def back_through(name: str, dy: Any, y: Any, db: Any | None, p: float) -> Any:
    """What :func:`activate_backward` makes of ``dy``: an array of its own, or ``dy`` where there is no activation.

    Args:
        name, p: as in :func:`activate`.
        dy, y: (..., O).
        db: (O,), where to write the sums of the result; None where they are not wanted.
    """
    import cupy

    if name == "identity":
        if db is not None:
            column_sums(dy, db)
        return dy
    dz = cupy.empty(dy.shape, dy.dtype)
    activate_backward(name, dy, y, dz, db, p)
    return dz


def main() -> None:
    """Hold the kernels of the sigmoid against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, o = 32_768, 2048
    rng = cupy.random.default_rng(0)
    x, dy = (rng.standard_normal((n, o), dtype=cupy.float32) for _ in range(2))
    b, db, y, dx = rng.standard_normal(o, dtype=cupy.float32), cupy.empty(o, "float32"), x.copy(), x.copy()
    naive_forward, naive_backward = KERNELS["sigmoid"][:2]
    expected = 1 / (1 + np.exp(-(x.get().astype("float64") + b.get())))
    compare(
        f"bias and sigmoid, {n} x {o}, float32",
        Case("naive", lambda: naive_forward[(o // 32, n // 8), (32, 8)](x, b, y, 0), moved=2 * x.nbytes),
        Case("stay in the column", lambda: activate("sigmoid", x, b, y, 0), moved=2 * x.nbytes),
        got=lambda: y,
        expected=expected,
    )
    compare(
        f"its backward with the bias's gradient, {n} x {o}, float32",
        Case("naive", lambda: naive_backward[blocks_for(o), THREADS](dy, y, dx, db, 0), moved=3 * x.nbytes),
        Case("stay in the column", lambda: activate_backward("sigmoid", dy, y, dx, db, 0), moved=3 * x.nbytes),
        got=lambda: db,
        expected=(dy.get() * expected * (1 - expected)).sum(axis=0),
    )


if __name__ == "__main__":
    main()
