"""From the evidence to a chain: only one that reproduces the numerical gradient is believed.

What the evidence leaves open (which activation, which loss, which way round the weights lie) is tried; the constants
are found in :mod:`miniae.gradcheck.diagnosis.fit`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from miniae.gradcheck.diagnosis.chain import Affine, Chain, Penalty, Soft, Stage
from miniae.gradcheck.diagnosis.curves import CURVES, Curve
from miniae.gradcheck.diagnosis.fit import fitted
from miniae.gradcheck.diagnosis.losses import ALIASES, DELTAS
from miniae.gradcheck.evidence import Evidence

X_NAMES = ("x", "data", "patches", "inputs", "images")
TARGET_NAMES = ("target", "targets", "t", "labels", "y")
RHO_NAMES = ("rho", "sparsity", "sparsity_param", "sparsityparam")
COMMON = ("sigmoid", "tanh", "relu", "identity")  # what is tried where nothing says which activation it is


def rebuild(evidence: Evidence) -> Chain | None:
    """The first candidate whose gradient is the numerical one, or None."""
    candidates = _candidates(evidence)
    with np.errstate(all="ignore"):  # a wrong candidate may well overflow
        while True:
            try:
                chain = fitted(next(candidates), evidence)
            except StopIteration:
                return None
            except (ValueError, IndexError, TypeError):  # what was offered does not fit together: no evidence
                continue
            if chain is not None:
                return chain


def named(context: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The entry of a context that goes by one of the names, in any case; None without."""
    lower = {key.lower(): value for key, value in context.items()}
    return next((lower[name] for name in names if lower.get(name) is not None), None)


def _candidates(evidence: Evidence) -> Iterator[Chain]:
    if evidence.model is not None:
        yield from _of_model(evidence)
    elif evidence.pair is not None and np.ndim(evidence.pair.y) > 0:
        yield from _of_pair(evidence)
    else:
        context = evidence.pair.args if evidence.pair is not None else evidence.context
        yield from _of_parameters(evidence, context)
        yield from _of_outputs(evidence, context)


def _of_model(evidence: Evidence) -> Iterator[Chain]:
    """The model's own layers and loss; or those of a network, with the cotangent that made its output a cost."""
    network = getattr(evidence.model, "network", evidence.model)
    stages = _stages(getattr(network, "layers", ()), _values(evidence))
    if stages is None or not evidence.data:
        return
    x, *rest = evidence.data
    if network is evidence.model:
        yield Chain(stages, _values(evidence), x, "x", delta=rest[0])
        return
    own = str(getattr(evidence.model, "loss", ""))  # a model that is no chain has a cost of its own
    loss = ALIASES.get(own, own)
    if loss in DELTAS:
        yield Chain(stages, _values(evidence), x, loss=loss, target=rest[0] if rest else x)


def _stages(layers: Sequence[Any], values: Mapping[str, Any]) -> tuple[Stage, ...] | None:
    """The stage for each layer; None where one has none."""
    stages: list[Stage] = []
    number = 0
    for layer in layers:
        number += bool(layer.parameters())
        if layer.op == "dense":
            w, b = (name if name in values else f"{name}{number}" for name in ("w", "b"))  # a layer alone: w
            stages.append(Affine(w, b if layer.bias else None))
        elif layer.op in CURVES:
            stages.append(CURVES[layer.op](**layer.options()))
        elif layer.op == "softmax":
            stages.append(Soft())
        elif layer.op == "kl_sparsity":
            stages.append(Penalty("kl", layer.rho))
        elif layer.op == "l1":
            stages.append(Penalty("l1"))
        else:
            return None
    return tuple(stages) or None


def _of_pair(evidence: Evidence) -> Iterator[Chain]:
    """A dense op, an activation, a softmax, or the first followed by one of the others."""
    pair = evidence.pair
    assert pair is not None
    (x_name, x), *rest = pair.args.items()
    if any(value is None or np.ndim(value) == 0 for _, value in rest) or np.ndim(x) == 0:
        return
    tails: list[tuple[Stage, ...]] = [(CURVES[name](),) for name in CURVES]
    tails.append((Soft(),))
    if not rest:
        tails += _with_own_constant(pair.forward, x)
        tails.append((_own(pair.forward, x),))
        heads: list[tuple[Stage, ...]] = [()]
    elif len(rest) <= 2 and np.ndim(rest[0][1]) == 2 and np.ndim(x) == 2:
        b = rest[1][0] if len(rest) == 2 else None
        heads = [(Affine(rest[0][0], b, columns),) for columns in (False, True)]
        tails.insert(0, ())
    else:
        return
    for head, tail in product(heads, tails):
        yield Chain(head + tail, dict(pair.args), x, x_name, delta=pair.dy)


def _with_own_constant(forward: Any, x: np.ndarray) -> list[tuple[Stage, ...]]:
    """An ELU whose alpha and a leaky ReLU whose slope is what the pair answers to negative numbers."""
    try:
        low, below = (float(np.ravel(forward(np.full_like(x, z))[0])[0]) for z in (-50.0, -1.0))
    except Exception:  # the user's own code, with arguments it was not made for
        return []
    return [(CURVES["elu"](-low),), (CURVES["leaky_relu"](-below),)]


def _own(forward: Any, x: np.ndarray) -> Curve:
    """The pair's own activation function, its slope by differences."""

    def f(z: np.ndarray) -> np.ndarray:
        return np.array(forward(np.array(z))[0])  # copies: it may change what it is given

    def slope(z: np.ndarray) -> np.ndarray:
        h = 1e-4 * np.maximum(1, np.abs(z))
        fine, coarse = ((f(z + k * h) - f(z - k * h)) / (2 * k * h) for k in (1, 2))
        return np.asarray((4 * fine - coarse) / 3)

    return Curve("activation", f, slope)


def _of_parameters(evidence: Evidence, context: Mapping[str, Any]) -> Iterator[Chain]:
    """Weights and biases by their names (w1, b1, ...), UFLDL's way round or ours, and the data of the context."""
    x, values = named(context, X_NAMES), _values(evidence)
    weights = _numbered(values, r"(w|weights?|theta)_?(\d*)")
    biases = _numbered(values, r"(b|bias(?:es)?)_?(\d*)")
    if x is None or not weights or np.ndim(x) != 2 or any(values[w].ndim != 2 for w in weights.values()):
        return
    target = _from_zero(named(context, TARGET_NAMES))
    deep = len(weights) > 1
    for (data, goal), columns, hidden, last, loss, kl in product(
        _both_ways(np.asarray(x), target),
        (False, True),
        COMMON if deep else COMMON[:1],
        COMMON,
        DELTAS,
        (False, True) if deep else (False,),
    ):
        stages: list[Stage] = []
        for number, w in weights.items():
            end = number == list(weights)[-1]
            stages += [Affine(w, biases.get(number), columns), CURVES[last if end else hidden]()]
            if kl and not end:
                stages.append(Penalty("kl", _rho(context)))
        yield Chain(tuple(stages), values, data, loss=loss, target=goal)


def _both_ways(x: np.ndarray, target: Any) -> list[tuple[np.ndarray, Any]]:
    """Examples in rows, and in columns as UFLDL has them."""
    goals = (x, x.T) if target is None else (np.asarray(target), np.asarray(target).T)
    return [(x, goals[0]), (x.T, goals[1])]


def _of_outputs(evidence: Evidence, context: Mapping[str, Any]) -> Iterator[Chain]:
    """A loss as a function of the output, or a penalty as a function of the activations."""
    if len(evidence.compared) != 1:
        return
    name, value = evidence.compared[0][:2]
    if value.ndim == 0:
        return
    others = {key: v for key, v in context.items() if key != name}
    target = named(others, TARGET_NAMES + X_NAMES)
    if target is not None:
        for loss in DELTAS:
            yield Chain((), {}, value, name, loss=loss, target=target)
    if value.ndim == 2:
        yield Chain((Penalty("kl", _rho(others)),), {}, value, name)
    yield Chain((Penalty("l1"),), {}, value, name)


def _rho(context: Mapping[str, Any]) -> float:
    rho = named(context, RHO_NAMES)
    return float("nan") if rho is None else float(rho)


def _from_zero(target: Any) -> Any:
    """Class labels from 0; MATLAB, and so UFLDL, counts them from 1."""
    labels = np.asarray(target)
    if target is None or labels.dtype.kind not in "iu" or labels.size == 0 or labels.ndim != 1:
        return target
    return labels - 1 if labels.min() == 1 else labels


def _values(evidence: Evidence) -> dict[str, np.ndarray]:
    return {compared.name: compared.value for compared in evidence.compared}


def _numbered(values: Mapping[str, Any], pattern: str) -> dict[str, str]:
    """The names that match, by their number in order."""
    found = {match[2]: name for name in values if (match := re.fullmatch(pattern, name.lower()))}
    return dict(sorted(found.items(), key=lambda item: int(item[0] or 0)))
