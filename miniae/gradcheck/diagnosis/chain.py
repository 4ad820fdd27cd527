"""The calculation under test, rebuilt: a chain of plain stages whose backward pass can be given a mistake.

A mistake is told by its consequences: run the backward pass with that one thing wrong and see whether the gradient
under test comes out. That needs the calculation itself. Where the data, the activations and the loss are known it can
be rebuilt, and then every mistake is one changed line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from miniae.gradcheck.diagnosis.curves import Curve, softmax

Gradients = dict[str, np.ndarray]


class Affine(NamedTuple):
    """y = x w + b; ``columns`` marks UFLDL's W, stored (out, in)."""

    w: str
    b: str | None
    columns: bool = False


class Soft(NamedTuple):
    """Softmax along the last axis."""


class Penalty(NamedTuple):
    """A sparsity penalty on the activations that pass: ``"kl"`` with its rho, or ``"l1"``."""

    kind: str
    rho: float = float("nan")


Stage = Affine | Curve | Soft | Penalty


@dataclass(frozen=True)
class Chain:
    """Stages in a row, and what of the gradient comes from where.

    Attributes:
        stages: in order.
        values: the parameters by name.
        x: the input, examples in rows.
        x_name: its name, where the gradient with respect to it is under test too.
        delta: gradient of the cost with respect to the output, from which the backward pass sets out.
        loss: name of the loss, or "".
        target: of the loss.
        scale: the constant factor in front of ``loss_delta`` that makes it ``delta`` (1/m, say).
        beta: weight of each penalty, by its place among the stages.
        decay: lambda, of the weights.
        bias_decay: that of the biases, zero as a rule.
    """

    stages: tuple[Stage, ...]
    values: Mapping[str, np.ndarray]
    x: np.ndarray
    x_name: str | None = None
    delta: np.ndarray | None = None
    loss: str = ""
    target: Any = None
    scale: float = 1.0
    beta: Mapping[int, float] = field(default_factory=dict)
    decay: float = 0.0
    bias_decay: float = 0.0

    @cached_property
    def signals(self) -> list[np.ndarray]:
        """The input of every stage, and the output of the last."""
        signals = [self.x]
        for stage in self.stages:
            signals.append(self._forward(stage, signals[-1]))
        return signals

    def _forward(self, stage: Stage, x: np.ndarray) -> np.ndarray:
        if isinstance(stage, Affine):
            y = x @ self.weight(stage)
            return y if stage.b is None else y + self.values[stage.b].reshape(-1)
        if isinstance(stage, Curve):
            return np.asarray(stage.f(x))
        return softmax(x) if isinstance(stage, Soft) else x

    def weight(self, stage: Affine) -> np.ndarray:
        """The stage's weight as (in, out)."""
        return self.values[stage.w].T if stage.columns else self.values[stage.w]

    @property
    def weights(self) -> list[str]:
        """Names of the weights: what decays."""
        return [stage.w for stage in self.stages if isinstance(stage, Affine)]

    @property
    def biases(self) -> list[str]:
        """Names of the biases."""
        return [stage.b for stage in self.stages if isinstance(stage, Affine) and stage.b is not None]

    def places(self, kind: type) -> list[int]:
        """Where the stages of one kind stand."""
        return [place for place, stage in enumerate(self.stages) if isinstance(stage, kind)]

    def pull(self, place: int) -> np.ndarray:
        """The gradient of the penalty at ``place`` with respect to the activations, by the right formula."""
        stage, a = self.stages[place], self.signals[place]
        assert isinstance(stage, Penalty)
        return self.beta.get(place, 0.0) * penalty_slope(stage, a)

    def gradient(
        self,
        *,
        delta: np.ndarray | None = None,
        pulls: Mapping[int, np.ndarray] | None = None,
        slopes: Mapping[int, np.ndarray] | None = None,
        affine: Mapping[int, Callable[..., tuple[np.ndarray, ...]]] | None = None,
        jacobian: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
        decay: Mapping[str, float] | None = None,
    ) -> Gradients:
        """The gradient, right where no argument says otherwise.

        Args:
            delta: in place of the gradient with respect to the output.
            pulls: what is added to the gradient with respect to the *input* of these stages: the penalties', each at
                its own place, unless given here.
            slopes: in place of f'(z), by the place of the activation.
            affine: in place of ``(x, w, dy) -> (dx, dw, db)``, by the place of the dense stage.
            jacobian: in place of the softmax's ``(y, dy) -> dx``.
            decay: lambda for each weight or bias by its name; the weights' own where None.
        """
        dy = self.delta if delta is None else delta
        dy = np.zeros_like(self.signals[-1]) if dy is None else dy
        pulls = {place: self.pull(place) for place in self.places(Penalty)} if pulls is None else pulls
        if decay is None:
            decay = dict.fromkeys(self.weights, self.decay) | dict.fromkeys(self.biases, self.bias_decay)
        grads: Gradients = {}
        for place in reversed(range(len(self.stages))):
            stage, x = self.stages[place], self.signals[place]
            if isinstance(stage, Affine):
                backward = affine[place] if affine and place in affine else affine_backward
                dx, dw, db = backward(x, self.weight(stage), dy)
                grads[stage.w] = dw.T if stage.columns else dw
                if stage.b is not None:
                    grads[stage.b] = db.reshape(self.values[stage.b].shape)
                dy = dx
            elif isinstance(stage, Curve):
                dy = dy * (slopes or {}).get(place, stage.slope(x))
            elif isinstance(stage, Soft):
                dy = (jacobian or softmax_backward)(self.signals[place + 1], dy)
            if place in pulls:
                dy = dy + pulls[place]
        if self.x_name is not None:
            grads[self.x_name] = dy
        return {name: grad + decay.get(name, 0.0) * self.values.get(name, 0.0) for name, grad in grads.items()}


def affine_backward(x: np.ndarray, w: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    """dx, dw and db of y = x w + b."""
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)


def softmax_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx of the softmax along the last axis."""
    return np.asarray(y * (dy - (dy * y).sum(axis=-1, keepdims=True)))


def kl_slope(q: np.ndarray, rho: float) -> np.ndarray:
    """Derivative of KL(rho || q) with respect to q; q is kept off 0 and 1."""
    q = np.clip(q, 1e-15, 1 - 1e-15)
    return np.asarray(-rho / q + (1 - rho) / (1 - q))


def penalty_slope(stage: Penalty, a: np.ndarray) -> np.ndarray:
    """Gradient of a penalty of weight 1 with respect to the activations, mean over examples."""
    if stage.kind == "l1":
        return np.sign(a) / len(a)
    return np.broadcast_to(kl_slope(a.mean(axis=0), stage.rho) / len(a), a.shape)
