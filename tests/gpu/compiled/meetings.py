"""Where compiled threads wait for each other: the C functions that a barrier, a shuffle and a vote become."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int32
from typing import Any

from greenlet import GreenletExit, getcurrent

from miniae_kernels.threads.meetings import Meeting, Resolve, ballot, nothing, taken_from, votes
from miniae_kernels.threads.threads import WARP

SHUFFLES: tuple[tuple[str, Callable[[int, int], int]], ...] = (  # by the instruction's mode
    ("shfl_sync", lambda own, lane: lane % WARP),
    ("shfl_up_sync", lambda own, delta: own - delta),
    ("shfl_down_sync", lambda own, delta: own + delta),
    ("shfl_xor_sync", lambda own, bits: own ^ bits),
)
VOTES: dict[int, tuple[str, Callable[[list[bool]], Any]]] = {
    0: ("all_sync", all),
    1: ("any_sync", any),
    3: ("ballot_sync", ballot),
}


def meet(call: str, brought: Any, resolve: Resolve) -> Any:
    """Let the others run until all have come to such a call; which line it is on, compiled code does not know.

    Returns:
        what ``resolve`` has for the running thread; 0 in a launch that has failed: compiled code cannot be stopped, and
        runs on to its end.
    """
    here = getcurrent().parent
    assert here is not None, "no greenlet"
    try:
        return here.switch(Meeting(call, (call,), ("compiled code", 0), brought, resolve))
    except GreenletExit:
        return 0


@CFUNCTYPE(None)
def barrier() -> None:
    """``syncthreads``."""
    meet("syncthreads", None, nothing)


@CFUNCTYPE(c_int32, c_int32, c_int32, c_int32)
def shuffle(mode: int, value: int, argument: int) -> int:
    """``shfl_sync`` and its kind, of 32 bits."""
    call, source = SHUFFLES[mode]
    return int(meet(call, (value, argument), taken_from(source)))


@CFUNCTYPE(c_int32, c_int32, c_int32)
def vote(mode: int, predicate: int) -> int:
    """``all_sync``, ``any_sync``, ``ballot_sync``."""
    call, count = VOTES[mode]
    return int(meet(call, predicate, votes(count)))
