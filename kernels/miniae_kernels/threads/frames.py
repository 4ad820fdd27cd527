"""Which line of a kernel is running: found on Python's stack, by a mark in the globals that rebound functions have."""

import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType

ON_DEVICE = "__on_device__"

Line = tuple[str, int]  # a file's path, and a number


def device_frame() -> FrameType:
    """The innermost frame of the kernel, or of a device function it has called."""
    frame = sys._getframe(1)
    while ON_DEVICE not in frame.f_globals:
        assert frame.f_back is not None, "called from no kernel"
        frame = frame.f_back
    return frame


def path(frame: FrameType | None) -> tuple[tuple[CodeType, int], ...]:
    """The instruction that is running, and those that called it, up to the kernel's own.

    A device function called from two places is inlined twice: its barriers and shared arrays are two as well.
    """
    found = []
    while frame is not None and ON_DEVICE in frame.f_globals:
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(found)


def show_line(line: Line) -> str:
    """``file.py:12``; of a notebook's cell, whose file is named by a mere number, what stands in the line."""
    path, number = Path(line[0]), line[1]
    if path.parent.name.startswith("ipykernel"):
        return f"line {number} of a cell ({linecache.getline(line[0], number).strip()})"
    return f"{path.name}:{number}"
