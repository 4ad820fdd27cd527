"""Resampling: dead units of a dictionary are given a new start, on what the others explain worst."""

from dataclasses import dataclass, field

import numpy as np

from miniae.arrays import Array, moved
from miniae.metrics import dead_units
from miniae.models import JumpReLUDictionary, L1Dictionary
from miniae.models.base import check_batch
from miniae.training import Epoch


@dataclass
class ResampleDeadUnits:
    r"""Every so many epochs, turn the units that no example activates towards examples that are badly reconstructed.

    A dead unit gets no gradient: left alone, it mostly stays dead. With the error :math:`e_n = \|\hat x_n - x_n\|^2` of
    each example, an example is drawn for each dead unit h, and becomes its direction,

    .. math::
        p_n = \frac{e_n^2}{\sum_i e_i^2}, \qquad u = \frac{x_n - b_2}{\|x_n - b_2\|}, \qquad
        D_h = u, \quad W_{1,\cdot h} = 0.2\, \ell\, u, \quad b_{1,h} = 0                                (1)

    with :math:`\ell` the mean length of the living units' columns of :math:`W_1`. At a fifth of their strength the
    unit speaks, and what it says disturbs little until it has learned. The threshold of a JumpReLU unit is set to a
    fifth of the living units' mean, for the same reason.

    Resampling shakes the model, so it must end well before training does. The paper also sets Adam's averages of the
    unit back to 0; a callback cannot reach them. A unit dead for long has had gradients of 0 for long, and its averages
    are near 0 without that.

    Args:
        x: examples to judge by, (N, features); those trained on, or some of them.
        every: epochs from one resampling to the next.
        until: the last epoch after which it is done.
        seed: of the draws.

    Attributes:
        counts: how many units were resampled, one number each time.

    Raises:
        ValueError: if ``every`` or ``until`` is below 1.
        TypeError: in training, if the model is neither an :class:`~miniae.models.L1Dictionary` nor a
            :class:`~miniae.models.JumpReLUDictionary`. A TopK dictionary has means of its own against dead units.

    >>> from miniae.training import fit
    >>> x = np.random.default_rng(0).normal(size=(100, 8))
    >>> model = L1Dictionary(8, 16, strength=0.1)
    >>> model.layout.views(model.theta)["b1"][:5] = -100
    >>> resampling = ResampleDeadUnits(x, every=1, until=3)
    >>> history = fit(model, x, epochs=6, callbacks=[resampling], progress=False)
    >>> resampling.counts
    [5, 0, 0]

    Source: Bricken et al. (2023), "Towards monosemanticity", appendix "Neuron resampling".
    """

    x: Array
    every: int
    until: int
    seed: int = 0
    counts: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        for name in "every", "until":
            if getattr(self, name) < 1:
                raise ValueError(f"ResampleDeadUnits: {name} must be at least 1 epoch, got {getattr(self, name)}")

    def __call__(self, epoch: Epoch) -> None:
        """Resample, where the epoch is one of those."""
        model = epoch.model
        if not isinstance(model, (L1Dictionary, JumpReLUDictionary)):
            known = "an L1Dictionary or a JumpReLUDictionary"
            raise TypeError(f"ResampleDeadUnits: the model must be {known}, got {type(model).__name__}")
        if epoch.number % self.every or epoch.number > self.until:
            return
        check_batch("x", self.x, model.theta)
        codes = model.encode(self.x)
        dead = dead_units(codes)
        self.counts.append(int(dead.sum()))
        errors = moved(((model.decode(codes) - self.x) ** 2).sum(axis=1), np).astype(np.float64)
        if not dead.any() or not errors.any():
            return
        xp, params = model.backend.xp, model.layout.views(model.theta)
        rng = np.random.default_rng([self.seed, epoch.number])
        places = rng.choice(len(self.x), size=self.counts[-1], p=errors**2 / (errors**2).sum())
        chosen = self.x[xp.asarray(places)] - params["b2"]
        u = chosen / xp.linalg.norm(chosen, axis=1, keepdims=True)
        lengths = xp.linalg.norm(params["w1"], axis=0)
        params["w2"][dead] = u  # (1)
        others = dead if dead.all() else ~dead
        params["w1"][:, dead] = 0.2 * lengths[others].mean() * u.T
        params["b1"][dead] = 0
        if isinstance(model, JumpReLUDictionary):
            params["log_threshold"][dead] = xp.log(0.2 * model.thresholds[others].mean())
