"""What is found on the machine: the facts against what others say of it, and the text for machines made up here."""

import importlib
import json
import os
import sys
from importlib import metadata
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import miniae
from miniae import info as info_module
from miniae.info import blas_warnings, info, text

POOL = {"library": "openblas", "version": "0.3.31", "architecture": "SkylakeX", "threads": 2, "file": "x.so"}
NO_GPU = {
    "why_not": "CuPy is not installed: pip install it", "driver": None, "runtime": None, "cupy": None,
    "numba-cuda": None, "nvmath-python": None, "why_not_captured": None, "devices": [],
}  # fmt: skip
FOUND = {
    "miniae": "0.1.0",
    "python": "3.12.1",
    "platform": "Linux",
    "processor": {"name": "Zen 5", "machine": "x86_64", "cores": 4, "usable": 4, "simd": ["X86_V3", "X86_V4"]},
    "numpy": "2.4.6",
    "blas": [POOL],
    "warnings": [],
    "data": {"MINIAE_DATA": "/data", "found": ["mnist"]},
    "packages": {"course": {"scipy": "1.17", "matplotlib": None}, "data": {"pooch": "1.9"}},
    "gpu": NO_GPU,
}


def lines(**changes):
    """The text's lines for a machine with changes to it, by their first word; repeated ones in a list."""
    by_name: dict[str, list[str]] = {}
    for line in text({**FOUND, **changes}).splitlines():
        name, _, rest = line.partition(" ")
        by_name.setdefault(name, []).append(rest.strip())
    return by_name


def test_facts_are_those_that_others_tell():
    found = info()
    assert found["miniae"] == metadata.version("miniae")
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["numpy"] == np.__version__
    assert 1 <= found["processor"]["usable"] <= found["processor"]["cores"] == os.cpu_count()
    assert found["packages"]["course"]["matplotlib"] == metadata.version("matplotlib")
    assert json.loads(json.dumps(found)) == found


def test_the_blas_is_the_one_that_numpy_loaded():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    pools = {pool["filepath"]: pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
    found = info()["blas"]
    assert {pool["file"] for pool in found} == set(pools)
    for pool in found:
        assert pool["threads"] == pools[pool["file"]]["num_threads"]


def test_extras_are_those_of_the_package(monkeypatch):
    requires = [
        "numpy>=2.0",
        "scipy>=1.13; extra == 'course'",
        'no-such.package[x]>=1 ; (os == "a") and extra == "gpu"',
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: requires)
    packages = info()["packages"]
    assert packages == {"course": {"scipy": metadata.version("scipy")}, "gpu": {"no-such.package": None}}


def test_a_miniae_that_is_not_installed_says_so_and_which_it_is(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    found = info()
    assert (found["miniae"], found["packages"]) == (miniae.__version__, None)
    assert lines(packages=None)["extras"][0].startswith("not known: this miniae is not installed")


def test_of_the_extras_for_one_cuda_each_only_the_installed_one_is_shown():
    twelve, thirteen = {"cupy-cuda12x": None, "nvmath-python": "1.0"}, {"cupy-cuda13x": "14.2", "nvmath-python": "1.0"}
    found = lines(packages={"cuda12": twelve, "cuda13": thirteen, "cuda-compile": {"cuda-core": None}})
    assert "[cuda12]" not in found
    assert found["[cuda13]"] == ["cupy-cuda13x 14.2, nvmath-python 1.0"]
    assert found["[cuda-compile]"] == ['missing: cuda-core: pip install "miniae[cuda-compile]"']
    none = lines(packages={"cuda12": twelve, "cuda13": {"cupy-cuda13x": None}})
    assert {"[cuda12]", "[cuda13]"} <= none.keys()


def test_without_threadpoolctl_the_blas_is_not_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)  # which makes the import fail
    assert info()["blas"] == []
    assert "threadpoolctl is missing" in text({**FOUND, "blas": []})


@pytest.mark.parametrize(
    ("simd", "architecture", "environment", "expected"),
    [
        (["X86_V3", "X86_V4"], "SkylakeX", {}, []),
        (["X86_V3", "X86_V4"], "SapphireRapids", {}, []),
        (["AVX2", "AVX512F"], "Zen", {}, ["Zen kernels (AVX2) on a processor with AVX-512"]),
        (["X86_V4"], "Haswell", {"OPENBLAS_CORETYPE": "Haswell"}, ["unset OPENBLAS_CORETYPE, which is Haswell"]),
        (["X86_V3"], "Haswell", {}, []),
        (["X86_V3"], "Nehalem", {}, ["Nehalem kernels (SSE) on a processor with AVX2"]),
        (["X86_V2"], "Nehalem", {}, []),
        (["X86_V3"], "Haswell", {"OPENBLAS_CORETYPE": "Haswell"}, ["OPENBLAS_CORETYPE=Haswell chooses"]),
        (["X86_V4"], "SkylakeX", {"OPENBLAS_L2_SIZE": "1048576"}, ["OPENBLAS_L2_SIZE=1048576 sets the block sizes"]),
        (["NEON", "SVE"], "neoversen1", {}, []),
    ],
)
def test_a_blas_below_its_processor_is_told(simd, architecture, environment, expected):
    warnings = blas_warnings(simd, [{**POOL, "architecture": architecture}], environment)
    assert len(warnings) == len(expected)
    for warning, words in zip(warnings, expected, strict=True):
        assert words in warning


def test_warnings_are_printed():
    assert lines(warnings=["OpenBLAS is slow"])["WARNING"] == ["OpenBLAS is slow"]
    assert "WARNING" not in lines()


def test_the_text_names_each_thing_and_the_remedy_of_each_missing_one():
    found = lines()
    assert found["processor"] == ["Zen 5 (x86_64), 4 cores; SIMD: AVX-512 (X86_V3, X86_V4)"]
    assert found["BLAS"] == ["openblas 0.3.31, SkylakeX kernels, threads: 2"]
    assert found["[course]"] == ['scipy 1.17; missing: matplotlib: pip install "miniae[course]"']
    assert found["[data]"] == ["pooch 1.9"]
    assert found["GPU"][0] == "CUDA cannot be used: CuPy is not installed: pip install it"


@pytest.mark.parametrize(
    ("folder", "found", "words"),
    [
        (None, None, "MINIAE_DATA is not set"),
        ("/data", None, "MINIAE_DATA is /data, which is no folder"),
        ("/data", [], "MINIAE_DATA is /data: empty"),
        ("/data", ["mnist", "natural-images"], "MINIAE_DATA is /data: mnist, natural-images"),
    ],
)
def test_the_data_folder(folder, found, words):
    assert lines(data={"MINIAE_DATA": folder, "found": found})["data"][0].startswith(words)


def test_what_is_in_the_data_folder(tmp_path, monkeypatch):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "README").write_text("a file is no data set")
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path))
    assert info()["data"] == {"MINIAE_DATA": str(tmp_path), "found": ["mnist"]}
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path / "missing"))
    assert info()["data"]["found"] is None


@pytest.fixture
def cupy(monkeypatch):
    """A CuPy on a machine with one GPU."""
    cupy = ModuleType("cupy")
    cupy.__version__ = "14.2.0"
    runtime = SimpleNamespace(
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 13020,
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda number: {"name": b"NVIDIA H200", "major": 9, "minor": 0},
    )
    cupy.cuda = SimpleNamespace(runtime=runtime, Device=lambda number: SimpleNamespace(mem_info=(3 * 2**30, 4 * 2**30)))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(info_module, "why_not", lambda: None)
    gemm = SimpleNamespace(why_not_captured=lambda: "nvmath-python is not installed")
    monkeypatch.setitem(sys.modules, "miniae_kernels.cuda.gemm", gemm)  # which needs Numba
    return cupy


def test_a_gpu(cupy):
    gpu = info()["gpu"]
    assert (gpu["why_not"], gpu["cupy"], gpu["driver"], gpu["runtime"]) == (None, "14.2.0", "13.0", "13.2")
    assert gpu["devices"] == [
        {"name": "NVIDIA H200", "compute_capability": "9.0", "free": 3 * 2**30, "total": 4 * 2**30}
    ]
    can, versions, *rest = lines(gpu={**gpu, "numba-cuda": "0.30", "nvmath-python": None})["GPU"]
    assert can == "CUDA can be used"
    assert versions == "cupy 14.2.0, numba-cuda 0.30, CUDA runtime 13.2, driver for CUDA 13.0"
    assert rest[0] == "training steps are not captured in a CUDA graph and take longer: nvmath-python is not installed"
    assert rest[1] == "0: NVIDIA H200, compute capability 9.0, 3.0 of 4.0 GiB free"


def test_kernels_that_cannot_be_imported_are_told(cupy, monkeypatch):
    monkeypatch.setitem(sys.modules, "miniae_kernels.cuda.gemm", None)  # which makes the import fail
    assert info()["gpu"]["why_not_captured"].startswith("the kernels cannot be imported: ")


def test_devices_that_cannot_be_asked_are_left_out(cupy):
    def fails():
        raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")

    cupy.cuda.runtime.getDeviceCount = fails
    assert info()["gpu"]["devices"] == []


def test_without_cupy(monkeypatch):
    import_module = importlib.import_module

    def without(name):
        if name == "cupy":
            raise ModuleNotFoundError("No module named 'cupy'", name="cupy")
        return import_module(name)

    monkeypatch.setattr(importlib, "import_module", without)
    gpu = info()["gpu"]
    assert gpu["cupy"] is None
    assert gpu["why_not"].startswith("CuPy is not installed")
