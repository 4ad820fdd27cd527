"""What can be wrong with a kernel: one class for each kind, so that a test can ask for the right one."""


class KernelError(Exception):
    """Something is wrong with a kernel, whatever numbers it happened to give."""


class BadLaunch(KernelError):
    """More threads, blocks or shared memory than a GPU has."""


class OutOfBounds(KernelError):
    """An index below 0, or not below the length. Negative indices do not wrap on a GPU."""


class Uninitialised(KernelError):
    """Shared or local memory is read before anything was written there."""


class Race(KernelError):
    """Two threads use one element, at least one of them writes, and nothing says which comes first."""


class DivergentBarrier(KernelError):
    """Some threads wait at a barrier that others never reach, or at two different ones."""


class NeverEnding(KernelError):
    """The kernel runs on and on."""


class GuardBandDamaged(KernelError):
    """Bytes beside an array were changed, by code that goes around the watched arrays."""


class OrderDependent(KernelError):
    """The result depends on the order in which blocks and threads happened to run."""
