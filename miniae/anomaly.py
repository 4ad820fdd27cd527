"""Anomaly detection: what an autoencoder gives back badly is not what it was trained on.

Shapes: N examples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from miniae.arrays import Array, moved
from miniae.data.checks import check_finite_floats
from miniae.models import Autoencoder


@dataclass(frozen=True)
class Threshold:
    r"""The score above which an example is called anomalous, and the rule that set it.

    Each rule sets it from the scores s of examples that had no part in training, for those that had are given back
    better than others of their kind, and a threshold from them is too low:

    .. math::
        \text{mean and std:} \quad & t = \bar s + k \operatorname{std}(s)                       \tag{1} \\
        \text{quantile:} \quad & P(s \le t) = q                                                 \tag{2} \\
        \text{contamination:} \quad & P(s > t) = c                                              \tag{3}

    (1) says nothing of how many lie above: 2.3 % do with k = 2 where scores are normally distributed, and errors, which
    are skewed, are not. (2) and (3) do. Where the scores are those of normal examples alone, c is the
    rate of false alarms; where anomalies are among them, it is the fraction of these to be expected.

    Args:
        value: t.
        rule: how it was set, for a legend.

    >>> scores = np.arange(1.0, 101.0)
    >>> Threshold.from_contamination(scores, 0.05)
    Threshold(value=95.05, rule='contamination 0.05')
    >>> Threshold.from_quantile(scores, 0.5).value, round(Threshold.from_mean_and_std(scores, k=2.0).value, 2)
    (50.5, 108.23)
    """

    value: float
    rule: str = "given"

    def __post_init__(self) -> None:
        if not isinstance(self.value, float | int | np.floating) or np.isnan(self.value):
            raise ValueError(f"Threshold: value must be a number, got {self.value!r}")

    @classmethod
    def from_mean_and_std(cls, scores: Float[Array, " N"], k: float = 2.0) -> "Threshold":
        """(1): k standard deviations above the mean.

        Raises:
            ValueError: if ``k`` is not finite, or the scores are none, not finite or no row of numbers.
        """
        if not np.isfinite(k):
            raise ValueError(f"Threshold: k must be a finite number, got {k}")
        scores = _row(scores)
        return cls(float(scores.mean() + k * scores.std()), f"mean + {k:g} std")  # (1)

    @classmethod
    def from_quantile(cls, scores: Float[Array, " N"], q: float) -> "Threshold":
        """(2): the fraction ``q`` of the scores lies below.

        Raises:
            ValueError: if ``q`` is outside (0, 1), or the scores are none, not finite or no row of numbers.
        """
        if not 0 < q < 1:
            raise ValueError(f"Threshold: quantile must lie in (0, 1), got {q}")
        return cls(float(np.quantile(_row(scores), q)), f"quantile {q:g}")  # (2)

    @classmethod
    def from_contamination(cls, scores: Float[Array, " N"], fraction: float) -> "Threshold":
        """(3): the ``fraction`` of the scores lies above.

        Raises:
            ValueError: if ``fraction`` is outside (0, .5] (were more than half anomalous, the others would be), or the
                scores are none, not finite or no row of numbers.
        """
        if not 0 < fraction <= 0.5:
            raise ValueError(f"Threshold: contamination must lie in (0, 0.5], got {fraction}")
        return cls(float(np.quantile(_row(scores), 1 - fraction)), f"contamination {fraction:g}")  # (3)


@dataclass
class AnomalyDetector:
    r"""An autoencoder trained on normal examples, and a threshold on what it gives back.

    .. math::
        s_n = \frac1D \sum_d (x_{nd} - h(x_n)_d)^2, \qquad n \text{ is anomalous if } s_n > t        \tag{1}

    One score for each example: a mean over the batch as well would be one number, which tells no example from another.
    The network knows nothing of the threshold, so another one takes effect at once:
    ``detector.threshold = Threshold.from_quantile(scores, 0.99)``.

    Args:
        model: the autoencoder, trained on examples most of which are normal.
        threshold: t.

    >>> from miniae.models import SparseAutoencoder
    >>> x = np.random.default_rng(0).uniform(size=(100, 16))
    >>> detector = AnomalyDetector(SparseAutoencoder(16, 4), Threshold(0.1))
    >>> detector.scores(x).shape
    (100,)
    >>> detector.threshold = Threshold.from_contamination(detector.scores(x), 0.05)
    >>> int(detector.predict(x).sum())
    5

    Source: Japkowicz, Myers, Gluck (1995), "A novelty detection approach to classification".
    """

    model: Autoencoder
    threshold: Threshold

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "threshold" and not isinstance(value, Threshold):
            raise TypeError(f"AnomalyDetector: threshold must be a Threshold, such as Threshold({value!r})")
        super().__setattr__(name, value)

    def scores(self, x: Float[Array, "N ..."]) -> Float[Array, " N"]:
        """The reconstruction error of each example, mean over its features: (1).

        Raises:
            TypeError, ValueError: if ``x`` is no batch that the model takes.
        """
        check_finite_floats("x", x)
        again = self.model.reconstruct(x)
        if again.shape != x.shape:
            raise ValueError(f"AnomalyDetector: the model gives back {again.shape} for x of shape {x.shape}")
        error = (x - again) ** 2
        return error.reshape(len(x), -1).mean(axis=1)

    def predict(self, x: Float[Array, "N ..."]) -> Bool[Array, " N"]:
        """Whether each example is anomalous: its score above the threshold."""
        return self.scores(x) > self.threshold.value


def _row(scores: Any) -> Array:
    check_finite_floats("scores", scores)
    if scores.ndim != 1:
        raise ValueError(f"scores must be one number for each example, shape (N,), got {scores.shape}")
    return moved(scores, np)
