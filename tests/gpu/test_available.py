"""Why CUDA cannot be used: every case, with a stand-in for CuPy that fails as CuPy does."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest

from miniae_kernels.cuda import available
from miniae_kernels.cuda.available import why_not


class CUDARuntimeError(RuntimeError):
    """As CuPy's, which has no base of its own either."""


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


def raises(error):
    def function(*arguments):
        raise error

    return function


@pytest.fixture
def machine(monkeypatch):
    """Install a CuPy that finds a driver, devices and memory as told; Numba's CUDA target is there unless told."""

    def make(driver=13020, runtime=13020, devices=lambda: 1, zeros=lambda n: [0.0] * n, numba_cuda=True):
        cupy = ModuleType("cupy")
        cupy.cuda = SimpleNamespace(
            runtime=SimpleNamespace(
                driverGetVersion=lambda: driver, runtimeGetVersion=lambda: runtime, getDeviceCount=devices
            )
        )
        cupy.zeros = zeros
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        specs = {"numba": object(), "numba_cuda": object() if numba_cuda else None}
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: specs[name])

    return make


def without_cupy(monkeypatch, error):
    def import_module(name):
        assert name == "cupy"
        raise error

    monkeypatch.setattr(available.importlib, "import_module", import_module)


def test_nothing_is_wrong(machine):
    machine()
    assert why_not() is None


def test_cupy_is_not_installed(monkeypatch):
    without_cupy(monkeypatch, ModuleNotFoundError("No module named 'cupy'", name="cupy"))
    assert why_not().startswith('CuPy is not installed: pip install "miniae[cuda13]"')


def test_cupy_lacks_a_package_of_its_own(monkeypatch):
    without_cupy(monkeypatch, ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock"))
    assert why_not().startswith('CuPy is installed but lacks fastrlock: pip install "miniae[cuda13]"')


def test_cupy_is_broken(monkeypatch):
    without_cupy(
        monkeypatch, ImportError("\n  libcublas.so.13: cannot open shared object file\n\nand a page of advice")
    )
    assert "(libcublas.so.13: cannot open shared object file)" in why_not()
    assert "advice" not in why_not()


def test_numba_cuda_is_not_installed(machine):
    machine(numba_cuda=False)
    assert why_not().startswith('numba-cuda is not installed: pip install "miniae[cuda13]"')


def test_there_is_no_driver(machine):
    machine(driver=0)
    assert why_not().startswith("no NVIDIA driver was found: install one")


@pytest.mark.parametrize(("driver", "fits"), [(12090, False), (13000, True), (13010, True), (14000, True)])
def test_a_driver_of_an_older_major_version_is_too_old(machine, driver, fits):
    machine(driver=driver)
    if fits:
        assert why_not() is None
    else:
        assert "is for CUDA up to 12.9 but the installed CuPy is built for CUDA 13.2" in why_not()
        assert 'update the driver, or pip install "miniae[cuda12]"' in why_not()


@pytest.mark.parametrize(
    "devices", [lambda: 0, raises(CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected"))]
)
def test_there_is_no_device(machine, devices):
    machine(devices=devices)
    assert why_not().startswith("no CUDA device was found")
    assert "CUDA_VISIBLE_DEVICES" in why_not()


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemoryError("Out of memory allocating 512 bytes (allocated so far: 0 bytes)."),
        CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"),
    ],
)
def test_there_is_no_free_memory(machine, error):
    machine(zeros=raises(error))
    assert why_not().startswith("the GPU has no free memory")


def test_anything_else_is_told_in_one_line(machine):
    machine(zeros=raises(CUDARuntimeError("cudaErrorDevicesUnavailable: busy\nmore")))
    assert why_not() == ("the GPU cannot be used (cudaErrorDevicesUnavailable: busy): see whether nvidia-smi works")


def test_the_machine_at_hand_says_one_sentence_or_none():
    sentence = why_not()
    assert sentence is None or ("\n" not in sentence and ": " in sentence)
