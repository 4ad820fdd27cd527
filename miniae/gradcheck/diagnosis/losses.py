"""What a loss sends back to the output, by the textbook formulas, without constant factors: right and mistaken."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from miniae.gradcheck.diagnosis.curves import sigmoid, softmax

Delta = Callable[[np.ndarray, Any], np.ndarray]


def one_hot(labels: Any, classes: int) -> np.ndarray:
    """Rows of zeros with a one at the label; targets that are probabilities already are passed through."""
    labels = np.asarray(labels)
    return labels if labels.ndim == 2 else np.eye(classes)[labels]


DELTAS: dict[str, Delta] = {
    "squared_error": lambda y, t: y - t,
    "binary_cross_entropy": lambda y, t: (y - t) / (y * (1 - y)),
    "binary_cross_entropy_with_logits": lambda y, t: sigmoid(y) - t,
    "softmax_cross_entropy": lambda y, t: softmax(y) - one_hot(t, y.shape[-1]),
}
ALIASES = {"mean_squared_error": "squared_error"}  # another constant factor, which is found from the numbers


def mistaken(loss: str, y: np.ndarray, t: Any) -> Iterator[tuple[str, str, np.ndarray]]:
    """The deltas that common mistakes lead to: cause, sentence, and what is sent back instead."""
    squash = {"binary_cross_entropy_with_logits": sigmoid, "softmax_cross_entropy": softmax}.get(loss)
    p = squash(y) if squash else y
    t = one_hot(t, y.shape[-1]) if loss == "softmax_cross_entropy" else np.asarray(t)
    if loss in ("squared_error", "binary_cross_entropy_with_logits", "softmax_cross_entropy"):
        yield "labels-not-subtracted", "The loss's gradient is the output alone: the target was not subtracted", p
        yield "prediction-missing", "The loss's gradient is minus the target alone: the output is missing from it", -t
    if squash:
        name = "softmax" if squash is softmax else "sigmoid"
        text = f"The loss's gradient subtracts the target from the logits: the {name} was not applied to them first"
        yield "logits-not-squashed", text, y - t
        text = f"The {name}'s derivative was applied to p - t, but in a loss on logits p - t is the whole gradient"
        yield "derivative-twice-in-loss", text, (p - t) * p * (1 - p)
    if loss == "binary_cross_entropy":
        text = "The loss's gradient is y - t: the denominator y (1 - y) of the cross-entropy is missing"
        yield "loss-derivative-missing", text, y - t
        text = "The loss's gradient has only one of the cross-entropy's terms, -t/y and (1-t)/(1-y)"
        yield "loss-one-sided", text, -t / y
        yield "loss-one-sided", text, (1 - t) / (1 - y)
        text = "One of the cross-entropy's terms has the wrong sign: they are -t/y and (1-t)/(1-y)"
        yield "loss-term-sign", text, -t / y - (1 - t) / (1 - y)
    if loss == "squared_error":
        yield "absolute-error", "The loss's gradient is the sign of the error, not the error itself", np.sign(y - t)
    if loss == "softmax_cross_entropy":
        text = "The loss's gradient is p - t at the label alone; every class stands in the softmax's denominator"
        yield "label-only", text, (p - t) * (t > 0)
        for by in 1, -1:
            side = "before" if by < 0 else "after"
            text = f"The 1 was subtracted one class {side} the label's: labels here count from 0"
            yield "labels-off-by-one", text, p - np.roll(t, by, axis=1)
        down = np.exp(y - y.max(axis=0)) / np.exp(y - y.max(axis=0)).sum(axis=0)
        yield "softmax-wrong-axis", "The softmax was taken over the examples, not over the classes", down - t
