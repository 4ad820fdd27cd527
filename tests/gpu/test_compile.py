"""Every kernel goes through NVIDIA's compiler, for three generations of GPUs, without a GPU."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from numba import cuda

from miniae_kernels.cuda import compile as gate
from miniae_kernels.cuda.launch import Kernel

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nvidia") is None or importlib.util.find_spec("nvidia.cu13") is None,
    reason='needs the CUDA compiler: pip install "miniae[cuda-compile]"',
)


@pytest.mark.parametrize("kernel", gate.every_kernel(), ids=lambda kernel: kernel.label)
def test_kernel_compiles_without_a_fault(kernel):
    """For all architectures, from the PTX of the oldest; the table in kernels/ has each compiled for itself."""
    for architecture in gate.ARCHITECTURES:
        for dtype in gate.DTYPES:
            assert gate.compiled(kernel, architecture, dtype, ptx_for="sm_75").faults(kernel) == []


def test_labels_tell_kernels_apart():
    labels = [kernel.label for kernel in gate.every_kernel()]
    assert len(labels) == len(set(labels))


def kernel(body, types="real[::1]", registers=64):
    return Kernel(body, types, "", registers)


def test_a_literal_that_makes_float64_is_seen():
    def half(x):
        i = cuda.grid(1)
        if i < x.size:
            x[i] += 0.1

    found = gate.compiled(kernel(half), "sm_90", "float32")
    assert "instructions on float64" in found.faults(kernel(half))[0]
    assert gate.compiled(kernel(half), "sm_90", "float64").faults(kernel(half)) == []


def test_too_many_registers_are_seen():
    def scale(x):
        i = cuda.grid(1)
        if i < x.size:
            x[i] += x[i]

    few = kernel(scale, registers=4)
    assert "registers, more than 4" in gate.compiled(few, "sm_90", "float32").faults(few)[0]


def test_a_stack_is_seen():
    def reverse(x):  # indexed by a number known only at run time, the local array cannot stay in registers
        own = cuda.local.array(64, x.dtype)
        i = cuda.grid(1)
        for k in range(64):
            own[k] = x[i * 64 + k]
        for k in range(64):
            x[i * 64 + k] = own[np.int64(x[k]) & 63]

    assert "of stack" in gate.compiled(kernel(reverse), "sm_90", "float32").faults(kernel(reverse))[-1]


def test_the_table_in_the_repository_is_of_these_kernels():
    table = (Path(gate.__file__).parents[2] / "compiled.md").read_text()
    labels = [line.split(" | ")[0].strip("| ") for line in table.splitlines() if line.startswith("| ")]
    assert labels[1:] == [kernel.label for kernel in gate.every_kernel()]
    assert all(line.endswith("| none |") for line in table.splitlines() if line.startswith("| ") and "." in line)
