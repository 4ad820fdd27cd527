"""Where threads wait for each other: barriers of the block, and exchanges within a warp."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

import greenlet

from miniae_kernels.threads.frames import Line, device_frame, path, show_line
from miniae_kernels.threads.scalars import wrapped
from miniae_kernels.threads.threads import WARP, Launch

FULL_MASK = 0xFFFFFFFF
WAITING = {"syncthreads", "syncwarp", "all_sync", "any_sync", "ballot_sync"}
WAITING |= {"shfl_sync", "shfl_up_sync", "shfl_down_sync", "shfl_xor_sync"}  # calls that wait for other threads

Resolve = Callable[[list[Any]], list[Any]]  # what each thread gets, of what each has brought


class Meeting(NamedTuple):
    """What a waiting thread says of itself."""

    call: str
    path: tuple[tuple[CodeType, int], ...]
    line: Line
    brought: Any
    resolve: Resolve

    @property
    def of_warp(self) -> bool:
        """Whether the warp meets, not the block."""
        return self.call != "syncthreads"

    @property
    def place(self) -> str:
        """What a message calls it."""
        return f"{self.call} at {show_line(self.line)}"


def meet(launch: Launch, call: str, brought: Any, resolve: Resolve) -> Any:
    """Let the others run until all have come here.

    Returns:
        what ``resolve`` has for the running thread.
    """
    frame = device_frame()
    line = (frame.f_code.co_filename, frame.f_lineno)
    here = greenlet.getcurrent().parent
    assert here is not None, "no greenlet: is the call missing in WAITING?"
    return here.switch(Meeting(call, path(frame), line, brought, resolve))


def nothing(brought: list[Any]) -> list[Any]:
    """A barrier hands nothing over."""
    return brought


def taken_from(source: Callable[[int, int], int]) -> Resolve:
    """Each lane gets the value of lane ``source(lane, argument)``, its own where there is none such."""

    def resolve(brought: list[tuple[Any, int]]) -> list[Any]:
        answers = []
        for lane, (own, argument) in enumerate(brought):
            other = source(lane, argument)
            answers.append(brought[other][0] if 0 <= other < WARP else own)
        return answers

    return resolve


def votes(count: Callable[[list[bool]], Any]) -> Resolve:
    """Every lane gets the same: what the votes of all make together."""
    return lambda brought: [count([bool(vote) for vote in brought])] * WARP


def ballot(lanes: list[bool]) -> int:
    """One bit for each lane; an int32, as Numba has it."""
    return wrapped(sum(vote << lane for lane, vote in enumerate(lanes)), 32, signed=True)
