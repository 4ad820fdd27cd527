"""The activation's derivative: missing, at the wrong argument, of another function, twice."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.chain import Chain, Soft
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.curves import CURVES, Curve
from miniae.gradcheck.diagnosis.explanation import Explanation


def derivative_mistakes(clues: Clues) -> Iterator[Explanation]:
    """Every activation alone, and all of one kind together: they often share the function with the mistake."""
    chain = clues.chain
    if chain is None:
        return
    places = chain.places(Curve)
    names = {place: stage.name for place, stage in enumerate(chain.stages) if isinstance(stage, Curve)}
    together = [[p for p in places if names[p] == name] for name in dict.fromkeys(names.values())]
    for group in [*([p] for p in places), *(g for g in together if len(g) > 1)]:
        mistakes = zip(*(_slopes(chain, place) for place in group), strict=True)
        for same in mistakes:  # one mistake, made at every place of the group
            cause, text, _ = same[0]
            slopes = {place: slope for place, (_, _, slope) in zip(group, same, strict=True)}
            predicted = chain.gradient(slopes=slopes)
            yield Explanation(cause, text + _where(chain, group, places), predicted)
            for name in (*chain.weights, *chain.biases):
                # made on the way to one parameter only, the rest of the way being right
                yield Explanation(cause, f"{text} on the way to d{name}", {name: predicted[name]})


def _slopes(chain: Chain, place: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """Cause, sentence, and what was taken for f'(z)."""
    curve, z, a = chain.stages[place], chain.signals[place], chain.signals[place + 1]
    assert isinstance(curve, Curve)
    name = curve.name
    if name == "identity":
        return  # its derivative is 1: there is nothing to forget
    yield "derivative-missing", f"The derivative of the {name} was not applied", np.ones_like(z)
    if curve.from_output is not None:
        text = f"The derivative of the {name}, written for its output a, was given its input z"
        yield "derivative-at-z", text, curve.from_output(z)
    text = f"The derivative of the {name}, written for its input z, was given its output a"
    yield "derivative-at-a", text, curve.slope(a)
    yield "derivative-twice", f"The derivative of the {name} was applied twice", curve.slope(z) ** 2
    for slope in curve.incomplete:
        text = f"The derivative of the {name} lacks a factor or a term"
        yield "derivative-incomplete", text, slope(z, a)
    yield from _branches(curve, z, a)
    for make in CURVES.values():
        other = make()
        if other.name != "identity":
            if name == "activation":  # the pair's own, whatever that is
                text = f"dx is dy times the derivative of the {other.name}, which this function is not"
                yield "derivative-other-activation", text, other.slope(z)
                continue
            article = "an" if name[0] in "aeiouE" else "a"
            text = f"The activation is {article} {name}, but the derivative applied is that of the {other.name}"
            if other.name == name:
                text = f"The derivative is that of a {name} with its usual parameter, not of this one"
            yield "derivative-other-activation", text, other.slope(z)
            if other.from_output is not None and np.ptp(other.from_output(a)) > 0:
                yield "derivative-other-activation", text + ", written for its output", other.from_output(a)


def _branches(curve: Curve, z: np.ndarray, a: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """What goes wrong with functions that have two sides, and with factors too many."""
    slope, name = curve.slope(z), curve.name
    if name in ("ReLU", "leaky ReLU"):
        text = f"The gradient of the {name} passes where its input is negative, not where it is positive"
        yield "mask-inverted", text, curve.slope(-z)
    if curve.from_output is not None and name in ("ELU", "SELU"):
        bottom = -float(curve.f(np.array(-50.0)))
        text = f"The derivative of the {name} for negative inputs was used for positive ones too"
        yield "condition-missing", text, a + bottom
        yield "condition-missing", text, bottom * np.exp(z)
    for factor, what in ((a, "output"), (z, "input")):
        text = f"The derivative of the {name} is multiplied by its {what} once more"
        yield "wrong-factor", text, slope * factor
    for factor, what in ((a, "output"), (z, "input")):
        yield "wrong-factor", f"dy is multiplied by the {what} of the {name}, not by its derivative", factor


def without_cotangent(clues: Clues) -> Iterator[Explanation]:
    """A pair's backward that leaves dy out, or takes the derivative at dy."""
    chain = clues.chain
    if chain is None or clues.pair is None or chain.delta is None:
        return
    ones = chain.gradient(delta=np.ones_like(chain.delta))
    text = "The local derivative was returned without multiplying by dy, the gradient that arrives"
    for name, local in ones.items() if not chain.places(Soft) else ():  # through a softmax, ones come to nothing
        yield Explanation("cotangent-ignored", text, {name: local})
    for place in chain.places(Curve):
        curve = chain.stages[place]
        if isinstance(curve, Curve) and chain.delta.shape == chain.signals[place].shape:
            text = f"The derivative of the {curve.name} was taken at dy, not at its own input"
            yield Explanation("mask-of-the-cotangent", text, chain.gradient(slopes={place: curve.slope(chain.delta)}))


def _where(chain: Chain, group: list[int], places: list[int]) -> str:
    if len(places) == 1:
        return ""
    if len(group) > 1:
        return " in all layers"
    return (
        " at the output" if group[0] == places[-1] and chain.loss else f" in hidden layer {places.index(group[0]) + 1}"
    )
