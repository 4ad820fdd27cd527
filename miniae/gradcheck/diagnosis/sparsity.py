"""The sparsity penalty's part of the gradient, with each of the mistakes people make in it."""

from collections.abc import Iterator

import numpy as np

from miniae.gradcheck.diagnosis.chain import Chain, Penalty, kl_slope
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.curves import Curve
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.diagnosis.rebuild import RHO_NAMES, named


def kl_mistakes(clues: Clues) -> Iterator[Explanation]:
    """The KL penalty of every hidden layer that has one."""
    chain = clues.chain
    if chain is None:
        return
    for place in chain.places(Penalty):
        stage = chain.stages[place]
        if isinstance(stage, Penalty) and stage.kind == "kl" and chain.beta[place]:
            for cause, text, pull in _kl_pulls(chain, place, stage.rho):
                yield Explanation(cause, text, _instead(chain, place, pull))
            yield from _after_derivative(chain, place)
            yield from _other_means(clues, place, stage.rho)
            yield from _scaled(clues, place, "kl-scaled", "KL")


def _kl_pulls(chain: Chain, place: int, rho: float) -> Iterator[tuple[str, str, np.ndarray]]:
    """Cause, sentence, and what would be added at the hidden activations."""
    a, right, beta = chain.signals[place], chain.pull(place), chain.beta[place]
    m, rho_hat = len(a), a.mean(axis=0)
    size = f"beta = {beta:.4g}, rho = {rho:.4g}"
    yield "kl-missing", f"The KL term is missing from the gradient ({size} in the cost)", 0 * right
    yield (
        "kl-not-divided-by-m",
        f"The KL term's gradient is {m} times too large: rho_hat is a mean over {m} examples, "
        f"so each of them gets 1/{m} of it",
        m * right,
    )
    yield (
        "kl-wrong-sign",
        "The KL term's gradient has the wrong sign: it is beta (-rho/rho_hat + (1-rho)/(1-rho_hat))",
        -right,
    )
    if abs(beta - 1) > 1e-9:
        yield "kl-without-beta", f"The KL term's gradient lacks its weight beta = {beta:.4g}", right / beta
    text = "The KL term's gradient is taken at each example's own activation; it belongs at the batch's mean rho_hat"
    yield "kl-per-sample", text, beta / m * kl_slope(a, rho)
    yield "kl-per-sample", text + f", and it lacks the 1/{m}", beta * kl_slope(a, rho)
    back = np.log(rho_hat / rho) - np.log((1 - rho_hat) / (1 - rho))
    text = "The gradient is that of KL(rho_hat || rho), but the cost has KL(rho || rho_hat)"
    yield "kl-reversed", text, np.broadcast_to(beta / m * back, a.shape)
    text = "rho_hat is summed over the examples in the gradient; it is their mean"
    yield "kl-rho-hat-summed", text, np.broadcast_to(beta / m * kl_slope_anywhere(a.sum(axis=0), rho), a.shape)
    yield "kl-rho-hat-summed", text, np.broadcast_to(beta * kl_slope_anywhere(a.sum(axis=0), rho), a.shape)
    text = "rho_hat is averaged over the hidden units of each example; it is each unit's mean over the examples"
    over_units = np.broadcast_to(kl_slope(a.mean(axis=1, keepdims=True), rho), a.shape)
    for share in (m, a.shape[1], 1):
        yield "kl-wrong-axis", text, beta / share * over_units
    text = "rho_hat is one mean over all hidden units and examples; every unit has its own"
    yield "kl-wrong-axis", text, np.full(a.shape, beta / m * kl_slope(a.mean(keepdims=True), rho))
    text = "The KL term's gradient has only one of its two parts, -rho/rho_hat and (1-rho)/(1-rho_hat)"
    for part in -rho / rho_hat, (1 - rho) / (1 - rho_hat):
        yield "kl-one-sided", text, np.broadcast_to(beta / m * part, a.shape)
    text = "The second part of the KL term's gradient has the wrong sign: it is -rho/rho_hat + (1-rho)/(1-rho_hat)"
    yield "kl-part-sign", text, np.broadcast_to(beta / m * (-rho / rho_hat - (1 - rho) / (1 - rho_hat)), a.shape)


def kl_slope_anywhere(q: np.ndarray, rho: float) -> np.ndarray:
    """The formula of the slope as it stands, also where q is no mean of activations any more."""
    return np.asarray(-rho / q + (1 - rho) / (1 - q))


def l1_mistakes(clues: Clues) -> Iterator[Explanation]:
    """The L1 penalty of every hidden layer that has one."""
    chain = clues.chain
    if chain is None:
        return
    for place in chain.places(Penalty):
        stage = chain.stages[place]
        if isinstance(stage, Penalty) and stage.kind == "l1" and chain.beta[place]:
            a, strength = chain.signals[place], chain.beta[place]
            if np.ptp(np.abs(a)) == 0:
                continue  # then every gradient proportional to a is one of an L1 term
            text = "The L1 term is missing from the gradient"
            yield Explanation("l1-missing", text, _instead(chain, place, np.zeros(a.shape)))
            text = "The L1 term's gradient is the same everywhere: the sign of the activations is missing"
            yield Explanation("l1-sign-missing", text, _instead(chain, place, np.full(a.shape, strength / len(a))))
            for value in a, np.abs(a), 2 * a:
                text = "The L1 term's gradient is proportional to the activations: that is the gradient of their square"
                yield Explanation("l1-of-value", text, _instead(chain, place, strength / len(a) * value))
            yield from _scaled(clues, place, "l1-scaled", "L1")


def _instead(chain: Chain, place: int, pull: np.ndarray) -> dict[str, np.ndarray]:
    """The gradient with another penalty term at one place."""
    return chain.gradient(pulls={**_right(chain), place: pull})


def _other_means(clues: Clues, place: int, rho: float) -> Iterator[Explanation]:
    """Every example gets the same pull, but one that belongs to other mean activations q: those are solved for.

    The pull beta/m (-rho/q + (1-rho)/(1-q)) of each unit is found by least squares. A running average is
    q = (1 - t) rho_0 + t rho_hat with one t and one rho_0 for all units.
    """
    chain = clues.chain
    if chain is None or clues.wrong == () or not {c.name for c in clues.wrong} <= set(chain.gradient()):
        return
    a, without = chain.signals[place], _instead(chain, place, np.zeros(chain.signals[place].shape))
    units = []
    for j in range(a.shape[1]):
        pull = np.zeros(a.shape)
        pull[:, j] = 1
        with_it = _instead(chain, place, pull)
        units.append(np.concatenate([(with_it[c.name] - without[c.name]).ravel() for c in clues.wrong]))
    goal = np.concatenate([(c.analytic - without[c.name]).ravel() for c in clues.wrong])
    slope = np.linalg.lstsq(np.stack(units, axis=1), goal, rcond=None)[0] * len(a) / chain.beta[place]
    # slope q (1 - q) = q - rho, of whose two solutions for q one lies in (0, 1)
    q = (slope - 1 + np.sqrt((slope - 1) ** 2 + 4 * slope * rho)) / (2 * slope)
    rho_hat = a.mean(axis=0)
    if len(q) < 4 or not ((q > 0) & (q < 1)).all():
        return
    start, t = np.linalg.lstsq(np.stack([np.ones_like(rho_hat), rho_hat], axis=1), q, rcond=None)[0]
    average = start + t * rho_hat
    text = f"The KL term's gradient is taken at {start:.4g} + {t:.4g} rho_hat, a running average, not at the batch's"
    if 0 < t < 1 and ((average > 0) & (average < 1)).all():
        pull = np.broadcast_to(chain.beta[place] / len(a) * kl_slope(average, rho), a.shape)
        yield Explanation("kl-running-average", text, _instead(chain, place, pull), fitted=2)


def kl_missing_from_cost(clues: Clues) -> Iterator[Explanation]:
    """The cost has no sparsity term, the gradient one."""
    chain = clues.chain
    rho, beta = named(clues.context, RHO_NAMES), named(clues.context, ("beta",))
    if chain is None or chain.places(Penalty) or rho is None or beta is None:
        return
    for place in chain.places(Curve)[:-1]:
        a = chain.signals[place + 1]
        pull = np.broadcast_to(float(beta) / len(a) * kl_slope(a.mean(axis=0), float(rho)), a.shape)
        text = "The KL term is in the gradient but missing from the cost, so the check cannot test it"
        yield Explanation("kl-not-in-cost", text, chain.gradient(pulls={place + 1: pull}))


def _right(chain: Chain) -> dict[int, np.ndarray]:
    return {place: chain.pull(place) for place in chain.places(Penalty)}


def _after_derivative(chain: Chain, place: int) -> Iterator[Explanation]:
    """Added to the pre-activation's gradient, one stage too late."""
    if place and isinstance(chain.stages[place - 1], Curve):
        pulls = _right(chain)
        pulls[place - 1] = pulls.pop(place)
        text = (
            "The KL term is added after the activation's derivative was applied; it belongs before, at the activations"
        )
        yield Explanation("kl-after-derivative", text, chain.gradient(pulls=pulls))


def _scaled(clues: Clues, place: int, cause: str, name: str) -> Iterator[Explanation]:
    """A factor that is no known number: found by least squares."""
    chain = clues.chain
    assert chain is not None
    right, without = chain.gradient(), _instead(chain, place, np.zeros(chain.signals[place].shape))
    part = {key: right[key] - without[key] for key in right}
    square = sum(float(np.vdot(part[c.name], part[c.name])) for c in clues.wrong if c.name in part)
    if square:
        above = sum(float(np.vdot(c.analytic - without[c.name], part[c.name])) for c in clues.wrong if c.name in part)
        ratio = above / square
        if abs(ratio - 1) < 1e-3:
            return
        text = f"The {name} term's part of the gradient is {ratio:.6g} times the right one; the rest of it is right"
        predicted = {key: without[key] + ratio * part[key] for key in right}
        yield Explanation(cause, text, predicted, fitted=1, general=True)
