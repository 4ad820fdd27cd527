"""The kernels' compile table: what the compiler makes of every kernel, on a machine without a GPU.

``python -m miniae_kernels.cuda.compile`` compiles each for three generations of GPUs and both dtypes and prints how
many registers a thread needs, and what must not be there: *spills* (registers written to memory because there were too
few), a stack in memory, and, in a float32 kernel, instructions on float64, which most GPUs run at 1/32 or 1/64 of the
speed.

It needs ``pip install "miniae[cuda-compile]"`` and no driver.
"""

import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from numba import cuda, types
from tqdm import tqdm

from miniae_kernels.cuda.launch import DECLARED, Kernel

ARCHITECTURES = {"sm_75": (7, 5), "sm_80": (8, 0), "sm_90": (9, 0)}  # T4, A100, H100 and H200
DTYPES = ("float32", "float64")
PACKAGES = ("numba", "numba-cuda", "cuda-core", "nvidia-nvvm", "nvidia-nvjitlink")


class Compiled(NamedTuple):
    """What became of a kernel for one architecture and dtype.

    Attributes:
        registers: that a thread needs.
        shared: bytes of shared memory of a block.
        spilled: bytes of registers written to memory and read again.
        stack: bytes of memory that each thread has to itself.
        float64: instructions on float64.
    """

    label: str
    architecture: str
    dtype: str
    registers: int
    shared: int
    spilled: int
    stack: int
    float64: int

    def faults(self, kernel: Kernel) -> list[str]:
        """What is not as it should be."""
        found = []
        if self.registers > kernel.registers:
            found.append(f"{self.registers} registers, more than {kernel.registers}")
        if self.spilled or self.stack:
            found.append(f"{self.spilled} bytes of spills and {self.stack} of stack")
        if self.dtype == "float32" and self.float64:
            found.append(f"{self.float64} instructions on float64")
        return found


def every_kernel() -> list[Kernel]:
    """All kernels of the backend, by name."""
    import miniae_kernels.cuda.table  # noqa: F401 - declares them

    ours = [kernel for kernel in DECLARED if kernel.body.__module__.startswith("miniae_kernels.")]
    return sorted(ours, key=lambda kernel: kernel.label)


@cache
def ptx_of(kernel: Kernel, architecture: str, dtype: str) -> str:
    """What Numba makes of a kernel: PTX, which machines of this architecture and all newer ones take."""
    signature = types.void(*kernel.signature(np.dtype(dtype)))
    ptx, _ = cuda.compile_ptx(kernel.body, signature, cc=ARCHITECTURES[architecture])
    return str(ptx)


def compiled(kernel: Kernel, architecture: str, dtype: str, ptx_for: str = "") -> Compiled:
    """Compile a kernel: Python to PTX by Numba, PTX to machine code by NVIDIA's linker, which reports on it.

    Args:
        kernel: the kernel.
        architecture: the one to make machine code for, a name of :data:`ARCHITECTURES`.
        dtype: what ``real`` stands for.
        ptx_for: the architecture of the PTX, ``architecture`` or an older one. Numba's part takes a hundred times as
            long as the linker's, and is much the same for all.
    """
    from cuda.core import Linker, LinkerOptions, ObjectCode

    ptx = ptx_of(kernel, ptx_for or architecture, dtype)
    options = LinkerOptions(arch=architecture, ptxas_options=["-v"], verbose=True)
    linker = Linker(ObjectCode.from_ptx(ptx.encode()), options=options)
    linker.link("cubin")
    log = linker.get_info_log()
    largest = {name: max(map(int, re.findall(pattern, log)), default=0) for name, pattern in PATTERNS.items()}
    float64 = sum(".f64" in line for line in ptx.splitlines())
    return Compiled(kernel.label, architecture, dtype, **largest, float64=float64)


PATTERNS = {
    "registers": r"[Uu]sed (\d+) registers",
    "shared": r"(\d+) bytes smem",
    "spilled": r"(\d+) bytes spill",
    "stack": r"(\d+) bytes stack frame",
}


def markdown(rows: Iterable[tuple[Kernel, list[Compiled]]]) -> str:
    """The table, a line for each kernel: registers by architecture and dtype, shared memory, and faults."""
    columns = [f"{architecture} {dtype}" for architecture in ARCHITECTURES for dtype in DTYPES]
    lines = [
        f"| kernel | most allowed | {' | '.join(columns)} | shared bytes | faults |",
        f"|---|---|{'---|' * len(columns)}---|---|",
    ]
    for kernel, found in rows:
        registers = " | ".join(str(each.registers) for each in found)
        shared = max(each.shared for each in found)
        faults = "; ".join(f"{e.architecture} {e.dtype}: {f}" for e in found for f in e.faults(kernel)) or "none"
        lines.append(f"| {kernel.label} | {kernel.registers} | {registers} | {shared} | {faults} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; exit code 1 if a kernel has a fault."""
    rows = [
        (kernel, [compiled(kernel, architecture, dtype) for architecture in ARCHITECTURES for dtype in DTYPES])
        for kernel in tqdm(every_kernel(), unit="kernel")
    ]
    print("# Registers of every kernel\n")
    print("Rendered by `python -m miniae_kernels.cuda.compile`, which needs no GPU. Registers of a thread, by")
    print("architecture and dtype; each kernel declares how many it may take. None may spill, need a stack, or, in")
    print("float32, hold an instruction on float64. Shared bytes of a block are the most of all six; where there are")
    print("any, 1,024 of them are what sm_90 keeps for itself.\n")
    print("Compiled with " + ", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".\n")
    print(markdown(rows))
    sys.exit(any(each.faults(kernel) for kernel, found in rows for each in found))


if __name__ == "__main__":
    main()
