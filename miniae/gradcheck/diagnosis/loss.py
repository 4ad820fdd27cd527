"""The loss and the softmax: what sets out on the way back."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.chain import Soft
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.losses import mistaken


def loss_mistakes(clues: Clues) -> Iterator[Explanation]:
    """The loss's gradient with respect to the output."""
    chain = clues.chain
    if chain is not None and chain.loss:
        for cause, text, delta in mistaken(chain.loss, chain.signals[-1], chain.target):
            yield Explanation(cause, text, chain.gradient(delta=chain.scale * delta))


def softmax_mistakes(clues: Clues) -> Iterator[Explanation]:
    """The softmax's Jacobian, y_k (delta_kj - y_j)."""
    chain = clues.chain
    if chain is None or not chain.places(Soft):
        return
    text = "Only the diagonal y (1 - y) of the softmax's Jacobian was used, but every output depends on every input"
    yield Explanation("softmax-diagonal", text, chain.gradient(jacobian=lambda y, dy: dy * y * (1 - y)))
    text = "The softmax's backward is only y dy: the sum over all outputs, y sum(y dy), was not subtracted"
    yield Explanation("softmax-off-diagonal", text, chain.gradient(jacobian=lambda y, dy: dy * y))
    text = "The softmax's backward sums over the examples, its forward over the classes"
    predicted = chain.gradient(jacobian=lambda y, dy: y * (dy - (dy * y).sum(axis=0)))
    yield Explanation("softmax-wrong-axis", text, predicted)
    text = "The softmax's backward subtracts a sum over all examples and classes, not over each example's classes"
    yield Explanation("softmax-wrong-axis", text, chain.gradient(jacobian=lambda y, dy: y * (dy - (dy * y).sum())))
    text = "The sum in the softmax's backward is that of dy; it must be that of y dy"
    predicted = chain.gradient(jacobian=lambda y, dy: y * (dy - dy.sum(axis=-1, keepdims=True)))
    yield Explanation("derivative-incomplete", text, predicted)
    text = "The derivative of the softmax was not applied"
    yield Explanation("derivative-missing", text, chain.gradient(jacobian=lambda y, dy: dy))


def labels_alone(clues: Clues) -> Iterator[Explanation]:
    """Logits without labels at hand: each row of the error has one entry, the same in all: the label's.

    The right gradient sums to 0 along every row, since softmax probabilities and one-hot labels both sum to 1.
    """
    for c in clues.wrong:
        numeric, error = c.difference.gradient, c.analytic - c.difference.gradient
        if clues.chain is not None or numeric.ndim != 2 or numeric.shape[1] < 2:
            continue
        size = float(np.abs(error).max())
        label = np.abs(error) > 0.5 * size
        if (label.sum(axis=1) == 1).all() and np.abs(numeric.sum(axis=1)).max() <= 1e-7 * np.abs(numeric).max():
            text = f"The error in d{c.name} is {size:.4g} at one class of each example: the label was not subtracted"
            yield Explanation(
                "labels-not-subtracted", text, {c.name: numeric + size * label}, fitted=len(numeric) // 2 + 1
            )
