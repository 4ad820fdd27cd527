"""Check a forward/backward pair: a random cotangent makes its output a cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from miniae.gradcheck.compare import ELEMENTWISE, PROJECTIONS, Method, check_options, judged, name_of, opinion
from miniae.gradcheck.evidence import Evidence
from miniae.gradcheck.numeric import STEPS
from miniae.gradcheck.pair_contract import Pair, copied, layout_breaches, pair_breaches
from miniae.gradcheck.report import Report


def check_pair(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    args: Mapping[str, np.ndarray],
    *,
    wrt: tuple[str, ...] | None = None,
    linear: tuple[str, ...] = (),
    tolerance: float = 1e-9,
    steps: Sequence[float] = STEPS,
    seed: int = 0,
    zero: tuple[str, ...] = (),
    kinks: float = 0.0,
    elementwise: int = ELEMENTWISE,
    projections: int = PROJECTIONS,
    contract: bool = False,
    batch: tuple[str, ...] = (),
    complex_step: bool = False,
) -> Report:
    r"""Check a forward/backward pair of your own.

    A cotangent ``dy`` is drawn at random, so that :math:`J = \sum dy \cdot y` is a cost whose gradient with respect
    to the output is ``dy``; what ``backward(dy, cache)`` returns must then be the gradient of J with respect to the
    arguments. Beside the numbers the pair must keep the rules of :func:`~miniae.gradcheck.pair_contract.pair_breaches`:
    nothing changed, nothing random, nothing overwritten, linear in ``dy``.

    Args:
        forward: ``forward(*args) -> (y, cache)``.
        backward: ``backward(dy, cache)`` -> one gradient, or a tuple with one for each of ``wrt``.
        args: the arguments by name, in order; those of ``wrt`` float64.
        wrt: the names whose gradients ``backward`` returns, in its order; all arguments when None.
        linear: names in which ``forward`` is linear: checked with step 1, where a central difference is exact, to
            1e-12.
        tolerance: the largest relative error that passes.
        steps: of the differences, largest first; the smaller ones are used where the larger do not settle it.
        seed: of the cotangent and of random directions.
        zero: names whose gradient is rightly zero throughout.
        kinks, elementwise, projections: as for :func:`~miniae.gradcheck.checker.check_function`.
        contract: whether to check again with arrays that are not contiguous, and with one example.
        batch: names of the arguments whose rows are examples, for that.
        complex_step: whether to attach a second opinion (:mod:`miniae.gradcheck.complex_step`).

    Returns:
        The report: ``print`` it, or ask ``.passed``.

    Raises:
        TypeError: if an argument of ``wrt`` is not a float64 array.
        ValueError: if ``backward`` returns another number of gradients than ``wrt`` names, ``wrt`` or ``batch`` names
            no argument, or the output is not finite.

    >>> from miniae.ops import dense_backward, dense_forward
    >>> rng = np.random.default_rng(0)
    >>> args = {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
    >>> check_pair(dense_forward, dense_backward, args, linear=("x", "w", "b")).passed
    True
    """
    if not isinstance(args, Mapping):
        raise TypeError(f"check_pair: args must name the arguments, {{'x': x, 'w': w}}, got {type(args).__name__}")
    wrt = tuple(args) if wrt is None else wrt
    _check_arguments(args, wrt, batch)
    check_options("check_pair", wrt, zero, kinks, tolerance)
    pair = Pair(forward, backward, wrt)
    call, gradients, broken = pair_breaches(pair, args, seed, linear)
    if not np.isfinite(call.y).all():
        raise ValueError("check_pair: the output of forward is not finite: no difference can be taken there")

    def cost_of(name: str, value: np.ndarray) -> Any:
        """The cost with one argument at another value; all complex where that one is."""
        given = copied({**args, name: value})  # a forward that changes its arguments changes none of ours
        if np.iscomplexobj(value):
            given = {k: v.astype(complex) if getattr(v, "dtype", None) == np.float64 else v for k, v in given.items()}
        return (call.dy * pair.run(given)[0]).sum()

    def real_cost_of(name: str, value: np.ndarray) -> float:
        return float(cost_of(name, value))

    method = Method(tolerance, steps, elementwise, projections, seed)
    one_by_one = method.one_by_one({name: args[name].size for name in wrt})
    compared = tuple(
        method.compare(
            name, partial(real_cost_of, name), args[name], gradient, linear=name in linear, entries=name in one_by_one
        )
        for name, gradient in zip(wrt, gradients, strict=True)
    )
    opinions = {c.name: opinion(partial(cost_of, c.name), c) for c in compared} if complex_step else {}

    def again() -> Mapping[str, Any]:
        return dict(zip(wrt, pair.gradients(copied(args), call.dy.copy()), strict=True))

    evidence = Evidence(
        compared, pair=call, cost=real_cost_of, again=again, broken=tuple(broken), complex_step=opinions
    )
    names = f"{name_of(forward, 'forward')}, {name_of(backward, 'backward')}"
    reproduce = f"check_pair({names}, args, seed={seed})"
    report = judged(evidence, zero, kinks=kinks, seed=seed, reproduce=reproduce)
    if not contract or report.verdict == "fail":  # what fails as it is would fail the same way again
        return report
    recheck = partial(
        check_pair, forward, backward, wrt=wrt, linear=linear, tolerance=tolerance, steps=steps, seed=seed,
        zero=wrt, kinks=kinks, elementwise=elementwise, projections=projections,
    )  # fmt: skip
    evidence = replace(evidence, broken=evidence.broken + tuple(layout_breaches(recheck, args, batch)))
    return judged(evidence, zero, kinks=kinks, seed=seed, reproduce=reproduce)


def _check_arguments(args: Mapping[str, Any], wrt: tuple[str, ...], batch: tuple[str, ...]) -> None:
    """Refuse names that are no arguments, and arguments in whose dtype no difference can be taken."""
    for what, names in {"wrt": wrt, "batch": batch}.items():
        unknown = [name for name in names if name not in args]
        if unknown:
            raise ValueError(f"check_pair: {what} names {unknown[0]!r}; known arguments: {', '.join(args)}")
    for name in wrt:
        dtype = getattr(args[name], "dtype", None)
        if dtype != np.float64:
            raise TypeError(f"check_pair: {name} must be a float64 array, got {dtype or type(args[name]).__name__}")
