"""What the tests of the GPU code share: the stand-in for CuPy, launches of kernels, the cases of other tests."""

import dataclasses
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

import pytest

from miniae_kernels.cuda.available import why_not

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "ops"), str(TESTS / "losses")]  # op_cases, cost_cases: wherever pytest is started

import standin  # noqa: E402
import standin_cublas  # noqa: E402

ON_DEVICE = pytest.param("device", marks=pytest.mark.gpu)
MISSING = [name for name in ("numba-cuda", "greenlet") if importlib.util.find_spec(name.replace("-", "_")) is None]

if MISSING:  # as on a Mac, for which there is no numba-cuda: not one file of this folder could be imported

    def pytest_ignore_collect(collection_path):
        return collection_path != Path(__file__) or None

    def pytest_collect_file(file_path, parent):
        return NotInstalled.from_parent(parent, path=file_path)

    class NotInstalled(pytest.File):
        def collect(self):
            pytest.skip(f"NO TEST OF THE CUDA KERNELS: {' and '.join(MISSING)} not installed")

else:
    import on_device

    from miniae_kernels import threads


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in for CuPy, in its place for the time of the test."""
    return standin.install(monkeypatch)


@pytest.fixture
def on_cupy(cupy):
    """The reference as a backend whose arrays are the stand-in's."""
    from miniae.backends import backend

    return dataclasses.replace(backend("numpy"), name="cupy", xp=cupy)


@pytest.fixture(params=["stand-in", ON_DEVICE])
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
    monkeypatch.setattr(gemm, "why_not_captured", lambda: None)
    standin_cublas.install(monkeypatch)
    kept = gemm._handle, captured.stream_of  # for as long as the program runs: of CuPy itself, or of the stand-in
    for made in kept:
        made.cache_clear()
    yield cupy
    for made in kept:
        made.cache_clear()


@pytest.fixture(scope="session", params=["threads", ON_DEVICE])
def launch(request):
    """Launch a kernel, ``launch(kernel, blocks, threads, args)``, on NumPy arrays: thread by thread in several orders,
    and on a GPU where there is one.
    """
    if request.param == "device":
        real_gpu()
        return on_device.launch
    return threads.run_all_orders


@pytest.fixture(scope="session")
def launch_once(launch):
    """The same for a launch that takes long: in one order of threads."""
    return threads.run if launch is threads.run_all_orders else launch


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


if os.environ.get("MINIAE_COMPILED") and not MISSING:  # compare every launch with the compiled kernel; without -n
    import compiled

    threads.run, threads.run_all_orders = compiled.beside(threads.run), compiled.beside(threads.run_all_orders)

    def pytest_collection_modifyitems(items):
        items.sort(key=lambda item: item.name == "test_every_kernel_has_done_the_same_compiled_for_both_dtypes")
