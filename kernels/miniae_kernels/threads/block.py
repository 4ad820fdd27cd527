"""Run the threads of one block, one after the other, each until it ends or waits for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context

from greenlet import greenlet

from miniae_kernels.threads.errors import DivergentBarrier, NeverEnding
from miniae_kernels.threads.ledger import Ledger
from miniae_kernels.threads.threads import WARP, Dim3, Launch, Thread, Warp

ROUNDS = 5_000  # of a block: the meetings of its threads. Kernels are tried on small arrays: more is a loop


def threads_of(launch: Launch, block: Dim3) -> list[Thread]:
    """The threads of a block, in their order, each in its warp."""
    threads: list[Thread] = []
    for number, index in enumerate(launch.block.positions()):
        warp = Warp() if number % WARP == 0 else threads[-1].warp
        threads.append(Thread(block, index, warp))
        warp.threads.append(threads[-1])
    return threads


def run_alone(launch: Launch, threads: Sequence[Thread], body: Callable[[], None]) -> None:
    """Run threads that never wait for each other."""
    for launch.thread in threads:
        body()


def run_together(
    launch: Launch, threads: Sequence[Thread], body: Callable[[], None], ledgers: Callable[[], Sequence[Ledger]]
) -> None:
    """Run threads that meet at barriers: each is a greenlet, which stops where it has to wait.

    Args:
        launch: which thread is running is written there.
        threads: of the block, in the order in which they take their turns.
        body: what each runs.
        ledgers: asked at each barrier for the arrays there are; races are told apart by the barriers between.

    Raises:
        DivergentBarrier: if some threads wait for others that will not come.
        NeverEnding: if they meet more often than any kernel on small arrays would.
    """
    context = copy_context()  # a greenlet starts with none, and NumPy keeps there what it does about overflow
    warps = dict.fromkeys(thread.warp for thread in threads)
    for thread in threads:
        thread.greenlet = greenlet(lambda _: body())
        thread.greenlet.gr_context = context
    try:
        for _ in range(ROUNDS):
            for thread in threads:
                if thread.waits is None and not thread.greenlet.dead:
                    launch.thread = thread
                    thread.waits = thread.greenlet.switch(thread.answer)
            met = [_warp_meets(launch, warp) for warp in warps]
            if not any(met):
                if not _block_meets(launch, threads):
                    return
                for ledger in ledgers():
                    ledger.barrier()
        raise NeverEnding(f"{launch.kernel}, {threads[0].name}: has met the others {ROUNDS} times; does its loop end?")
    finally:
        for thread in threads:
            thread.greenlet.throw()  # ends it, wherever it waits


def _warp_meets(launch: Launch, warp: Warp) -> bool:
    """Hand over what the lanes of a warp exchange, if any of them waits for that.

    Returns:
        whether one does.
    """
    first = next((thread for thread in warp.threads if thread.waits is not None and thread.waits.of_warp), None)
    if first is None:
        return False
    if len(warp.threads) < WARP:
        raise DivergentBarrier(
            f"{launch.kernel}, {first.name}: {first.waits.place} is for all {WARP} lanes of a warp, but here are only "
            f"{len(warp.threads)}; the threads of a block must be a multiple of {WARP}"
        )
    if first.waits.call == "syncwarp":
        warp.epoch += 1
    _go_on(launch, warp.threads, first)
    return True


def _block_meets(launch: Launch, threads: Sequence[Thread]) -> bool:
    """Let all threads go on, if they wait at a barrier.

    Returns:
        whether they do: False if all have ended.
    """
    first = next((thread for thread in threads if thread.waits is not None), None)
    if first is None:
        return False
    _go_on(launch, threads, first)
    return True


def _go_on(launch: Launch, threads: Sequence[Thread], first: Thread) -> None:
    """Demand that all threads wait at the same place as the first, and give each its answer.

    Raises:
        DivergentBarrier: if one does not.
    """
    for thread in threads:
        if thread.waits is None:
            other = "has ended"
        elif thread.waits.path != first.waits.path:
            other = f"waits at {thread.waits.place}"
        else:
            continue
        raise DivergentBarrier(
            f"{launch.kernel}, {first.name}: waits at {first.waits.place} for all threads of its "
            f"{'warp' if first.waits.of_warp else 'block'}, but {thread.name} {other}"
        )
    answers = first.waits.resolve([thread.waits.brought for thread in threads])
    for thread, thread.answer in zip(threads, answers, strict=True):
        thread.waits = None
