"""Matrix products on the GPU by NVIDIA's cuBLAS, called so that a CUDA graph can record them.

CuPy's own ``matmul`` refuses to run on a stream that is being captured. cuBLAS itself does not mind, so it is called
directly, through the bindings of nvmath-python. Where those cannot be used, CuPy's ``matmul`` does the work: all else
is the same, but a training step cannot be captured.

float32 products are computed in float32: TensorFloat-32, which keeps 10 bits of each factor, stays off.
"""

import importlib
from functools import cache
from typing import Any

import numpy as np

from miniae_kernels.cuda.available import INSTALL, first_line
from miniae_kernels.cuda.launch import check_array

WORKSPACE = 32 * 2**20  # bytes that cuBLAS may use between its kernels: what NVIDIA recommends for its largest GPUs


@cache
def why_not_captured() -> str | None:
    """What keeps products from being recorded in a CUDA graph, in one sentence; None where nothing does.

    cuBLAS is called through nvmath-python, and that once to see whether it works: it may be there without what it
    needs. A question about cuBLAS's version loads it.
    """
    try:
        importlib.import_module("nvmath.bindings.cublas").get_property(0)
    except Exception as error:  # of classes of nvmath's and cuda-pathfinder's own, too
        if isinstance(error, ModuleNotFoundError) and error.name == "nvmath":
            return f"nvmath-python is not installed: {INSTALL}"
        return f"nvmath-python is installed but cannot be used: {first_line(error)}"
    return None


def matmul(
    a: Any, b: Any, out: Any, *, transpose_a: bool = False, transpose_b: bool = False, accumulate: bool = False
) -> None:
    """Write to ``out`` (M, N) the product of ``a`` (M, K) and ``b`` (K, N).

    Args:
        a, b: C-contiguous or the transpose of what is, all of one dtype, float32 or float64.
        out: C-contiguous, no part of ``a`` or ``b``.
        transpose_a: whether ``a`` is stored as its transpose, (K, M).
        transpose_b: whether ``b`` is stored as its transpose, (N, K).
        accumulate: whether to add the product to what is in ``out`` instead.

    Raises:
        TypeError, ValueError: if an array is of another dtype, not contiguous, or the shapes do not fit together.
    """
    if is_transpose(a):
        a, transpose_a = a.T, not transpose_a
    if is_transpose(b):
        b, transpose_b = b.T, not transpose_b
    for name, array in (("a", a), ("b", b), ("out", out)):
        check_array("matmul", name, array, out.dtype, 2)
    (m, k), (l, n) = a.shape[:: -1 if transpose_a else 1], b.shape[:: -1 if transpose_b else 1]
    if k != l or out.shape != (m, n):
        raise ValueError(f"matmul: ({m}, {k}) times ({l}, {n}) does not give out {out.shape}")
    if 0 in (m, n, k):
        if not accumulate:
            out.fill(0)
    elif why_not_captured() is None:
        _cublas(a, b, out, m, n, k, transpose_a, transpose_b, accumulate)
    else:
        import cupy

        a, b = a.T if transpose_a else a, b.T if transpose_b else b
        if accumulate:
            out += cupy.matmul(a, b)
        else:
            cupy.matmul(a, b, out=out)


def is_transpose(x: Any) -> bool:
    """Whether a matrix is stored column after column, as ``w.T`` is, and not row after row."""
    return bool(x.ndim == 2 and not x.flags.c_contiguous and x.T.flags.c_contiguous)


def _cublas(
    a: Any, b: Any, out: Any, m: int, n: int, k: int, transpose_a: bool, transpose_b: bool, accumulate: bool
) -> None:
    """cuBLAS stores matrices column after column. Ours, read that way, are their transposes, so that it is asked for
    out^T = b^T a^T: the factors change places and nothing is copied. The distance from one of its columns to the next
    is the length of one of our rows."""
    import cupy
    from nvmath.bindings import cublas

    handle, _ = _handle(cupy.cuda.Device().id, cupy.cuda.get_current_stream().ptr)
    gemm = {"float32": cublas.sgemm, "float64": cublas.dgemm}[out.dtype.name]
    of_product, of_out = (np.array(value, out.dtype) for value in (1, accumulate))  # read by cuBLAS before it returns
    gemm(
        handle,
        int(transpose_b),
        int(transpose_a),
        n,
        m,
        k,
        of_product.ctypes.data,
        b.data.ptr,
        b.shape[1],
        a.data.ptr,
        a.shape[1],
        of_out.ctypes.data,
        out.data.ptr,
        n,
    )


@cache
def _handle(device: int, stream: int) -> tuple[int, Any]:
    """A cuBLAS handle that works on one stream of one device, and the memory that belongs to it as long."""
    import cupy
    from nvmath.bindings import cublas

    handle = cublas.create()
    cublas.set_stream(handle, stream)  # first: it takes the workspace away
    workspace = cupy.empty(WORKSPACE, cupy.uint8)
    cublas.set_workspace(handle, workspace.data.ptr, WORKSPACE)
    return int(handle), workspace
