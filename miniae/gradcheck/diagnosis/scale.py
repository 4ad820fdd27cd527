"""Constant factors: a mean that was forgotten or taken twice, a half, a sign."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.chain import Penalty
from miniae.gradcheck.diagnosis.clues import Clues, Constant, factor, is_bias
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.evidence import Compared
from miniae.gradcheck.words import listed, with_verb


def _alike(clues: Clues) -> Iterator[tuple[float, list[Compared]]]:
    """The failing blocks in groups that are off by the same factor, a bias's zero gradient among them."""
    groups: list[tuple[float, list[Compared]]] = []
    for compared in clues.wrong:
        ratio = factor(compared)
        if ratio is None:
            continue
        for known, members in groups:
            if abs(ratio - known) <= 1e-6 * abs(known):
                members.append(compared)
                break
        else:
            groups.append((ratio, [compared]))
    yield from groups


def _times(ratio: float, blocks: list[Compared]) -> dict[str, np.ndarray]:
    return {c.name: ratio * c.difference.gradient for c in blocks}


def _are(blocks: list[Compared]) -> str:
    """ "dw1 is", "dw1 and db1 are"."""
    return with_verb(("d" + c.name for c in blocks), "is", "are")


def wrong_sign(clues: Clues) -> Iterator[Explanation]:
    """Minus the right gradient."""
    for ratio, blocks in _alike(clues):
        if ratio < 0:
            text = f"{listed('d' + c.name for c in blocks)}: every entry is right but for its sign"
            yield Explanation("wrong-sign", text, _times(-1.0, blocks))


def bias_averaged(clues: Clues) -> Iterator[Explanation]:
    """Biases alone too small by m: a mean where the chain rule has a sum. The weights are right."""
    x_name = next(iter(clues.pair.args)) if clues.pair else None
    if not all(is_bias(c) or c.name == x_name for c in clues.compared if c.name in clues.failing):
        return
    for ratio, blocks in _alike(clues):
        if not all(is_bias(c) for c in blocks) or len(blocks) == len(clues.compared) or not 1e-9 < ratio < 1:
            continue
        m = _averaged_over(clues, blocks[0]) or round(1 / ratio)
        known = "" if clues.examples else ", as a mean over that many examples would be"
        text = f"{_are(blocks)} 1/{m} of the right gradient{known}: it was averaged over the examples, not summed"
        yield Explanation("bias-averaged", text, _times(1 / m, blocks), fitted=0 if clues.examples else 1)


def _averaged_over(clues: Clues, bias: Compared) -> int | None:
    """How many numbers are summed for one entry of a bias's gradient."""
    if clues.pair is not None:
        return int(np.size(clues.pair.y)) // bias.value.size
    return clues.examples


def known_constant(clues: Clues) -> Iterator[Explanation]:
    """A known number times the right gradient, or one such part of it."""
    for ratio, blocks in _alike(clues):
        are = _are(blocks)
        for constant in clues.constants + _lengths(clues, ratio):
            value, known = f"{constant.value:g}", _known(constant)
            if ratio > 1:
                text = f"{are} {value} times the right gradient{known}: {_lack(constant.missing)}"
                yield Explanation(constant.missing, text, _times(constant.value, blocks))
            elif 0 < ratio < 1:
                text = f"{are} 1/{value} of the right gradient{known}: {_lack(constant.doubled)}"
                yield Explanation(constant.doubled, text, _times(1 / constant.value, blocks))


def _lengths(clues: Clues, ratio: float) -> list[Constant]:
    """Without data, the number of outputs is the length of the last bias."""
    last = clues.compared[-1]
    if clues.outputs or len(clues.compared) < 2 or not is_bias(last) or last.value.size < 3:
        return []
    n = last.value.size
    return [Constant(float(n), f"{last.name} says there are {n} outputs", "missing-1/n-outputs", "doubled-1/n-outputs")]


def _known(constant: Constant) -> str:
    return f" ({constant.what})" if constant.what else ""


def _lack(cause: str) -> str:
    """What a factor means, in words."""
    kind = cause.split("-", 1)[1]
    over = {"1/m": "examples", "1/n-outputs": "outputs", "1/mn": "all elements"}.get(kind)
    if cause.startswith("missing"):
        return f"is a mean over {over} missing?" if over else "is a factor 1/2 missing, or a 2 too many?"
    return f"was the mean over {over} taken twice?" if over else "is a factor 2 missing, or a 1/2 too many?"


def data_term(clues: Clues) -> Iterator[Explanation]:
    """The loss's part is off by a constant while the penalties' parts are right."""
    chain = clues.chain
    if chain is None or not chain.loss or chain.delta is None:
        return
    for c in clues.constants:
        for value, cause in ((c.value, c.missing), (1 / c.value, c.doubled)):
            text = (
                f"The loss's part of the gradient is {value:g} times the right one{_known(c)}, the rest of it (weight "
                f"decay, sparsity) right: {_lack(cause)}"
            )
            yield Explanation(cause, text, chain.gradient(delta=value * chain.delta))
            pulls = {place: value * chain.pull(place) for place in chain.places(Penalty)}
            text = (
                f"All of the gradient but the weight decay is {value:g} times the right one{_known(c)}: {_lack(cause)}"
            )
            yield Explanation(cause, text, chain.gradient(delta=value * chain.delta, pulls=pulls))
    yield Explanation(
        "wrong-sign", "The loss's part of the gradient has the wrong sign", chain.gradient(delta=-chain.delta)
    )
    right, none = chain.gradient(), chain.gradient(delta=np.zeros_like(chain.delta))
    above = sum(float(np.vdot(c.analytic - none[c.name], right[c.name] - none[c.name])) for c in clues.wrong)
    below = sum(float(np.vdot(right[c.name] - none[c.name], right[c.name] - none[c.name])) for c in clues.wrong)
    if below > 0:
        ratio = above / below
        text = f"The loss's part of the gradient is {ratio:.6g} times the right one; the rest of it is right"
        predicted = chain.gradient(delta=ratio * chain.delta)
        yield Explanation("data-term-scaled", text, predicted, fitted=1, general=True)


def data_term_beside_decay(clues: Clues) -> Iterator[Explanation]:
    """The same where no data are known: on weights r g + (1 - r) lambda w, on biases r g, with one lambda for all."""
    if clues.chain is not None or len(clues.wrong) < 2:
        return
    for c in clues.constants:
        for r, cause in ((c.value, c.missing), (1 / c.value, c.doubled)):
            rest = {b.name: b.analytic - r * b.difference.gradient for b in clues.wrong}
            weights = [b for b in clues.wrong if not is_bias(b)]
            square = sum(float(np.vdot(b.value, b.value)) for b in weights)
            if not square:
                continue
            decay = sum(float(np.vdot(rest[b.name], b.value)) for b in weights) / square
            predicted = {
                b.name: r * b.difference.gradient + (0.0 if is_bias(b) else decay) * b.value for b in clues.wrong
            }
            text = f"All of the gradient but the weight decay is {r:g} times the right one{_known(c)}: {_lack(cause)}"
            if decay / (1 - r) > 0:
                yield Explanation(cause, text, predicted, fitted=1)


def some_constant(clues: Clues) -> Iterator[Explanation]:
    """A factor that is no known number here."""
    for ratio, blocks in _alike(clues):
        if ratio != 0 and abs(ratio - 1) > 1e-3:  # nearer to 1 it is right to some digits, which is another story
            hint = f" Is a mean over {round(ratio)} of something missing?" if _whole(ratio) else ""
            text = f"{_are(blocks)} {ratio:.6g} times the right gradient, in every entry.{hint}"
            yield Explanation("constant-factor", text, _times(ratio, blocks), fitted=1, general=True)


def _whole(ratio: float) -> bool:
    return ratio > 1.5 and abs(ratio - round(ratio)) < 1e-6 * ratio
