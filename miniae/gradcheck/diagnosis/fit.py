r"""The constants of a chain, found by least squares: with the right stages the gradient is a sum of few known terms.

.. math::
    numeric = s\,\nabla L + \sum_p \beta_p \nabla C_p + \lambda\, w                                         \tag{1}

A chain for which no constants make the two sides equal is not the calculation under test.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from miniae.gradcheck.diagnosis.chain import Chain, Penalty
from miniae.gradcheck.diagnosis.losses import DELTAS
from miniae.gradcheck.evidence import Evidence


def fitted(chain: Chain, evidence: Evidence) -> Chain | None:
    """The chain with the constants that reproduce the numerical gradient; None where none do."""
    numeric = {c.name: c.difference.gradient for c in evidence.compared}
    zero = np.zeros_like(chain.signals[-1])
    still: dict[int, np.ndarray] = {}
    terms: list[tuple[Any, dict[str, np.ndarray]]] = []
    if chain.delta is not None:
        terms.append(("delta", chain.gradient(pulls=still, decay={})))
    elif chain.loss:
        unit = DELTAS[chain.loss](chain.signals[-1], chain.target)
        if unit.shape != zero.shape:
            return None
        chain = replace(chain, delta=unit)
        terms.append(("scale", chain.gradient(pulls=still, decay={})))
    for place in chain.places(Penalty):
        stage, a = chain.stages[place], chain.signals[place]
        assert isinstance(stage, Penalty)
        if stage.kind == "kl" and not (a.min() >= 0 and a.max() <= 1):
            return None
        if stage.kind == "kl" and np.isnan(stage.rho):
            return _with_rho(chain, place, evidence)
        pull = Chain(chain.stages, chain.values, chain.x, beta={place: 1.0}).pull(place)
        terms.append((place, chain.gradient(delta=zero, pulls={place: pull}, decay={})))
    if chain.weights and chain.delta is not None and chain.loss:
        terms.append(("decay", {name: chain.values[name] for name in chain.weights}))
        terms.append(("bias_decay", {name: chain.values[name] for name in chain.biases}))
    factors = _least_squares([term for _, term in terms], numeric, evidence)
    if factors is None:
        return None
    found = dict(zip([name for name, _ in terms], factors, strict=True))
    scale = found.get("scale", 1.0)
    delta = None if chain.delta is None else scale * chain.delta
    beta = {place: found[place] for place in chain.places(Penalty)}
    decay, bias_decay = found.get("decay", 0.0), found.get("bias_decay", 0.0)
    return replace(chain, delta=delta, scale=scale, beta=beta, decay=decay, bias_decay=bias_decay)


def _with_rho(chain: Chain, place: int, evidence: Evidence) -> Chain | None:
    """Find rho too: the KL's slope is linear in beta rho and beta (1 - rho), so both can be fitted."""
    # a rho of 1 and one of 0 leave one of the two parts each
    numeric = {c.name: c.difference.gradient for c in evidence.compared}
    zero, still = np.zeros_like(chain.signals[-1]), dict[int, np.ndarray]()
    terms = [chain.gradient(pulls=still, decay={})] if chain.delta is not None else []
    for rho in (1.0, 0.0):
        stages = (*chain.stages[:place], Penalty("kl", rho), *chain.stages[place + 1 :])
        part = replace(chain, stages=stages, beta={place: 1.0})
        terms.append(part.gradient(delta=zero, pulls={place: part.pull(place)}, decay={}))
    if chain.weights:
        terms.append({name: chain.values[name] for name in chain.weights})
    factors = _least_squares(terms, numeric, evidence)
    if factors is None:
        return None
    first, second = factors[len(terms) - 2 - bool(chain.weights) :][:2]
    if not (first > 0 and second > 0):
        return None
    stages = (*chain.stages[:place], Penalty("kl", float(first / (first + second))), *chain.stages[place + 1 :])
    return fitted(replace(chain, stages=stages, delta=None if chain.loss else chain.delta), evidence)


def _least_squares(
    terms: list[dict[str, np.ndarray]], numeric: Mapping[str, np.ndarray], evidence: Evidence
) -> list[float] | None:
    """The factors of the terms whose sum is the numerical gradient, if the sum reproduces it in every block."""
    names = [name for name in numeric if any(name in term for term in terms)]
    if len(names) < len(numeric) or any(t[n].shape != numeric[n].shape for t in terms for n in t if n in numeric):
        return None
    sizes = {name: float(np.linalg.norm(numeric[name])) or 1.0 for name in names}
    columns = [
        np.concatenate([(term.get(name, np.zeros_like(numeric[name])) / sizes[name]).ravel() for name in names])
        for term in terms
    ]
    goal = np.concatenate([(numeric[name] / sizes[name]).ravel() for name in names])
    matrix = np.stack(columns, axis=1)
    if not (np.isfinite(matrix).all() and np.isfinite(goal).all()) or len(goal) <= len(terms):
        return None
    lengths = np.linalg.norm(matrix, axis=0)
    lengths[lengths == 0] = 1.0
    factors = np.linalg.lstsq(matrix / lengths, goal, rcond=1e-10)[0] / lengths
    left = np.abs(matrix @ factors - goal)
    doubt = np.concatenate([(c.difference.uncertainty / sizes[c.name]).ravel() for c in evidence.compared])
    return [float(f) for f in factors] if (left <= 1e-7 + 20 * doubt).all() else None
