"""What to say when training has left the finite numbers."""

from typing import Any

import numpy as np

from miniae.arrays import Array, array_module
from miniae.context import Context


class TrainingDiverged(ArithmeticError):
    """The cost or the gradient is NaN or infinite; the message says when, in which layer, and what to do."""


def explain(
    model: Any, x: Array, ctx: Context, cost: float, gradient: Array, step: int, learning_rate: float | None = None
) -> str:
    """Find where the numbers first went wrong, and say it with what usually helps.

    Args:
        model: the model, its theta the one that gave this cost.
        x: the batch.
        ctx: the context of the failed pass.
        cost: its cost.
        gradient: its gradient.
        step: number of the step, counted from 0.
        learning_rate: the one in use, if there is one.

    Returns:
        One paragraph: what, when, where, and the advice.
    """
    what = f"the cost is {cost}" if not np.isfinite(cost) else "the gradient is not finite"
    rate = "" if learning_rate is None else f" ({learning_rate:g} now)"
    largest = max(float(abs(x.max())), float(abs(x.min())))
    return (
        f"{what} at step {step}: {_culprit(model, x, ctx, gradient)}. Lower the learning rate{rate}, clip the gradient "
        f"(clip_norm=1), or look at the scale of the input (largest |x| is {largest:.3g}) and of the initial weights. "
        f"model.theta is as the last finite step left it."
    )


def _culprit(model: Any, x: Array, ctx: Context, gradient: Array) -> str:
    with np.errstate(all="ignore"):
        for place, y, cost in model.stations(model.theta, x, ctx):
            if not _finite(y):
                return f"the output of {place} is the first that is not finite"
            if not np.isfinite(float(cost)):
                return f"the penalty of {place} is not finite, though its input is"
    blocks = [slot.name for slot in model.layout if not _finite(gradient[slot.slice])]
    if blocks:
        return f"every layer's output is finite, the gradient of {', '.join(blocks)} is not"
    return "every layer's output is finite, the loss or the weight decay is not"


def _finite(x: Array) -> bool:
    return bool(array_module(x).isfinite(x).all())
