"""What can be wrong with a kernel: one class for each kind, so that a test can ask for the right one.

A message begins with the kernel and, where one thread is to blame, goes on with its block, its number and the line.
"""


class KernelError(Exception):
    """Something is wrong with a kernel, whatever numbers it happened to give.

    All others here are kinds of it: ``except KernelError`` catches every one.
    """


class BadLaunch(KernelError):
    """More threads, blocks or shared memory than a GPU has.

    A block has at most 1024 threads, and 48 KiB of shared arrays; a grid has at least one block along each axis.
    """


class OutOfBounds(KernelError):
    """An index below 0, or not below the length.

    Below 0, CUDA C would leave the array and Numba would count from the end; no kernel should mean either. Mostly it is
    the last block, which has more threads than are left to do: ``if i < n``. On a GPU such a thread reads or spoils
    what lies beside the array, and nothing is said.
    """


class Uninitialised(KernelError):
    """Shared or local memory is read before anything was written there.

    Such memory does not begin with zeros. Either a thread forgot its own place, or it was faster than the thread whose
    place it reads, and a barrier is missing between the two.
    """


class Race(KernelError):
    """Two threads use one element, at least one of them writes, and nothing says which comes first.

    Be it that both write the same: C++ allows no race, and the next change to the kernel may make two values of it.

    Threads of one block are ordered by a barrier that both pass, those of two blocks only by another launch. Otherwise
    give each element to one thread, or let all of them use it by atomic operations, whose order stays open.
    """


class DivergentBarrier(KernelError):
    """Some threads wait at a barrier that others never reach, or at two different ones.

    A barrier in an ``if`` that holds for some threads only, or behind a ``return``. CUDA leaves open what comes of it:
    a GPU may hang, or go on, with wrong numbers or right ones. Draw the ``if`` around the work alone, and let all
    threads pass the barrier.
    """


class NeverEnding(KernelError):
    """The kernel runs on and on: more than 100,000 uses of memory by a thread, or 5,000 barriers.

    It is no measure of a right kernel: try it on a smaller array, on which such numbers can only be a loop without end.
    """


class GuardBandDamaged(KernelError):
    """Bytes beside an array were changed, by code that goes around the watched arrays.

    No kernel run in Python can: this is for those that run compiled, and for the runner's own tests.
    """


class OrderDependent(KernelError):
    """The result depends on the order in which blocks and threads happened to run.

    Found by :func:`~miniae_kernels.threads.run_all_orders` where no rule is broken, as by atomic additions of floats:
    rounding depends on the order of a sum.
    """
