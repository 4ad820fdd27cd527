"""A stand-in for cuBLAS behind the bindings of nvmath-python: products of matrices given by address, column by column.

It works on what lies at the addresses it is given, as the library does, so that wrong sizes, distances between columns
or transpositions give wrong numbers. On a stream that captures it is recorded.
"""

import ctypes
from types import ModuleType

import numpy as np
import standin


def _matrix(address: int, rows: int, columns: int, distance: int, dtype: type) -> np.ndarray:
    """The matrix whose columns lie ``distance`` elements apart, the first at ``address``."""
    assert distance >= rows, f"columns of {rows} elements cannot lie {distance} apart"
    kind = {np.float32: ctypes.c_float, np.float64: ctypes.c_double}[dtype]
    count = (columns - 1) * distance + rows
    flat = np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(kind)), (count,))
    stride = flat.itemsize
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (stride, distance * stride))


def _gemm(dtype):
    def gemm(handle, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
        assert handle in _streams, "no such handle"
        factor, old = (float(_matrix(address, 1, 1, 1, dtype)[0, 0]) for address in (alpha, beta))

        def run():
            left = _matrix(a, k, m, lda, dtype).T if ta else _matrix(a, m, k, lda, dtype)
            right = _matrix(b, n, k, ldb, dtype).T if tb else _matrix(b, k, n, ldb, dtype)
            out = _matrix(c, m, n, ldc, dtype)
            out[...] = factor * (left @ right) + (old * out if old else 0)

        standin.record(run)

    return gemm


_streams: dict[int, int] = {}
_workspaces: dict[int, int] = {}


def create() -> int:
    _streams[len(_streams) + 1] = 0
    return len(_streams)


def set_stream(handle: int, stream: int) -> None:
    _streams[handle] = stream
    _workspaces.pop(handle, None)  # as the library does


def set_workspace(handle: int, address: int, size: int) -> None:
    _workspaces[handle] = size


def install(monkeypatch) -> None:
    """Put it in the place of ``nvmath.bindings.cublas`` for the time of a test."""
    import sys

    nvmath, bindings, cublas = (ModuleType(f"nvmath{name}") for name in ("", ".bindings", ".bindings.cublas"))
    vars(cublas).update(
        create=create,
        set_stream=set_stream,
        set_workspace=set_workspace,
        sgemm=_gemm(np.float32),
        dgemm=_gemm(np.float64),
    )
    nvmath.bindings, bindings.cublas = bindings, cublas
    for module in (nvmath, bindings, cublas):
        monkeypatch.setitem(sys.modules, module.__name__, module)
