"""``miniae check path/to/file.py::function``: the gradient of a function in a file of the user's own.

What is taken from the file:

- ``function``: ``theta -> (cost, gradient)``; or ``cost,gradient``, two functions apart;
- ``theta0``: where to check, float64; without one, or where a size or seed is given, theta is drawn: independent normal
  numbers times .1, small enough that no sigmoid is saturated;
- ``layout``: names and shapes of the parts of theta, ``{"W1": (64, 25), "b1": (25,)}``;
- ``context``: what the cost was computed from, ``{"x": x, "lam": 1e-4}``, for the diagnosis.
"""

import contextlib
import json
import os
import shlex
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from miniae.gradcheck.checker import check_function
from miniae.gradcheck.report import Report
from miniae.gradcheck.report_json import dumps
from miniae.gradcheck.user_file import UncheckableError, UserFile, time_limit
from miniae.layout import Layout

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
UNCHECKABLE = 2
SPREAD = 0.1  # standard deviation of a theta that is drawn


@dataclass(frozen=True)
class Options:
    """What the user asked for beside the file and the function; None where nothing was said."""

    size: int | None = None
    seed: int | None = None
    layout: str | None = None
    tolerance: float = 1e-9
    kinks: float = 0.0
    time_limit: float | None = None
    json: bool = False


def run(target: str, options: Options) -> int:
    """Check, print what was found, and return the exit code.

    Args:
        target: ``path/to/file.py::function`` or ``path/to/file.py::cost,gradient``.
        options: see there.

    Returns:
        0 for pass, 1 for fail, 3 for inconclusive, 2 for a file that cannot be checked. Then a sentence on standard
        error says why; with ``json``, standard output holds ``{"error": sentence}``.
    """
    out = sys.stdout

    def refuse(message: str) -> int:
        if options.json:
            print(dumps({"error": message}, indent=2), file=out, flush=True)
        else:
            print(f"miniae check: {message}", file=sys.stderr, flush=True)
        return UNCHECKABLE

    # What the user's own code prints must not get between the lines of the JSON.
    aside = contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext()
    try:
        if options.time_limit is not None and not options.time_limit > 0:
            raise UncheckableError(f"--time-limit must be positive, got {options.time_limit:g}")
        with aside, time_limit(options.time_limit, target.partition("::")[0], refuse):
            found = check_file(target, options)
            text = found.to_json(indent=2) if options.json else str(found)
    except UncheckableError as error:
        return refuse(str(error))
    except Exception as error:
        # A defect of miniae's own. Python would exit with 1, which here means that the gradient is wrong.
        traceback.print_exc()
        return refuse(f"the check itself broke down: {type(error).__name__}: {error}")
    print(text, file=out)
    return EXIT_CODES[found.verdict]


def check_file(target: str, options: Options) -> Report:
    """The report on the function that ``target`` names.

    Raises:
        UncheckableError: if there is nothing to check; the message says why in a sentence.
    """
    path, separator, names = target.partition("::")
    if not separator or not names or names.count(",") > 1:
        raise UncheckableError(f"expected path/to/file.py::function or path/to/file.py::cost,gradient, got {target}")
    if not options.tolerance > 0:
        raise UncheckableError(f"--tolerance must be positive, got {options.tolerance:g}")
    if not 0 <= options.kinks < 1:
        raise UncheckableError(f"--kinks must be at least 0 and less than 1, got {options.kinks:g}")
    file = UserFile(path)
    functions = [file.function(name.strip()) for name in names.split(",")]
    layout = _layout(file, options.layout)
    theta = _point(file, options, layout)
    context = file.get("context", {})
    if not isinstance(context, Mapping):
        raise UncheckableError(f"{path}: context must be a dict, it is {type(context).__name__}")

    cost = functions[0] if len(functions) == 2 else None

    def cost_and_gradient(theta: np.ndarray) -> tuple[float, np.ndarray]:
        return functions[0](theta) if cost is None else (cost(theta), functions[1](theta))

    with file.speaks_up(names):
        _check_result(names, cost_and_gradient(theta.copy()), theta)
        # The check calls it thousands of times more; what it prints has been seen once.
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            found = check_function(
                cost_and_gradient,
                theta,
                cost=cost,
                layout=layout,
                tolerance=options.tolerance,
                kinks=options.kinks,
                context=context,
            )
    drawn = _is_drawn(file, options)
    return replace(found, seed=(options.seed or 0) if drawn else None, reproduce=_repeat(target, options))


def _layout(file: UserFile, given: str | None) -> Layout | None:
    """The layout: the option's before the file's."""
    where, shapes = "--layout", file.get("layout")
    if given is not None:
        try:
            shapes = json.loads(given)
        except json.JSONDecodeError as error:
            raise UncheckableError(f'--layout must be JSON such as {{"W1": [64, 25], "b1": [25]}}: {error}') from None
    elif shapes is None or isinstance(shapes, Layout):
        return shapes
    else:
        where = f"{file.path}: layout"
    if not isinstance(shapes, Mapping) or not all(map(_is_shape, shapes.values())):
        raise UncheckableError(f'{where} must name shapes, as {{"W1": [64, 25], "b1": [25]}} does, got {shapes!r}')
    return Layout.of({str(name): tuple(shape) for name, shape in shapes.items()})


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list | tuple) and all(isinstance(n, int) and n >= 0 for n in shape)


def _is_drawn(file: UserFile, options: Options) -> bool:
    return options.size is not None or options.seed is not None or file.get("theta0") is None


def _point(file: UserFile, options: Options, layout: Layout | None) -> np.ndarray:
    """Where to check: the file's ``theta0``, or a theta drawn in its stead."""
    theta = _drawn(file, options, layout) if _is_drawn(file, options) else np.asarray(file.get("theta0"))
    if theta.dtype != np.float64:
        raise UncheckableError(
            f"{file.path}: theta0 must be float64, it is {theta.dtype}: write theta0 = np.array(..., dtype=float)"
        )
    if theta.size == 0 or not np.isfinite(theta).all():
        raise UncheckableError(f"{file.path}: theta0 {'holds NaN or infinity' if theta.size else 'has no elements'}")
    if layout is not None and layout.size != theta.size:
        shapes = ", ".join(f"{slot.name} {slot.shape}" for slot in layout)
        raise UncheckableError(
            f"{file.path}: the layout ({shapes}) covers {layout.size} numbers, theta has {theta.size}"
        )
    return theta


def _drawn(file: UserFile, options: Options, layout: Layout | None) -> np.ndarray:
    """Random numbers: as many as ``--size`` says, else as many as theta0 has, else as the layout covers."""
    if options.seed is not None and options.seed < 0:
        raise UncheckableError(f"--seed must not be negative, got {options.seed}")
    if options.size is not None and options.size < 1:
        raise UncheckableError(f"--size must be at least 1, got {options.size}")
    theta0 = file.get("theta0")
    shape: int | tuple[int, ...]
    if options.size is not None:
        shape = options.size
    elif theta0 is not None:
        shape = np.shape(theta0)
    elif layout is not None:
        shape = layout.size
    else:
        raise UncheckableError(
            f"{file.path} has no theta0 (where to check): set one there, or pass --size N to draw one"
        )
    return SPREAD * np.random.default_rng(options.seed or 0).standard_normal(shape)


def _check_result(names: str, result: Any, theta: np.ndarray) -> None:
    """Refuse what is not a cost and a gradient."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        got = f"{type(result).__name__} of length {len(result)}" if hasattr(result, "__len__") else repr(result)
        missing = ": is a return missing?" if result is None else ""
        raise UncheckableError(f"{names} must return a pair (cost, gradient), it returned {got}{missing}")
    cost, gradient = result
    if np.ndim(cost) != 0 or np.asarray(cost).dtype.kind not in "fiu":
        got = f"an array of shape {np.shape(cost)}" if np.ndim(cost) else f"{cost!r}"
        raise UncheckableError(f"{names}: the cost must be one real number, it is {got}")
    if not np.isfinite(cost):
        raise UncheckableError(f"{names}: the cost at theta is {cost}: no difference can be taken there")
    if gradient is None:
        raise UncheckableError(f"{names}: the gradient is None; is a return missing?")
    if np.shape(gradient) != theta.shape:
        raise UncheckableError(f"{names}: the gradient has shape {np.shape(gradient)}, theta has {theta.shape}")


def _repeat(target: str, options: Options) -> str:
    """The command that does the same again."""
    words = ["miniae", "check", target]
    for name in ("size", "seed", "layout", "tolerance", "kinks"):
        value = getattr(options, name)
        if value is not None and value != getattr(Options, name):
            words += [f"--{name}", str(value)]
    return shlex.join(words)
