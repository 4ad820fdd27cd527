"""A Python file of the user's own: imported, asked for its functions, and quoted by line where it goes wrong."""

import contextlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

Function = Callable[..., Any]


class UncheckableError(Exception):
    """There is nothing to check, and the message says why."""


class UserFile:
    """The module in the file ``path``.

    Its own folder is importable while it runs, as it is for ``python path``, so that it can import what lies beside
    it. It runs as the text is now, never from an earlier compilation, and ``__name__`` is not ``"__main__"``.

    Raises:
        UncheckableError: if there is no such Python file, or it cannot be imported.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        file = Path(path).resolve()
        if not file.is_file():
            raise UncheckableError(f"there is no file {path}")
        self.filename = str(file)
        name = f"checked_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or file.suffix != ".py":
            raise UncheckableError(f"{path} is no Python file: its name must end in .py")
        self._module = importlib.util.module_from_spec(spec)
        sys.modules[name] = self._module  # dataclasses and pickle look their module up there
        if str(file.parent) not in sys.path:
            sys.path.insert(0, str(file.parent))
        with self.speaks_up("the file"):
            exec(compile(file.read_bytes(), self.filename, "exec"), vars(self._module))

    def get(self, name: str, default: Any = None) -> Any:
        """What the file calls ``name``, or the default."""
        return getattr(self._module, name, default)

    def function(self, name: str) -> Function:
        """The function of this name.

        Raises:
            UncheckableError: if there is none; the message lists those that there are.
        """
        found = self.get(name)
        if callable(found):
            return found
        own = [
            key
            for key, value in vars(self._module).items()
            if callable(value) and getattr(value, "__module__", None) == self._module.__name__ and key[:1] != "_"
        ]
        what = f"has no function {name}" if found is None else f"has {name}, but that is no function"
        raise UncheckableError(f"{self.path} {what}; it has: {', '.join(own) or 'none'}")

    @contextlib.contextmanager
    def speaks_up(self, what: str) -> Iterator[None]:
        """Turn whatever the user's code raises into one sentence with the line of the file.

        Args:
            what: what was running, the subject of the sentence.
        """
        try:
            yield
        except UncheckableError:
            raise
        except SyntaxError as error:
            where = self.path if error.filename in (self.filename, None) else error.filename
            where = f"{where}, line {error.lineno}" if error.lineno else where
            raise UncheckableError(f"{where}: {type(error).__name__}: {error.msg}") from None
        except (Exception, SystemExit) as error:
            line = line_of(error.__traceback__, self.filename)
            where = f"{self.path}, line {line}" if line else self.path
            message = " ".join(f"{type(error).__name__}: {error}".split())
            raise UncheckableError(f"{where}: {what} raised {message}") from None


def line_of(traceback: TracebackType | None, filename: str) -> int | None:
    """The line of the file that was running when the exception arose: the innermost, or None."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


@contextlib.contextmanager
def time_limit(seconds: float | None, path: str, refuse: Callable[[str], int]) -> Iterator[None]:
    """End the whole process when ``seconds`` are over.

    A thread watches: an exception raised into the running code could be caught there, and signals do not exist
    everywhere.

    Args:
        seconds: None for no limit.
        path: of the user's file, for the message.
        refuse: prints the message and returns the exit code.
    """
    if seconds is None:
        yield
        return
    main = threading.get_ident()

    def end() -> None:
        frame: FrameType | None = sys._current_frames().get(main)
        filename = str(Path(path).resolve())
        while frame is not None and frame.f_code.co_filename != filename:
            frame = frame.f_back
        where = f"{path}, line {frame.f_lineno}" if frame else path
        os._exit(refuse(f"{where}: still running after {seconds:g} seconds, the time limit"))

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
