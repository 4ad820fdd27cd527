"""Weight decay: missing, twice, half, on the biases."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues, factor, is_bias
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.rebuild import named
from miniae.gradcheck.evidence import Compared

LAMBDA_NAMES = ("lam", "lambda", "lambda_", "lamda", "weight_decay", "decay", "l2")


def _mistakes(lam: float, m: int | None) -> Iterator[tuple[str, str, float]]:
    """Cause, sentence, and how much of w the gradient then has too much, for a cost with lambda/2 |w|^2."""
    w = f"lambda w, lambda = {lam:.4g}"
    yield "decay-missing", f"The gradient lacks the weight decay {w}", -lam
    yield "decay-doubled", f"The gradient has twice the weight decay {w}: the half in lambda/2 |w|^2 cancels the 2", lam
    yield "decay-halved", f"The gradient has half the weight decay {w}: the 2 of the square cancels the half", -lam / 2
    yield "decay-wrong-sign", f"The gradient has the weight decay {w} with the wrong sign", -2 * lam
    if m:
        yield "decay-divided-by-m", f"The gradient divides the weight decay {w} by the {m} examples", lam / m - lam
        text = f"The gradient does not divide the weight decay by the {m} examples, as the cost does"
        yield "decay-not-divided-by-m", text, lam * m - lam


def rebuilt_decay(clues: Clues) -> Iterator[Explanation]:
    """With the calculation in hand, lambda is what the cost itself shows."""
    chain = clues.chain
    if chain is None or not chain.weights:
        return
    right = chain.gradient()
    for cause, text, extra in _mistakes(chain.decay, clues.examples):
        for group in (chain.weights, *([w] for w in chain.weights)):
            where = "" if len(group) == len(chain.weights) else f", in d{group[0]}"
            yield Explanation(cause, text + where, {w: right[w] + extra * chain.values[w] for w in group})
    lam = named(clues.context, LAMBDA_NAMES) or getattr(clues.model, "weight_decay", 0.0) or chain.decay
    for group, cause, text in (
        (chain.biases, "decay-on-biases", "The gradient decays the biases by lambda b, the cost only the weights"),
        (chain.weights, "decay-not-in-cost", "The gradient has a weight decay lambda w that the cost lacks"),
    ):
        predicted = {name: right[name] + float(lam) * chain.values[name] for name in group}
        if cause == "decay-on-biases" or not named({"lam": chain.decay > 1e-9}, ("lam",)):
            yield Explanation(cause, f"{text}; lambda = {float(lam):.4g}", predicted)


def proportional_decay(clues: Clues) -> Iterator[Explanation]:
    """The error is proportional to the weights themselves; lambda is known from the context, or read off."""
    # where the error is a constant times the gradient as well, that is the plainer thing to say
    weights = [c for c in clues.wrong if not is_bias(c) and factor(c) is None]
    if clues.chain is None and weights:
        lam = named(clues.context, LAMBDA_NAMES)
        for cause, text, extra in _mistakes(float(lam), clues.examples) if lam else ():
            # The cost is not known, only what the gradient has more or less than the cost's own.
            if cause == "decay-missing":
                text += "; or the cost has lambda |w|^2, whose gradient is 2 lambda w"
            elif cause == "decay-doubled":
                text += "; or the cost lacks the weight decay"
            yield Explanation(cause, text, _plus(extra, weights))
        extra = _slope(weights)
        if extra < 0:
            text = (
                f"The error is {extra:.4g} times w: the gradient lacks weight decay, all of a lambda = {-extra:.4g} "
                "or part of a larger one"
            )
            yield Explanation("decay-missing", text, _plus(extra, weights), fitted=1)
        else:
            text = f"The error is {extra:.4g} times w: the gradient has a weight decay too much"
            yield Explanation("decay-doubled", text, _plus(extra, weights), fitted=1)
            text = "The weight decay is in the gradient but missing from the cost"
            yield Explanation("decay-not-in-cost", text, _plus(extra, weights), fitted=1)


def decay_on_biases(clues: Clues) -> Iterator[Explanation]:
    """The error in the biases' gradients is proportional to the biases."""
    biases = [c for c in clues.wrong if is_bias(c) and factor(c) is None]
    extra = _slope(biases)
    if extra > 0:
        text = f"The error is {extra:.4g} times b: the gradient decays the biases too, the cost only the weights"
        yield Explanation("decay-on-biases", text, _plus(extra, biases), fitted=1)
    elif extra < 0:
        text = f"The error is {extra:.4g} times b: the cost decays the biases too, the gradient does not"
        yield Explanation("decay-missing", text, _plus(extra, biases), fitted=1)


def not_differentiated(clues: Clues) -> Iterator[Explanation]:
    """The penalty, lambda/2 w^2, stands where its derivative, lambda w, belongs."""
    for c in clues.wrong if clues.pair is None else ():
        for share in 0.5, 1.0:
            text = f"d{c.name} is the penalty itself, a multiple of {c.name}^2, not its derivative"
            predicted = share * c.difference.gradient * c.value
            yield Explanation("not-differentiated", text, {c.name: predicted})


def _slope(blocks: list[Compared]) -> float:
    """c in analytic - numeric = c * value, by least squares over the blocks together."""
    above = sum(float(np.vdot(c.analytic - c.difference.gradient, c.value)) for c in blocks)
    return above / (sum(float(np.vdot(c.value, c.value)) for c in blocks) or 1.0)


def _plus(extra: float, blocks: list[Compared]) -> dict[str, np.ndarray]:
    return {c.name: c.difference.gradient + extra * c.value for c in blocks}
