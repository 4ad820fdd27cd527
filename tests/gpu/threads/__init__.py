"""Run CUDA kernels on the CPU, thread by thread, and catch what is wrong with them.

    import threads
    threads.run(kernel, blocks, threads_of_a_block, args)

A kernel is an ordinary Python function whose ``cuda`` is Numba's. Here each of its threads runs in Python: one after
the other where the kernel never waits, as greenlets where it has barriers or shuffles. Arrays watch what is done
with them, as NVIDIA's compute-sanitizer does on a GPU:

* memcheck: every index lies within its array, and nothing beside an array changes;
* initcheck: shared and local memory is written before it is read;
* racecheck: between two barriers no thread touches what another writes, and no block what another block writes;
* synccheck: all threads of a block reach the same barrier, all lanes of a warp the same exchange.

Beyond that, :func:`run_all_orders` demands the same bits in several orders of blocks and threads.

What this cannot see: FMA and the rounding of the device's ``exp``, the promotion of float32 by literals and integers
(a compiler's table shows it), a loop without end that uses no memory and no barrier.
"""

from .errors import (
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
from .runner import ORDERS, run, run_all_orders

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
