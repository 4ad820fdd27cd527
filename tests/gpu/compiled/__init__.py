"""Run what Numba's compiler makes of a CUDA kernel, on the CPU, and hold it against the kernel run in Python.

    compiled.run(kernel, blocks, threads_of_a_block, args)     # the compiled kernel
    launch = compiled.beside(threads.run)                      # both, and the same is demanded of them

:mod:`miniae_kernels.threads` runs a kernel's Python, where an integer grows as long as it must and a float32 stays one
beside a literal. A GPU runs what Numba's type inference has made of it: :mod:`.lowered` takes that, intermediate
representation of LLVM, which would go on to NVIDIA's compiler; :mod:`.native` makes machine code of this computer of
it, with bodies for what only a GPU has (:mod:`.device`, :mod:`.meetings`); :mod:`.runner` runs it thread by thread.

What this shows: the widths and signs of integers, where they wrap, which arithmetic is float64, how each result is
rounded on its way into an array, constants as they are compiled in, and the addresses that indices become. As the
functions of libdevice that round are NumPy's on both sides, all results are equal to the last bit, or something is
wrong.

What it cannot show: what NVIDIA's compiler makes of it (products and sums contracted to FMA), the rounding of the
device's own ``exp`` and ``log``, races, shared or local memory read too early, and what LLVM leaves open, where a GPU
and a CPU may differ: a float converted to an integer that cannot hold it, a shift by as many bits as there are. A
kernel that goes astray only when compiled takes the program with it, or never ends.
"""

from .beside import HELD, Unlike, beside, dtypes
from .runner import run

__all__ = ["HELD", "Unlike", "beside", "dtypes", "run"]
