r"""KL sparsity: the mean activation of every unit, the penalty on it, and one row of the gradient.

Overrides: ``kl_sparsity``.

.. math::
    \hat\rho_d = \frac{1}{m} \sum_n a_{nd}, \qquad
    C = \beta \sum_d f(\hat\rho_d), \qquad da_d = \frac{\beta}{m} f'(\hat\rho_d)

Idea: all the work is reading a once, which :func:`~miniae_kernels.cuda.columns.column_sums` does. Units are few beside
activations: mostly one block computes f and f' for all of them and has the sum over units at hand as well. Where units
are thousands, several blocks do, and another launch adds up what they have found.

Bytes, for elements of s bytes: N D s. Operations: N D additions; 2 logarithms and 6 divisions a unit.

Shapes: N batch, D hidden units.
"""

import math
from typing import Any

import numpy as np
from numba import cuda

from miniae import penalties as reference
from miniae.penalties.kl_sparsity import check_kl_sparsity
from miniae.reduce import Reduce, local
from miniae_kernels.cuda.columns import column_sums
from miniae_kernels.cuda.launch import THREADS, blocks_for, device, kernel
from miniae_kernels.cuda.losses import clipped
from miniae_kernels.cuda.totals import block_total, blocks_of, total


@device
def divergence(rho_hat, rho, eps):
    """KL divergence between rho and the nearest q to rho_hat inside, along its tangent to rho_hat; its derivative."""
    one = type(rho_hat)(1)
    q = clipped(rho_hat, eps)
    slope = (one - rho) / (one - q) - rho / q
    kl = rho * math.log(rho / q) + (one - rho) * math.log((one - rho) / (one - q))
    return kl + slope * (rho_hat - q), slope


@kernel("real[:, ::1], real[::1], real[::1], real, real, real")
def naive(a, da, terms, rho, beta, eps):
    """A thread for each unit, which goes through all examples; what each costs is to be added up by others."""
    d = cuda.grid(1)
    if d < da.size:
        m = a.dtype.type(a.shape[0])
        total = a.dtype.type(0)
        for n in range(a.shape[0]):
            total += a[n, d]
        kl, slope = divergence(total / m, rho, eps)
        terms[d] = beta * kl
        da[d] = beta / m * slope


@kernel("real[::1], real[::1], real[::1], real, real, real, real")
def over_units(sums, da, costs, m, rho, beta, eps):
    """A thread goes through units; a block leaves what they cost together."""
    tree = cuda.shared.array(THREADS, sums.dtype)
    t = cuda.threadIdx.x
    found = sums.dtype.type(0)
    for d in range(cuda.grid(1), sums.size, cuda.gridsize(1)):
        kl, slope = divergence(sums[d] / m, rho, eps)
        found += kl
        da[d] = beta / m * slope
    found = block_total(tree, t, found)
    if t == 0:
        costs[cuda.blockIdx.x] = beta * found


def kl_sparsity(a: Any, rho: float, beta: float, *, reduce: Reduce = local) -> tuple[Any, Any]:
    """As the reference, which is called where the batch is spread over several workers."""
    if reduce is not local:
        return reference.kl_sparsity(a, rho, beta, reduce=reduce)
    check_kl_sparsity(a, rho, beta)
    import cupy

    m, units = len(a), a.size // len(a)
    blocks = blocks_of(units)
    sums, da, costs = (cupy.empty(shape, a.dtype) for shape in (units, a.shape[1:], blocks))
    column_sums(a, sums)
    over_units[blocks, THREADS](sums, da.reshape(-1), costs, m, rho, beta, np.finfo(a.dtype).eps)
    return costs.reshape(()) if blocks == 1 else total(costs, 1), da


COSTS = {"kl_sparsity": kl_sparsity}


def main() -> None:
    """Hold the kernels against NumPy and against the device's bandwidth."""
    from miniae_kernels.cuda.measure import Case, compare, require_gpu

    require_gpu()
    import cupy

    n, d, rho, beta = 65_536, 1024, 0.05, 3.0
    a = cupy.random.default_rng(0).random((n, d), dtype=cupy.float32)
    da, terms = cupy.empty(d, cupy.float32), cupy.empty(d, cupy.float32)
    _, expected = reference.kl_sparsity(a.get().astype("float64"), rho, beta)
    eps = np.finfo("float32").eps

    def one_pass() -> None:
        da[...] = kl_sparsity(a, rho, beta)[1]

    compare(
        f"KL sparsity's gradient, {n} x {d}, float32",
        Case("naive", lambda: naive[blocks_for(d), THREADS](a, da, terms, rho, beta, eps), moved=a.nbytes),
        Case("stay in the column", one_pass, moved=a.nbytes),
        got=lambda: da,
        expected=expected,
    )


if __name__ == "__main__":
    main()
