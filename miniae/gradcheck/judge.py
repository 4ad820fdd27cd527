"""Which entries of a gradient are wrong, and the verdict on the whole of it."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from miniae.gradcheck.evidence import Compared

Verdict = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True)
class Block:
    """One argument's or parameter's part of a check.

    ``error`` is the worst relative error, ``|analytic - numeric| / s`` with s the largest ``|numeric|`` of the block;
    ``index`` where it is, with both values there; ``failing`` the fraction of the coordinates that fail; ``reason``
    says in words why the verdict is what it is, where there is something to say, and ``why`` in one:

    ``""`` (nothing to say), ``"wrong"``, ``"not finite"``, ``"shape"``, ``"empty"``, ``"zero"`` (both gradients are),
    ``"kink"``, ``"noise"``, ``"rounding"`` or ``"domain"`` (what spoils the differences), ``"rule"`` (one is broken).
    """

    name: str
    shape: tuple[int, ...]
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    failing: float
    verdict: Verdict
    reason: str
    why: str


RANDOM = 1e-10  # of a cost's value: what sums of millions of float64 numbers scatter less, float32 and chance far more


class Errors(NamedTuple):
    """How far the two gradients of one block are apart, entry by entry.

    Attributes:
        scale: s, the largest \\|numeric\\| of the block: errors are fractions of it.
        error: \\|analytic - numeric\\| / s.
        doubt: what the numerical gradient may itself be off, / s.
        wrong: where the error is above the tolerance and above ten times the doubt, or not a number.
    """

    scale: float
    error: np.ndarray
    doubt: np.ndarray
    wrong: np.ndarray


def comparable(compared: Compared) -> bool:
    """Whether the two gradients can be subtracted: real numbers, equally shaped."""
    return compared.analytic.shape == compared.difference.gradient.shape and compared.analytic.dtype.kind in "fiub"


def errors(compared: Compared) -> Errors:
    """The errors of a block whose gradients are :func:`comparable` and not empty."""
    numeric, uncertainty, noise = compared.difference
    scale = max(float(np.abs(numeric).max()), float(noise.max())) or 1.0
    error, doubt = np.abs(compared.analytic - numeric) / scale, uncertainty / scale
    return Errors(scale, error, doubt, ~np.isfinite(error) | ((error > compared.tolerance) & (error > 10 * doubt)))


def judge(compared: Compared, zero: bool, kinks: float = 0.0) -> Block:
    """Hold one analytic gradient against its numerical one.

    A coordinate is wrong where its error is above the tolerance and above ten times what the numerical gradient may
    itself be off. Where that uncertainty is above the tolerance, nothing can be said of it: inconclusive. A gradient
    that is zero throughout, analytically and numerically, tests nothing and fails unless ``zero`` declares it.

    Where the function is declared to have kinks, entries beside one are left out and counted: beside a kink no
    difference is a derivative, and the others can still be judged. More of them than declared fail.

    Args:
        compared: the block.
        zero: whether a gradient of zeros is expected.
        kinks: the largest fraction of the entries that may lie beside a kink.
    """
    analytic, (numeric, uncertainty, noise) = compared.analytic, compared.difference
    if not comparable(compared):
        what = (f"shape {analytic.shape}", f"{numeric.shape}")
        if analytic.shape == numeric.shape:
            what = (f"dtype {analytic.dtype}", f"{numeric.dtype}")
        return _untested(compared, "shape", f"the gradient has {what[0]}, the argument {what[1]}")
    if numeric.size == 0:
        return _untested(compared, "empty", "has no elements: nothing is tested")
    found = errors(compared)
    error = np.where(np.isnan(found.error), np.inf, found.error)
    doubtful = found.doubt > compared.tolerance
    beside = doubtful & (noise <= uncertainty / 2) & np.isfinite(uncertainty) & (compared.projected is None)
    if found.wrong.any():  # not an entry that is farther off, but in doubt
        error = np.where(found.wrong, error, -1)
    elif kinks > 0 and not beside.all():
        error = np.where(beside, -1, error)
    worst = np.unravel_index(int(np.argmax(error)), numeric.shape)
    values = float(analytic[worst]), float(numeric[worst])
    largest = np.maximum(np.maximum(np.abs(numeric), np.abs(analytic)), uncertainty)
    verdict: Verdict = "pass"
    reason = why = ""
    if found.wrong.any():
        verdict, (why, reason) = "fail", _wrong(compared, found, worst)
    elif bool((largest <= 10 * noise).all()) and compared.scatter < RANDOM:
        verdict, (why, reason) = ("pass", ("zero", "zero throughout, as declared")) if zero else _vacuous(analytic)
    elif kinks > 0 and beside.any() and not (doubtful & ~beside).any():
        verdict, (why, reason) = _left_out(beside, kinks)
    elif doubtful.any():
        verdict, (why, reason) = "inconclusive", _doubtful(compared, found)
    index = tuple(int(k) for k in worst)
    failing = float(found.wrong.mean())
    return Block(compared.name, numeric.shape, float(found.error[worst]), index, *values, failing, verdict, reason, why)


def _untested(compared: Compared, why: str, reason: str) -> Block:
    """The block of a gradient whose entries cannot be compared at all."""
    shape = compared.difference.gradient.shape
    error = np.nan if why == "empty" else np.inf
    return Block(compared.name, shape, error, (), np.nan, np.nan, 1.0, "fail", reason, why)


def _wrong(compared: Compared, found: Errors, worst: tuple[Any, ...]) -> tuple[str, str]:
    """What is wrong with a block that fails: how many entries, and the worst of them with both values."""
    if not np.isfinite(compared.analytic).all():
        count = int((~np.isfinite(compared.analytic)).sum())
        where = f"{float(compared.analytic[worst])} at {place(worst)}"
        return "not finite", f"the gradient is not finite: {where}, {_of(count, found.wrong.size)} in all"
    share = _of(int(found.wrong.sum()), found.wrong.size)
    return "wrong", f"wrong in {share}, most at {both_values(compared, worst)}"


def both_values(compared: Compared, index: tuple[Any, ...]) -> str:
    """An entry with its two values and what they have to do with each other."""
    analytic, numeric = float(compared.analytic[index]), float(compared.difference.gradient[index])
    compare = f"the gradient says {analytic:.6g} where {compared.beside} {numeric:.6g}"
    if f"{analytic:.6g}" == f"{numeric:.6g}":
        compare += f", a difference of {analytic - numeric:.1e}"
    elif 0.01 <= abs(analytic) / (abs(numeric) or np.inf) <= 100:  # a ratio that may mean something
        ratio = analytic / numeric
        compare += f", {ratio:.4g} times as much" if ratio > 0 else ", of the other sign"
    return f"{place(index)}: {compare}"


def _of(count: int, size: int) -> str:
    """``count`` of ``size`` entries, as one would say it.

    >>> _of(3, 9), _of(9, 9), _of(1, 1)
    ('3 of 9 entries', 'all 9 entries', 'its only entry')
    """
    return "its only entry" if size == 1 else f"all {size} entries" if count == size else f"{count} of {size} entries"


def _doubtful(compared: Compared, found: Errors) -> tuple[str, str]:
    """Why nothing can be said of a block: what spoils the numerical gradient, and where most."""
    _, uncertainty, noise = compared.difference
    k = np.unravel_index(int(found.doubt.argmax()), found.doubt.shape)
    if not np.isfinite(uncertainty[k]):
        return "domain", f"the cost is not finite beside {place(k)}: no difference can be taken there"
    why, cause = "kink", "there is a kink nearby"
    if noise[k] > uncertainty[k] / 2:
        why, cause = "rounding", "it is small beside the cost, which is rounded"
    if compared.scatter > RANDOM:
        why, cause = "noise", f"the cost is noisy by {compared.scatter:.0e} of its value: random, or float32?"
    agree = f"the two gradients differ by {found.error.max():.0e} at most"
    return (
        why,
        f"the numerical gradient itself is only good to {found.doubt[k]:.0e} at {place(k)}, for {cause}; {agree}",
    )


def _left_out(beside: np.ndarray, kinks: float) -> tuple[Verdict, tuple[str, str]]:
    """What becomes of a block with entries beside a kink where kinks were declared."""
    count = f"{int(beside.sum())} of {beside.size} entries"
    if beside.mean() <= kinks:
        return "pass", ("kink", f"{count} left out: they lie beside a kink, as declared")
    return "fail", ("kink", f"{count} lie beside a kink, more than the {kinks:.0%} declared: too little is tested")


def _vacuous(analytic: np.ndarray) -> tuple[Verdict, tuple[str, str]]:
    """Why a block whose gradients are both zero fails."""
    both = "analytic and numeric are both zero" + (" but for rounding of the cost" if analytic.any() else "")
    return "fail", ("zero", f"{both}: this tests nothing (declare it if it is right)")


def place(index: tuple[Any, ...]) -> str:
    """An index as it is written in code.

    >>> place((2, 0))
    '[2, 0]'
    """
    return f"[{', '.join(str(int(k)) for k in index)}]"
