r"""Weight decay (L2) and L1 sparsity, with their gradient in the same pass.

Overrides: ``l1``, ``l2``.

.. math::
    C = \alpha \sum_i f(w_i), \qquad dw_i = \beta f'(w_i), \qquad f = |w| \text{ or } w^2

with :math:`\alpha = \beta = \lambda / m` for L1, and :math:`\alpha = \lambda / 2, \beta = \lambda` for L2, where
:math:`w^2` counts with half its derivative.

Idea: as for the losses (:mod:`miniae_kernels.cuda.losses`), with one array less: what is read for the value is at hand
for the gradient, and the sum stays in a register.

Bytes, for n elements of s bytes: 2 n s. Operations: 3 each.

Shapes: n elements, of any shape.
"""

from typing import Any, NamedTuple

from numba import cuda

from miniae import penalties as reference
from miniae.arrays import output
from miniae.penalties.l1 import check_l1
from miniae.penalties.l2 import check_l2
from miniae.reduce import Reduce, local
from miniae_kernels.cuda.columns import column_sums
from miniae_kernels.cuda.launch import THREADS, Kernel, blocks_for, device, kernel
from miniae_kernels.cuda.totals import block_total, blocks_of, total


@device
def magnitude(w):
    """|w| and its derivative, 0 at 0; NaN is neither above nor below and stays."""
    one = type(w)(1)
    return abs(w), one if w > 0 else -one if w < 0 else w


@device
def square(w):
    """w^2, and half its derivative."""
    return w * w, w


class Kernels(NamedTuple):
    """The kernels of one f."""

    naive: Kernel
    one_pass: Kernel


def kernels(f: Any, name: str) -> Kernels:
    """The kernels of the penalty whose terms and slopes the device function ``f`` gives."""

    @kernel("real[::1], real[::1], real[::1], real", name)
    def naive(w, dw, terms, slope_factor):
        """A thread for each element; all terms are written out, to be added up by others."""
        i = cuda.grid(1)
        if i < w.size:
            term, slope = f(w[i])
            terms[i] = term
            dw[i] = slope_factor * slope

    @kernel("real[::1], real[::1], real[::1], real", name)
    def one_pass(w, dw, partial, slope_factor):
        """A thread goes through elements and keeps the sum of their terms; a block leaves one number."""
        tree = cuda.shared.array(THREADS, w.dtype)
        found = w.dtype.type(0)
        for i in range(cuda.grid(1), w.size, cuda.gridsize(1)):
            term, slope = f(w[i])
            found += term
            dw[i] = slope_factor * slope
        found = block_total(tree, cuda.threadIdx.x, found)
        if cuda.threadIdx.x == 0:
            partial[cuda.blockIdx.x] = found

    return Kernels(naive, one_pass)


MAGNITUDE = kernels(magnitude, "magnitude")
SQUARE = kernels(square, "square")


def penalise(f: Kernels, w: Any, dw: Any, factor: float, slope_factor: float) -> Any:
    """Write the gradient to ``dw``, shaped like ``w``, and return the penalty (0-d)."""
    import cupy

    partial = cupy.empty(blocks_of(w.size), w.dtype)
    f.one_pass[partial.size, THREADS](w.reshape(-1), dw.reshape(-1), partial, slope_factor)
    return total(partial, factor)


def l1(a: Any, strength: float, *, reduce: Reduce = local, out: Any = None) -> tuple[Any, Any]:
    """As the reference, which is called where the batch is spread over several workers."""
    if reduce is not local:
        return reference.l1(a, strength, reduce=reduce, out=out)
    check_l1(a, strength)
    da = output("l1", out, a.shape, a)
    return penalise(MAGNITUDE, a, da, strength / len(a), strength / len(a)), da


def l2(w: Any, strength: float, *, out: Any = None) -> tuple[Any, Any]:
    """As the reference."""
    check_l2(w, strength)
    dw = output("l2", out, w.shape, w)
    return penalise(SQUARE, w, dw, strength / 2, strength), dw


COSTS = {"l1": l1, "l2": l2}


def main() -> None:
    """Hold weight decay against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, strength = 2**26, 0.25
    w = cupy.random.default_rng(0).standard_normal(n, dtype=cupy.float32)
    dw, terms, value = cupy.empty_like(w), cupy.empty_like(w), cupy.empty((), cupy.float32)
    expected, slopes = reference.l2(w.get().astype("float64"), strength)

    def naive() -> None:
        SQUARE.naive[blocks_for(n), THREADS](w, dw, terms, strength)
        column_sums(terms.reshape(-1, 1), value.reshape(1), strength / 2)

    def fused() -> None:
        value[...], _ = l2(w, strength, out=dw)

    cases = (
        Case("naive", naive, moved=2 * w.nbytes),
        Case("one pass", fused, moved=2 * w.nbytes),
    )
    compare(f"l2, value, of {n} elements, float32", *cases, got=lambda: value, expected=expected)
    compare(f"l2, gradient, of {n} elements, float32", *cases, got=lambda: dw, expected=slopes)


if __name__ == "__main__":
    main()
