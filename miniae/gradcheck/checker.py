"""The gradient checker: central differences in float64 against the gradient someone wrote by hand."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from miniae.arrays import Array, array_module, moved
from miniae.gradcheck.compare import ELEMENTWISE, PROJECTIONS, Method, check_options, judged, name_of, opinion
from miniae.gradcheck.contract import as_gradient, function_breaches, noted, number
from miniae.gradcheck.evidence import Evidence
from miniae.gradcheck.numeric import STEPS
from miniae.gradcheck.report import Report
from miniae.layout import Layout


def check_function(
    f: Callable[[Array], Any],
    theta: Array,
    *,
    gradient: Callable[[Array], Any] | None = None,
    cost: Callable[[Array], Any] | None = None,
    layout: Layout | Mapping[str, tuple[int, ...]] | None = None,
    tolerance: float = 1e-9,
    steps: Sequence[float] = STEPS,
    zero: tuple[str, ...] = (),
    kinks: float = 0.0,
    context: Mapping[str, Any] | None = None,
    elementwise: int = ELEMENTWISE,
    projections: int = PROJECTIONS,
    seed: int = 0,
    complex_step: bool = False,
) -> Report:
    """Check the gradient of a cost function of your own.

    Give ``f(theta) -> (cost, gradient)``; or the two apart, ``check_function(cost, theta, gradient=gradient)``.

    Beside the numbers it is checked that the gradient is the same when asked for again, of theta's dtype, an array of
    its own, and that theta is left as it was (:mod:`miniae.gradcheck.contract`).

    A theta on the GPU is where a function that computes there is checked: each theta is brought to the GPU, cost and
    gradient are brought back, and differences are taken on the host. (That the gradient is an array of its own cannot
    be seen from there.)

    Args:
        f: ``theta -> (cost, gradient)``, the gradient shaped like theta; with ``gradient``, ``theta -> cost``.
        theta: where to check, float64, any shape, of NumPy or CuPy. Random numbers, not zeros: at b = 0 nothing tells
            whether a bias decays. Some ten examples are enough for the cost; it is evaluated four times for every
            entry.
        gradient: ``theta -> gradient``, where the two are functions of their own.
        cost: ``theta -> cost`` where that is cheaper than computing the gradient too.
        layout: names and shapes of the blocks of a flat theta, for the table: ``{"W1": (25, 64), "b1": (25,)}``.
        tolerance: the largest relative error that passes (see :class:`~miniae.gradcheck.report.Block`).
        steps: of the differences, largest first; the smaller ones are used where the larger do not settle it.
        zero: names of blocks whose gradient is rightly zero throughout.
        kinks: declares that the function has kinks (ReLU, max-pooling): up to this fraction of a block's entries may
            lie beside one and is then left out and counted. None may by default: the verdict is then inconclusive.
        context: what the cost was computed from, for the diagnosis of a failure: ``x`` the data and ``target`` (or
            ``y``, ``labels``) if there is one, ``rho``, ``beta``, ``lam`` of the penalties. With them, and blocks named
            ``w1``, ``b1`` and so on, the calculation is rebuilt and most mistakes can be named.
        elementwise: up to so many entries, every one is measured by itself. Of a larger theta only the smallest blocks
            are, a tenth as many entries together; each other block is held against ``projections`` random directions
            (:mod:`miniae.gradcheck.projections`).
        projections: see there.
        seed: of the directions.
        complex_step: whether to attach a second opinion, ``report.evidence.complex_step``, that says of each block
            whether it is to be trusted (:mod:`miniae.gradcheck.complex_step`). It never decides.

    Returns:
        The report: ``print`` it, or ask ``.passed``.

    Raises:
        TypeError: if theta is not float64 (in float32 no difference quotient is better than about 1e-4; see
            :func:`~miniae.gradcheck.against.check_against`), or the cost is not one real number.
        ValueError: if the layout does not cover theta, the gradient has another shape, or the cost is not finite.

    >>> def quadratic(theta):  # UFLDL's warm-up, with its gradient written by hand
    ...     x, y = theta
    ...     return x**2 + 3 * x * y, np.array([2 * x + 3 * y, 3 * x])
    >>> check_function(quadratic, np.array([4.0, 10.0])).passed
    True
    """
    if getattr(theta, "dtype", None) != np.float64:
        got = getattr(theta, "dtype", type(theta).__name__)
        raise TypeError(
            f"check_function: theta must be a float64 array, got {got}: np.array(theta, dtype=float); what the "
            "function computes with must be float64 too. check_against takes a float32 gradient"
        )
    if gradient is not None and cost is not None:
        raise TypeError("check_function: with gradient=, f itself is the cost; got cost= too")
    named = layout is not None
    if layout is None:
        layout = {"theta": theta.shape}
    if not isinstance(layout, Layout):
        layout = Layout.of(layout)
    if layout.size != theta.size:
        raise ValueError(f"check_function: {layout!r} covers {layout.size} elements, theta has {theta.size}")
    check_options("check_function", [slot.name for slot in layout], zero, kinks, tolerance)

    def both(theta: Array) -> tuple[Any, Any]:
        with noted(f"check_function: this was the function under test, given theta {theta.shape}"):
            return _together(f, gradient, theta)

    together: Callable[[np.ndarray], Any] = both
    cost_alone = f if gradient is not None else cost or (lambda t: both(t)[0])
    xp = array_module(theta)
    if xp.__name__ == "cupy":
        theta, together, cost_alone = moved(theta, np), _from_host(together, xp), _from_host(cost_alone, xp)
    where = {slot.name: slot.slice for slot in layout}
    analytic, broken = function_breaches(together, theta, where)
    if analytic.shape not in (theta.shape, ()):  # (): no array at all, which is a breach already
        raise ValueError(f"check_function: the gradient has shape {analytic.shape}, theta {theta.shape}")
    at_theta = number(cost_alone(theta.copy()), "check_function: the function")
    if not np.isfinite(at_theta):
        raise ValueError(f"check_function: the cost at theta is {at_theta}: no difference can be taken there")

    def cost_of(name: str, block: np.ndarray) -> Any:
        """The cost with one block at another value; complex where the block is."""
        there = theta.astype(block.dtype)  # a copy
        there.reshape(-1)[where[name]] = block.reshape(-1)
        return cost_alone(there)

    def real_cost_of(name: str, block: np.ndarray) -> float:
        return number(cost_of(name, block), "check_function: the function")

    method = Method(tolerance, steps, elementwise, projections, seed)
    one_by_one = method.one_by_one({slot.name: slot.size for slot in layout})
    compared = []
    for slot in layout:
        value = theta.reshape(-1)[slot.slice].reshape(slot.shape)
        own = analytic.reshape(-1)[slot.slice].reshape(slot.shape) if analytic.shape == theta.shape else analytic
        cost_of_block = partial(real_cost_of, slot.name)
        compared.append(method.compare(slot.name, cost_of_block, value, own, entries=slot.name in one_by_one))
    opinions = {c.name: opinion(partial(cost_of, c.name), c) for c in compared} if complex_step else {}

    def again() -> Mapping[str, np.ndarray]:
        answer = as_gradient(together(theta.copy())[1]).ravel()
        return {slot.name: answer[slot.slice].reshape(slot.shape) for slot in layout}

    known = {name: on_host(value) for name, value in (context or {}).items()}
    evidence = Evidence(
        tuple(compared), known, cost=real_cost_of, again=again, broken=tuple(broken), complex_step=opinions
    )
    drawn = any(c.projected for c in compared)
    words = [name_of(f, "f"), "theta"]
    words += [f"gradient={name_of(gradient, 'gradient')}"] if gradient is not None else []
    words += ["layout=layout"] if named else []
    words += ["context=context"] if context else []
    words += [f"seed={seed}"] if drawn else []
    reproduce = f"check_function({', '.join(words)})"
    return judged(evidence, zero, kinks=kinks, seed=seed if drawn else None, reproduce=reproduce)


def _from_host(function: Callable[[Array], Any], xp: Any) -> Callable[[np.ndarray], Any]:
    """A function of a theta on the GPU as one of a theta on the host: what it answers is brought back."""

    def from_host(theta: np.ndarray) -> Any:
        there = xp.asarray(theta)
        answer = function(there)
        theta[...] = on_host(there)  # it may have changed its argument, which is to be seen
        return tuple(map(on_host, answer)) if isinstance(answer, tuple) else on_host(answer)

    return from_host


def on_host(value: Any) -> Any:
    """The value itself, or of an array on the GPU a copy on the host."""
    return moved(value, np) if type(value).__module__.partition(".")[0] == "cupy" else value


def _together(f: Callable[[Array], Any], gradient: Callable[[Array], Any] | None, theta: Array) -> tuple[Any, Any]:
    """Cost and gradient, from one function or from two."""
    if gradient is not None:
        return f(theta), gradient(theta)
    both = f(theta)
    if not isinstance(both, tuple | list) or len(both) != 2:
        kind = f"{len(both)} values" if isinstance(both, tuple | list) else type(both).__name__
        raise TypeError(f"check_function: f must return (cost, gradient), got {kind}; or pass gradient= apart")
    return both[0], both[1]
