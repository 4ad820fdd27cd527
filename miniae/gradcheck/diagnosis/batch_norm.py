"""Batch normalisation: an entry reaches the cost by itself, through the mean, and through the variance."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation
from miniae.gradcheck.evidence import Evidence


class Normalised(NamedTuple):
    """A batch normalisation, features last.

    Attributes:
        names: of x, and of gamma and beta or "".
        axis: of the features in the user's x.
        x, dy: input and cotangent.
        gamma: (C,).
        shape: of the user's gamma.
        eps: what the forward adds to the variance.
    """

    names: tuple[str, str, str]
    axis: int
    x: np.ndarray
    dy: np.ndarray
    gamma: np.ndarray
    shape: tuple[int, ...]
    eps: float


def find_batch_norm(evidence: Evidence) -> Normalised | None:
    """The batch normalisation that ``forward(x)`` or ``forward(x, gamma, beta)`` is, or None."""
    pair = evidence.pair
    if pair is None or len(pair.args) not in (1, 3):
        return None
    names, values = list(pair.args), [np.asarray(v) for v in pair.args.values() if isinstance(v, np.ndarray)]
    if len(values) != len(names) or values[0].ndim < 2 or np.shape(pair.y) != values[0].shape:
        return None
    for axis in (-1, 1):
        x, y, dy = (np.moveaxis(np.asarray(a), axis, -1) for a in (values[0], pair.y, pair.dy))
        gamma, beta = (v.ravel() for v in values[1:]) if len(values) == 3 else (np.ones(1), np.zeros(1))
        if not {gamma.size, beta.size} <= {1, x.shape[-1]} or not gamma.all():
            continue
        over = tuple(range(x.ndim - 1))
        variance, left = x.var(axis=over), ((y - beta) / gamma).var(axis=over)
        with np.errstate(all="ignore"):
            eps = float(np.median(variance * (1 / left - 1)))
        if not np.isfinite(eps):
            continue
        eps = max(eps, 0.0)
        again = gamma * (x - x.mean(axis=over)) / np.sqrt(variance + eps) + beta
        if np.allclose(again, y, rtol=0, atol=1e-10 * max(1.0, float(np.abs(y).max()))):
            called = (names[0], *names[1:]) if len(values) == 3 else (names[0], "", "")
            shape = values[1].shape if len(values) == 3 else ()
            return Normalised(called, axis, x, dy, np.broadcast_to(gamma, x.shape[-1:]), shape, eps)  # type: ignore[arg-type]
    return None


def batch_norm(clues: Clues) -> Iterator[Explanation]:
    """The three parts of dx, its factors; and the sums dgamma and dbeta."""
    norm = find_batch_norm(clues)
    if norm is None:
        return
    x_name, gamma_name, beta_name = norm.names
    dy, gamma, over = norm.dy, norm.gamma, tuple(range(norm.x.ndim - 1))
    m, centred = dy.size // dy.shape[-1], norm.x - norm.x.mean(axis=over)
    s = 1 / np.sqrt(norm.x.var(axis=over) + norm.eps)
    normal = centred * s
    mean, turn = dy.mean(axis=over), normal * (dy * normal).mean(axis=over)

    def predicted(dx: np.ndarray) -> dict[str, np.ndarray]:
        return {x_name: np.moveaxis(dx, -1, norm.axis)}

    for cause, text, a, b in (
        ("statistics-constant", "treats the batch's mean and variance as constants; both depend on x", 0, 0),
        ("mean-path-missing", "lacks the part that goes through the mean: mean(dy) was not subtracted", 0, 1),
        ("variance-path-missing", "lacks the part that goes through the variance", 1, 0),
        ("variance-path-scaled", "has twice the part that goes through the variance: is a half missing?", 1, 2),
        ("variance-path-scaled", "has half the part that goes through the variance", 1, 0.5),
        ("variance-path-scaled", "has the part that goes through the variance with the wrong sign", 1, -1),
        ("mean-path-scaled", "has the part that goes through the mean with the wrong sign", -1, 1),
        ("mean-path-scaled", "has twice the part that goes through the mean", 2, 1),
    ):
        yield Explanation(cause, f"d{x_name} {text}", predicted(gamma * s * (dy - a * mean - b * turn)))
    n = len(dy)
    counts = [(m - 1, f"{m - 1}, one less than there are"), (1, "nothing: sums in place of means")]
    counts += [(n, f"the {n} examples; the pixels count too")] if n != m else []
    for number, what in counts:
        for a, b in ((m / number, m / number), (m / number, 1), (1, m / number)) if number else ():
            text = f"The sums over the batch in d{x_name} are divided by {what}; it takes m = {m}"
            yield Explanation("statistics-wrong-count", text, predicted(gamma * s * (dy - a * mean - b * turn)))
    right = gamma * s * (dy - mean - turn)
    yield Explanation("gamma-missing", f"d{x_name} lacks the factor {gamma_name or 'gamma'}", predicted(right / gamma))
    text = f"d{x_name} is not divided by the standard deviation"
    yield Explanation("derivative-incomplete", text, predicted(right / s))
    text = f"d{x_name} is divided by the variance where it must be divided by the standard deviation"
    yield Explanation("derivative-incomplete", text, predicted(right * s))
    deviation = norm.x.std(axis=over)
    for other in (1 / deviation, 1 / (deviation + norm.eps)):
        again = centred * other
        dx = gamma * other * (dy - mean - again * (dy * again).mean(axis=over))
        text = f"d{x_name} takes the standard deviation without the eps = {norm.eps:.2g} under the root"
        yield Explanation("eps-missing", text, predicted(dx))
    if not gamma_name:
        return
    for signal, what in ((norm.x, "x"), (centred, "x less its mean"), (normal * gamma, "y less beta")):
        text = f"d{gamma_name} is the sum of dy times {what}; it must be the sum of dy times the normalised x"
        dgamma = (dy * signal).sum(axis=over).reshape(norm.shape)
        yield Explanation("dgamma-not-normal", text, {gamma_name: dgamma})
    y = np.moveaxis(np.asarray(clues.pair.y), norm.axis, -1)  # type: ignore[union-attr]
    text = f"d{gamma_name} is the sum of dy times y; it must be the sum of dy times the normalised x"
    yield Explanation("dgamma-not-normal", text, {gamma_name: (dy * y).sum(axis=over).reshape(norm.shape)})
    for name, signal in ((gamma_name, normal), (beta_name, np.ones_like(dy))):
        total = (dy * signal).sum(axis=over).reshape(norm.shape)
        text = f"d{name} is averaged over the {m} entries of each feature, not summed"
        yield Explanation("doubled-1/m" if name == gamma_name else "bias-averaged", text, {name: total / m})
