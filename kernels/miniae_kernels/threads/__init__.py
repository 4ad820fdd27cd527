"""Run CUDA kernels on the CPU, thread by thread, and catch what is wrong with them.

    from miniae_kernels import threads
    threads.run(kernel, blocks, threads_of_a_block, args)

A kernel is an ordinary Python function whose ``cuda`` is Numba's, with or without ``@cuda.jit``. No GPU is needed, nor
a driver or a compiler: ``pip install "miniae[threads]"``. Here each of its threads runs in Python: one after
the other where the kernel never waits, as greenlets where it has barriers or shuffles. Arrays watch what is done
with them. The names are those of NVIDIA's compute-sanitizer, which does the like on a GPU; but its racecheck looks at
shared memory alone, and its initcheck at global memory:

* memcheck: every index lies within its array, and nothing beside an array changes;
* initcheck: shared and local memory is written before it is read;
* racecheck: between two barriers no thread touches what another writes, and no block what another block writes;
* synccheck: all threads of a block reach the same barrier, all lanes of a warp the same exchange.

Beyond that, :func:`run_all_orders` demands the same bits in several orders of blocks and threads.

What this cannot see: FMA and the rounding of the device's ``exp``, the promotion of float32 by literals and integers
(a compiler's table shows it), a loop without end that uses no memory and no barrier, global memory that nobody has
written (an array's values count, where they come from ``np.empty`` as well), or what no compiler takes, such as a
list; nor how fast a kernel is.

The lesson ``tutorials/05_kernels.py`` begins here.
"""

from miniae.optional import require

for _package in ("greenlet", "numba"):
    require(_package, "threads")  # before the files that import them: the error names the remedy

from miniae_kernels.threads.errors import (  # noqa: E402
    BadLaunch,
    DivergentBarrier,
    GuardBandDamaged,
    KernelError,
    NeverEnding,
    OrderDependent,
    OutOfBounds,
    Race,
    Uninitialised,
)
from miniae_kernels.threads.runner import ORDERS, run, run_all_orders  # noqa: E402

__all__ = [
    "ORDERS",
    "BadLaunch",
    "DivergentBarrier",
    "GuardBandDamaged",
    "KernelError",
    "NeverEnding",
    "OrderDependent",
    "OutOfBounds",
    "Race",
    "Uninitialised",
    "run",
    "run_all_orders",
]
