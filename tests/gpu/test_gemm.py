"""Whether cuBLAS can be called through nvmath-python is tried, and CuPy multiplies where it cannot."""

import sys
from unittest import mock

import numpy as np
import pytest

from miniae_kernels.cuda import gemm

UNUSABLE = "nvmath-python is installed but cannot be used: "
WRONG = {  # what stands in nvmath/bindings/cublas.py
    "from cuda.pathfinder import what_a_later_one_has": "cannot import name 'what_a_later_one_has'",
    "import what_it_needs": "No module named 'what_it_needs'",
    "def get_property(kind): raise RuntimeError('no libcublas.so.13\\nin these folders')": "no libcublas.so.13",
}


@pytest.fixture
def without_nvmath(cupy):
    """As if nothing had been tried or imported yet."""
    gemm.why_not_captured.cache_clear()
    with mock.patch.dict(sys.modules):
        for name in [name for name in sys.modules if name.partition(".")[0] == "nvmath"]:
            del sys.modules[name]
        yield
    gemm.why_not_captured.cache_clear()


def multiplies(cupy):
    a, out = cupy.asarray(np.array([[1.0, 2.0], [3.0, 4.0]])), cupy.zeros((2, 2))
    gemm.matmul(a, a, out, transpose_b=True)
    np.testing.assert_array_equal(out.get(), [[5, 11], [11, 25]])


@pytest.mark.parametrize("wrong", WRONG)
def test_an_nvmath_that_cannot_be_used_is_told_in_one_line(wrong, without_nvmath, cupy, monkeypatch, tmp_path):
    bindings = tmp_path / "nvmath" / "bindings"
    bindings.mkdir(parents=True)
    (bindings.parent / "__init__.py").touch()
    (bindings / "__init__.py").touch()
    (bindings / "cublas.py").write_text(wrong)
    monkeypatch.syspath_prepend(tmp_path)
    multiplies(cupy)
    assert gemm.why_not_captured().startswith(UNUSABLE + WRONG[wrong])
    assert "\n" not in gemm.why_not_captured()


def test_a_missing_nvmath_is_told_with_the_remedy(without_nvmath, cupy, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    multiplies(cupy)
    assert gemm.why_not_captured().startswith('nvmath-python is not installed: pip install "miniae[cuda13]"')


def test_it_is_tried_once(without_nvmath, monkeypatch):
    asked = []
    cublas = mock.Mock(get_property=asked.append)
    monkeypatch.setattr(gemm, "importlib", mock.Mock(import_module=lambda name: cublas))
    assert gemm.why_not_captured() is None
    assert gemm.why_not_captured() is None
    assert len(asked) == 1
