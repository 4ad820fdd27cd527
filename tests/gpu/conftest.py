"""What the tests of the GPU code share: the stand-in for CuPy, and the tables of cases of the other tests."""

import dataclasses
import sys
from functools import cache
from pathlib import Path

import pytest

from miniae_kernels.cuda.available import why_not

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "ops"), str(TESTS / "losses")]  # op_cases, cost_cases: wherever pytest is started

import standin  # noqa: E402
import standin_cublas  # noqa: E402
import threads  # noqa: E402


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in for CuPy, in its place for the time of the test."""
    return standin.install(monkeypatch)


@pytest.fixture
def on_cupy(cupy):
    """The reference as a backend whose arrays are the stand-in's."""
    from miniae.backends import backend

    return dataclasses.replace(backend("numpy"), name="cupy", xp=cupy)


@pytest.fixture(params=["stand-in", pytest.param("device", marks=pytest.mark.gpu)])
def gpu(request, monkeypatch):
    """CuPy twice over: on a machine with a GPU, so to speak, and on a real one where there is one.

    So to speak: the stand-ins for CuPy and cuBLAS, and kernels run thread by thread. What is captured is recorded and
    run at every launch of the graph.
    """
    if request.param == "device":
        yield real_gpu()
        return
    from miniae_kernels.cuda import captured, gemm, launch

    cupy = standin.install(monkeypatch)

    def run(kernel, blocks, threads_of_a_block, arguments):
        arrays = [argument for argument in arguments if isinstance(argument, standin.ndarray)]
        host = [argument.host if isinstance(argument, standin.ndarray) else argument for argument in arguments]
        standin.record(lambda *_: threads.run(kernel, blocks, threads_of_a_block, host), *arrays)

    monkeypatch.setattr(launch, "run", run)
    monkeypatch.setattr(gemm, "can_be_captured", lambda: True)
    standin_cublas.install(monkeypatch)
    kept = gemm._handle, captured.stream_of  # for as long as the program runs: of CuPy itself, or of the stand-in
    for made in kept:
        made.cache_clear()
    yield cupy
    for made in kept:
        made.cache_clear()


@cache
def why_no_gpu() -> str | None:
    return why_not()


def real_gpu():
    """CuPy itself; the test is skipped, saying why, where there is no GPU."""
    reason = why_no_gpu()
    if reason:
        pytest.skip(f"NOT RUN ON A GPU: {reason}")
    import cupy

    return cupy
