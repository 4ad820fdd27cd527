"""The dense layer: another layer's input, w in place of its transpose, one example, the bias's sum."""

from collections.abc import Callable, Iterator

import numpy as np

from miniae.gradcheck.diagnosis.chain import Affine, affine_backward
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation

Line = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Backward = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, ...]]


def dense_mistakes(clues: Clues) -> Iterator[Explanation]:
    """Each line of the dense layer's backward."""
    chain = clues.chain
    if chain is None:
        return
    for place in chain.places(Affine):
        stage = chain.stages[place]
        assert isinstance(stage, Affine)
        x, w = chain.signals[place], chain.weight(stage)
        variants = list(_variants(stage, w, len(chain.x)))
        for k, signal in enumerate(chain.signals):
            if signal.shape == x.shape and not np.array_equal(signal, x):
                what = "the input x of the network" if k == 0 else "the activations of another layer"
                what = "the pre-activations" if k == place - 1 and place > 1 else what
                text = f"d{stage.w} was computed with {what} in place of the layer's own input"
                variants.append(("input-of-wrong-layer", text, _with(dw=_of_input(signal))))
        for cause, text, backward in variants:
            try:
                yield Explanation(cause, text, chain.gradient(affine={place: backward}))
            except ValueError:  # the shapes do not allow this mistake
                continue


def _variants(stage: Affine, w: np.ndarray, m: int) -> Iterator[tuple[str, str, Backward]]:
    """Cause, sentence, and the backward with that mistake."""
    if w.shape[0] == w.shape[1]:
        text = f"The gradient went back through {stage.w} where it must go through its transpose"
        yield "weights-not-transposed", text, _with(dx=lambda x, w, dy: dy @ w)
    for n, which in ((0, "first"), (-1, "last")):
        db, dw = _bias_of(n), _weight_of(n)
        what = f"of the {which} example alone: the sum over the batch is missing"
        yield "one-example-only", f"d{stage.w} is that {what}", _with(dw=dw)
        if stage.b:
            yield "one-example-only", f"d{stage.b} is that {what}", _with(db=db)
            yield "one-example-only", f"d{stage.w} and d{stage.b} are those {what}", _with(dw=dw, db=db)
    if stage.b and m == w.shape[1]:
        text = f"d{stage.b} is summed over the outputs; it must be summed over the examples"
        yield "bias-wrong-axis", text, _with(db=lambda x, w, dy: dy.sum(axis=1))
    if stage.b:
        text = f"d{stage.b} is summed over everything; it must be summed over the examples alone"
        yield "bias-wrong-axis", text, _with(db=lambda x, w, dy: np.full(w.shape[1], dy.sum()))


def _with(dx: Line | None = None, dw: Line | None = None, db: Line | None = None) -> Backward:
    """The dense layer's backward with some of its three lines replaced."""

    def backward(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
        right = affine_backward(x, w, dy)
        return tuple(line(x, w, dy) if line else own for line, own in zip((dx, dw, db), right, strict=True))

    return backward


def _bias_of(n: int) -> Line:
    return lambda x, w, dy: dy[n]


def _weight_of(n: int) -> Line:
    return lambda x, w, dy: np.outer(x[n], dy[n])


def _of_input(signal: np.ndarray) -> Line:
    return lambda x, w, dy: signal.T @ dy


def one_example(clues: Clues) -> Iterator[Explanation]:
    """The whole gradient that of one example, the penalties left as they are."""
    chain = clues.chain
    if chain is None or chain.delta is None or chain.delta.ndim < 2 or len(chain.delta) < 2:
        return
    for n, which in ((0, "first"), (-1, "last")):
        alone = np.zeros_like(chain.delta)
        alone[n] = chain.delta[n]
        for times in (1, len(alone)):
            text = f"The gradient is that of the {which} example alone: the sum over the batch is missing"
            yield Explanation("one-example-only", text, chain.gradient(delta=times * alone))
