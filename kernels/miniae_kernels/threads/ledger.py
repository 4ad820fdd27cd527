"""Who has used which element, and whether somebody else may: races are found by bookkeeping, not by luck.

Two uses of one element are a race if two threads make them, at least one writes, at least one is no atomic
operation, and nothing orders them. What orders them: a barrier of the block between them; within a warp, ``syncwarp``
(a shuffle does not). Nothing orders two blocks of one launch.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from miniae_kernels.threads.errors import Race
from miniae_kernels.threads.frames import Line, device_frame, show_line
from miniae_kernels.threads.threads import Launch, Thread

Kind = Literal["reads", "writes", "updates"]
CLASHES: dict[Kind, tuple[Kind, ...]] = {
    "reads": ("writes", "updates"),
    "writes": ("reads", "writes", "updates"),
    "updates": ("reads", "writes"),
}
PAST = {"reads": "read", "writes": "wrote", "updates": "updated"}


class Use(NamedTuple):
    """One thread's last use of an element."""

    epoch: int  # of the thread's warp: how many syncwarps it had passed
    line: Line


Uses = dict[Kind, dict[int, dict[Thread, Use]]]  # of a kind, of an element, by a thread


def _none() -> Uses:
    return {"reads": {}, "writes": {}, "updates": {}}


class Ledger:
    """The uses of one array of global or shared memory."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.since_barrier, self.in_block, self.in_other_blocks = _none(), _none(), _none()

    def note(self, kind: Kind, element: int, show: Callable[[int], str]) -> None:
        """The running thread uses an element; ``show`` says what a message calls it.

        Raises:
            Race: if another thread does, or did, with nothing between that orders the two.
        """
        thread = self.launch.thread
        for other_kind in CLASHES[kind]:
            uses = self.since_barrier[other_kind].get(element)
            if uses is not None:
                for other, use in uses.items():
                    same_warp = other.warp is thread.warp
                    if other is not thread and not (same_warp and use.epoch < thread.warp.epoch):
                        why = "and no barrier between the two orders them"
                        raise self._race(kind, show(element), other_kind, other, use, why)
            uses = self.in_other_blocks[other_kind].get(element)
            if uses is not None:
                other, use = next(iter(uses.items()))
                raise self._race(
                    kind, show(element), other_kind, other, use, "and nothing orders two blocks of one launch"
                )
        frame = device_frame()
        use = Use(thread.warp.epoch, (frame.f_code.co_filename, frame.f_lineno))
        self.since_barrier[kind].setdefault(element, {})[thread] = use

    def _race(self, kind: Kind, name: str, other_kind: Kind, other: Thread, use: Use, why: str) -> Race:
        did = f"{other.name} {PAST[other_kind]} at {show_line(use.line)}"
        return Race(f"{self.launch.where()}: {kind} {name}, which {did}, {why}")

    def barrier(self) -> None:
        """All threads of the block have met: what comes is ordered after what was."""
        for kind, uses in self.since_barrier.items():
            self.in_block[kind].update(uses)
        self.since_barrier = _none()

    def end_of_block(self) -> None:
        """What comes is of another block."""
        self.barrier()
        for kind, uses in self.in_block.items():
            self.in_other_blocks[kind].update(uses)
        self.in_block = _none()
