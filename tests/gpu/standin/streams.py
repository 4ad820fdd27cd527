"""Streams, and graphs of what was recorded on them.

Work runs at once, in the order in which it is given, so nothing here shows a missing synchronisation. While a stream
captures, work given to it does not run: it is kept, and runs whenever the graph is launched, on the memory it was
recorded with.
"""

import itertools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from standin.machine import CAPTURE_INVALIDATED, CAPTURE_UNSUPPORTED, MACHINE, CUDARuntimeError

_pointers = itertools.count(0x1000, 0x10)


class Work(NamedTuple):
    """Something recorded: what to do, and a reference that is dead once the memory it needs is given back."""

    function: Callable[[], object]
    needs: list["weakref.ref[Any]"]


class Graph:
    """What a stream recorded, to be run again and again."""

    def __init__(self, work: list[Work]) -> None:
        self._work = work

    def launch(self, stream: "Stream | None" = None) -> None:
        """Run it all, on the memory it was recorded with; that must not have been given back."""
        submit(self._run, stream=stream)

    def _run(self) -> None:
        for work in self._work:
            if any(needed() is None for needed in work.needs):
                raise RuntimeError("the graph uses memory that has been given back: keep the arrays (or the pool)")
            work.function()


class Stream:
    """A stream: work given to it while it is the current one runs at once, or is recorded while it captures."""

    null: "Stream"

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        if not null:
            MACHINE.check()
        self.ptr = 0 if null else next(_pointers)
        self.device_id = -1 if null else MACHINE.device
        self.is_non_blocking = non_blocking
        self._recorded: list[Work] | None = None
        self._invalid = False
        self._before: list[Stream | None] = []

    @classmethod
    def from_external(cls, obj: Any) -> "Stream":
        """A stream of another library's that has ``__cuda_stream__``."""
        stream = cls(null=True)
        _, stream.ptr = obj.__cuda_stream__()
        return stream

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self.ptr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and self.ptr == other.ptr

    def __hash__(self) -> int:
        return hash(self.ptr)

    def __enter__(self) -> "Stream":
        self._before.append(MACHINE.streams.get(MACHINE.device))
        return self.use()

    def __exit__(self, *_: object) -> None:
        before = self._before.pop()
        MACHINE.streams[MACHINE.device] = Stream.null if before is None else before

    def use(self) -> "Stream":
        """Make this the current stream of its device, which must be the current one."""
        if self.device_id not in (-1, MACHINE.device):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match with the current device "
                f"({MACHINE.device})"
            )
        MACHINE.streams[MACHINE.device] = self
        return self

    @property
    def done(self) -> bool:
        """Whether all work given to it is done: it always is, but one may not ask while it captures."""
        self.synchronize()
        return True

    def synchronize(self) -> None:
        """Wait for all work given to it; an error while it captures, which ruins the recording."""
        MACHINE.check()
        if self._recorded is not None:
            self._invalid = True
            raise CUDARuntimeError(CAPTURE_UNSUPPORTED)

    def begin_capture(self) -> None:
        """From now on record."""
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if self._recorded is not None:
            raise CUDARuntimeError(CAPTURE_UNSUPPORTED)
        self._recorded, self._invalid = [], False

    def end_capture(self) -> Graph:
        """What was recorded."""
        recorded, self._recorded = self._recorded, None
        if recorded is None or self._invalid:
            raise CUDARuntimeError(CAPTURE_INVALIDATED)
        return Graph(recorded)

    def is_capturing(self) -> bool:
        """Whether it records."""
        return self._recorded is not None


Stream.null = Stream(null=True)


def current_stream(device_id: int = -1) -> Stream:
    """The current stream of a device: of the current one unless told."""
    return MACHINE.streams.get(MACHINE.device if device_id == -1 else device_id, Stream.null)


def submit(function: Callable[[], object], *owners: Any, stream: Stream | None = None) -> None:
    """Run a piece of work now, or record it where the stream captures.

    Args:
        function: the work.
        owners: the objects whose memory it needs: they must live when it runs.
        stream: the current one unless told.
    """
    recorded = (stream or current_stream())._recorded
    if recorded is None:
        function()
    else:
        recorded.append(Work(function, [weakref.ref(owner) for owner in owners]))


class Event:
    """A mark in a stream; without a clock here."""

    def record(self, stream: Stream | None = None) -> None:
        """Set the mark."""

    def synchronize(self) -> None:
        """Wait for the mark."""
        current_stream().synchronize()


def elapsed_time(start_event: Event, end_event: Event) -> float:
    """Milliseconds between two marks: 1, so that what divides by it goes on."""
    return 1.0


def refuse_while_capturing(what: str, error: type[Exception] = RuntimeError) -> None:
    """Raise, while the current stream captures, what CuPy raises: ``what`` is what is not allowed then."""
    if current_stream().is_capturing():
        raise error(f"the current stream is capturing, so {what} are disallowed")
