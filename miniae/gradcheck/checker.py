"""The gradient checker: central differences, element by element, in float64."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from miniae.gradcheck.evidence import Compared, Evidence, PairCall
from miniae.gradcheck.numeric import STEPS, linear_gradient, two_step_gradient
from miniae.gradcheck.report import Report, report
from miniae.layout import Layout

LINEAR_TOLERANCE = 1e-12  # a central difference is exact where the function is linear: only rounding is left


def check_function(
    cost_and_grad: Callable[[np.ndarray], tuple[float, np.ndarray]],
    theta: np.ndarray,
    *,
    cost: Callable[[np.ndarray], float] | None = None,
    layout: Layout | Mapping[str, tuple[int, ...]] | None = None,
    tolerance: float = 1e-9,
    steps: Sequence[float] = STEPS,
    zero: tuple[str, ...] = (),
    context: Mapping[str, Any] | None = None,
) -> Report:
    """Check the gradient of a cost function of your own.

    Args:
        cost_and_grad: ``theta -> (cost, gradient)``, the gradient shaped like theta.
        theta: where to check, float64, any shape.
        cost: ``theta -> cost`` where that is cheaper than computing the gradient too.
        layout: names and shapes of the blocks of a flat theta, for the table: ``{"W1": (25, 64), "b1": (25,)}``.
        tolerance: the largest relative error that passes (see :class:`~miniae.gradcheck.report.Block`).
        steps: of the differences, largest first; the smaller ones are used where the larger do not settle it.
        zero: names of blocks whose gradient is rightly zero throughout.
        context: what the cost was computed from, for the diagnosis of a failure:
            ``{"x": x, "rho": 0.01, "beta": 3.0, "lam": 1e-4}``.

    Returns:
        The report: ``print`` it, or ask ``.passed``.

    Raises:
        TypeError: if theta is not float64: in float32 no difference quotient is better than about 1e-4.
        ValueError: if the layout does not cover theta.

    >>> def quadratic(theta):  # UFLDL's warm-up, with its gradient written by hand
    ...     x, y = theta
    ...     return x**2 + 3 * x * y, np.array([2 * x + 3 * y, 3 * x])
    >>> check_function(quadratic, np.array([4.0, 10.0])).passed
    True
    """
    if getattr(theta, "dtype", None) != np.float64:
        raise TypeError(f"check_function: theta must be a float64 array, got {getattr(theta, 'dtype', type(theta))}")
    if layout is None:
        layout = {"theta": theta.shape}
    if not isinstance(layout, Layout):
        layout = Layout.of(layout)
    if layout.size != theta.size:
        raise ValueError(f"check_function: {layout!r} covers {layout.size} elements, theta has {theta.size}")
    analytic = np.asarray(cost_and_grad(theta.copy())[1])
    if analytic.shape != theta.shape:
        raise ValueError(f"check_function: the gradient has shape {analytic.shape}, theta {theta.shape}")
    return report(
        Evidence(_blocks(cost_and_grad, cost, theta, analytic, layout, steps, tolerance), context or {}), zero
    )


def _blocks(
    cost_and_grad: Callable[[np.ndarray], tuple[float, np.ndarray]],
    cost: Callable[[np.ndarray], float] | None,
    theta: np.ndarray,
    analytic: np.ndarray,
    layout: Layout,
    steps: Sequence[float],
    tolerance: float,
) -> tuple[Compared, ...]:
    """Both gradients of every block of theta."""
    compared = []
    for slot in layout:

        def cost_of_block(block: np.ndarray, where: slice = slot.slice) -> float:
            moved = theta.copy()
            moved.reshape(-1)[where] = block.reshape(-1)
            return float(cost(moved) if cost else cost_and_grad(moved)[0])

        here, gradient = (vector.reshape(-1)[slot.slice].reshape(slot.shape) for vector in (theta, analytic))
        difference = two_step_gradient(cost_of_block, here, steps, tolerance)
        compared.append(Compared(slot.name, here, gradient, difference, tolerance))
    return tuple(compared)


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
) -> Report:
    r"""Check a forward/backward pair of your own.

    A cotangent ``dy`` is drawn at random, so that :math:`J = \sum dy \cdot y` is a cost whose gradient with respect
    to the output is ``dy``; what ``backward(dy, cache)`` returns must then be the gradient of J with respect to the
    arguments.

    Args:
        forward: ``forward(*args) -> (y, cache)``.
        backward: ``backward(dy, cache)`` -> one gradient, or a tuple with one for each of ``wrt``.
        args: the arguments by name, in order; those of ``wrt`` float64.
        wrt: the names whose gradients ``backward`` returns, in its order; all arguments when None.
        linear: names in which ``forward`` is linear: checked with step 1, where a central difference is exact, to
            1e-12.
        tolerance: the largest relative error that passes.
        steps: of the differences, largest first; the smaller ones are used where the larger do not settle it.
        seed: of the cotangent.
        zero: names whose gradient is rightly zero throughout.

    Returns:
        The report: ``print`` it, or ask ``.passed``.

    Raises:
        ValueError: if ``backward`` returns another number of gradients than ``wrt`` names.

    >>> from miniae.ops import dense_backward, dense_forward
    >>> rng = np.random.default_rng(0)
    >>> args = {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
    >>> check_pair(dense_forward, dense_backward, args, linear=("x", "w", "b")).passed
    True
    """
    wrt = tuple(args) if wrt is None else wrt
    y, cache = forward(*args.values())
    dy = np.random.default_rng(seed).standard_normal(np.shape(y))
    gradients = backward(dy, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    if len(gradients) != len(wrt):
        raise ValueError(f"check_pair: backward returned {len(gradients)} gradients, wrt names {len(wrt)}: {wrt}")
    compared = []
    for name, analytic in zip(wrt, gradients, strict=True):

        def cost(value: np.ndarray, name: str = name) -> float:
            return float(np.sum(dy * forward(*{**args, name: value}.values())[0]))

        exact = name in linear
        difference = (
            linear_gradient(cost, args[name]) if exact else two_step_gradient(cost, args[name], steps, tolerance)
        )
        own = LINEAR_TOLERANCE if exact else tolerance
        compared.append(Compared(name, args[name], np.asarray(analytic), difference, own))
    return report(Evidence(tuple(compared), pair=PairCall(forward, backward, args, y, dy)), zero)


def check(
    model: Any,
    *data: np.ndarray,
    theta: np.ndarray | None = None,
    tolerance: float = 1e-9,
    steps: Sequence[float] = STEPS,
    zero: tuple[str, ...] = (),
) -> Report:
    """Check the gradient of a model: anything with ``layout``, ``cost`` and ``cost_and_grad``.

    Args:
        model: the model.
        data: what ``model.cost_and_grad(theta, *data)`` takes; some ten examples are enough.
        theta: where; ``model.theta`` when None.
        tolerance, steps, zero: as for :func:`check_function`.

    Returns:
        The report, a block for each named parameter.
    """
    theta = np.asarray(model.theta if theta is None else theta)
    found = check_function(
        lambda t: model.cost_and_grad(t, *data),
        theta,
        cost=lambda t: model.cost(t, *data),
        layout=model.layout,
        tolerance=tolerance,
        steps=steps,
        zero=zero,
    )
    return replace(found, evidence=replace(found.evidence, model=model, data=data))
