"""What calling it again shows: gradients that are added to, share their memory, or belong to an earlier call."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from miniae.gradcheck.contract import same
from miniae.gradcheck.diagnosis.clues import Clues, close
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.pair_contract import copied
from miniae.gradcheck.words import listed, with_verb


def accumulated(clues: Clues) -> Iterator[Explanation]:
    """Call it twice more: the second answer exceeds the first by one whole gradient."""
    first, second = _calls(clues, 2)
    if first is None or second is None:
        return
    grown = {}
    for c in clues.wrong:
        step, numeric = second[c.name] - first[c.name], c.difference.gradient
        size = float(np.linalg.norm(numeric))
        if size and np.linalg.norm(step - numeric) <= 1e-6 * size:
            grown[c.name] = c.analytic
    if grown:
        grow = with_verb(("d" + name for name in grown), "grows", "grow")
        text = (
            f"{grow} by one whole gradient with every call: what is computed is added to what was there, not assigned"
        )
        yield Explanation("accumulated", text, grown, observed=True)


def not_repeatable(clues: Clues) -> Iterator[Explanation]:
    """Call it twice more: it answers otherwise, though nothing was changed."""
    first, second = _calls(clues, 2)
    if first is None or second is None:
        return
    names = [
        c.name
        for c in clues.wrong
        if not (same(first[c.name], second[c.name]) and same(first[c.name], np.asarray(c.analytic)))
    ]
    if names:
        change = with_verb(("d" + name for name in names), "changes", "change")
        text = f"{change} from call to call: it is drawn at random, or made of what an earlier call left behind"
        predicted = {c.name: c.analytic for c in clues.wrong if c.name in names}
        yield Explanation("not-repeatable", text, predicted, observed=True)


def changes_its_argument(clues: Clues) -> Iterator[Explanation]:
    """Call it once more and look at what it was given."""
    if clues.pair is None:
        return
    args = copied(clues.pair.args)
    dy = np.array(clues.pair.dy)
    try:
        _, cache = clues.pair.forward(*args.values())
        forward = _changed(args, clues.pair.args)
        clues.pair.backward(dy, cache)
    except Exception:  # the user's own code: whatever it raises, nothing was seen
        return
    backward = _changed(args, clues.pair.args)
    backward += ["dy"] if not np.array_equal(dy, clues.pair.dy) else []
    for part, changed in ("forward", forward), ("backward", [name for name in backward if name not in forward]):
        if changed:
            text = f"The {part} pass changes {listed(changed)}, which belongs to the caller: work on a copy"
            yield Explanation("changes-its-argument", text, dict.fromkeys(clues.failing, dy), observed=True)


def _changed(given: Mapping[str, Any], args: Mapping[str, Any]) -> list[str]:
    """The arrays that are no longer what they were."""
    return [name for name, v in args.items() if isinstance(v, np.ndarray) and not np.array_equal(given[name], v)]


def _calls(clues: Clues, times: int) -> list[dict[str, np.ndarray] | None]:
    """The gradients by name of some more calls; None where there is nothing to call, or it fails."""
    answers: list[dict[str, np.ndarray] | None] = [None] * times
    if clues.again is not None:
        for k in range(times):
            with suppress(Exception):  # the user's own code: whatever it raises, there is no answer
                answers[k] = {name: np.array(gradient) for name, gradient in clues.again().items()}
    return answers


def _backward(clues: Clues, args: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The pair's gradients by name; it is given copies, since it may change what it is given."""
    assert clues.pair is not None
    _, cache = clues.pair.forward(*(np.array(value) for value in args.values()))
    gradients = clues.pair.backward(np.array(clues.pair.dy), cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return {c.name: np.array(g) for c, g in zip(clues.compared, gradients, strict=True)}


def stale_cache(clues: Clues) -> Iterator[Explanation]:
    """Call it with other arguments: a weight's gradient that stays the same is that of an earlier call.

    Only a weight's: it is the layer's input times dy. Others do stay the same by mistakes of another kind, such as a
    derivative that was not applied.
    """
    if clues.pair is None or clues.chain is None:
        return
    if any(value is None for value in clues.pair.args.values()):
        return
    args = {name: 1.1 * value + 0.1 for name, value in clues.pair.args.items()}
    elsewhere = replace(clues.chain, values=args, x=next(iter(args.values()))).gradient()
    here = clues.chain.gradient()
    try:
        before, after = (_backward(clues, given) for given in (clues.pair.args, args))
    except Exception:  # the user's own code, with arguments it was not made for
        return
    for c in clues.wrong:
        if (
            c.name in clues.chain.weights
            and not close(elsewhere[c.name], here[c.name], c)
            and np.array_equal(before[c.name], after[c.name])
        ):
            text = f"d{c.name} stays the same whatever the arguments: it is computed from what an earlier call left"
            if c.analytic.any():
                yield Explanation("stale-cache", text, {c.name: c.analytic}, observed=True)


def shared_buffer(clues: Clues) -> Iterator[Explanation]:
    """One gradient is wrong and equal to another that is right: they are one array."""
    for c, other in permutations(clues.compared, 2):
        if c.name in clues.failing and other.name not in clues.failing and c.analytic.shape == other.analytic.shape:
            text = (
                f"d{c.name} is the same as d{other.name}, which is right: is one handed back in the place of the "
                "other, or were both written to the same array?"
            )
            yield Explanation("shared-buffer", text, {c.name: other.difference.gradient}, general=True)
