"""How many threads the contenders may use, the same number for all."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from miniae.info import usable
from miniae.optional import require


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that this machine cannot run at once; None stands for all it can.

    Raises:
        ValueError: with the number there are.
    """
    if threads is not None and not 1 <= threads <= usable():
        raise ValueError(f"threads must be from 1 to {usable()}, the processors at hand, got {threads}")


@contextmanager
def limited(threads: int | None, packages: Collection[str]) -> Iterator[dict[str, int]]:
    """Limit everything that computes to so many threads while the block runs, and say how many each uses.

    JAX has no such setting. Its pool is as large as the number of processors it may run on when it starts: where the
    system allows it, the process is bound to so many of them.

    Args:
        threads: as many as wanted; one for each processor when None.
        packages: those of the peers that will run.

    Yields:
        The number of threads by what uses them: ``"BLAS"`` and the packages.

    Raises:
        ValueError: if ``threads`` does not fit; see :func:`check_threads`.
        ImportError: if threadpoolctl, which limits the BLAS, is not installed.
    """
    check_threads(threads)
    most = usable()
    count = threads or most
    used = {"BLAS": count}
    bound = count < most and "jax" in packages and "jax" not in sys.modules and hasattr(os, "sched_setaffinity")
    processors = os.sched_getaffinity(0) if bound else set()
    with require("threadpoolctl", extra="course").threadpool_limits(count, user_api="blas"):
        try:
            if bound:
                os.sched_setaffinity(0, sorted(processors)[:count])
            if "jax" in packages:
                used["jax"] = count if bound else most
            if "torch" in packages:
                import torch

                before = torch.get_num_threads()
                torch.set_num_threads(count)
                used["torch"] = count
            yield used
        finally:
            if "torch" in used:
                torch.set_num_threads(before)
            if bound:
                os.sched_setaffinity(0, processors)
