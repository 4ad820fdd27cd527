r"""System 001a: a sparse autoencoder on digits whose every unit is active as often as it was asked to be.

The article's penalty runs beside it: the divergence taken the wrong way round, and of every single activation instead
of a unit's mean.

.. math::
    C = \frac{\beta}{m} \sum_n \sum_j a_{nj} \log\frac{a_{nj}}{\rho}
        + (1 - a_{nj}) \log\frac{1 - a_{nj}}{1 - \rho}                                          \tag{1} \\
    \frac{\partial C}{\partial a_{nj}} = \frac{\beta}{m}
        \Big(\log\frac{a_{nj}}{\rho} - \log\frac{1 - a_{nj}}{1 - \rho}\Big)                     \tag{2}

(1) is smallest, 0, where every activation is rho, for every example: a code that says nothing. The right penalty is 0
wherever the *mean* of each unit is rho. The code one hopes for, units that are 1 for a fraction rho of the digits and 0
for the others, costs nothing under it, and under (1) as much as the entropy of rho for every unit,
:math:`\beta\, (-\rho \log \rho - (1 - \rho) \log (1 - \rho))`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.context import Context
from miniae.layers import Dense, KLSparsity, Sigmoid
from miniae.layers.base import Layer
from miniae.layers.sparsity import PenaltyLayer
from miniae.models import Autoencoder, SparseAutoencoder
from miniae.optimizers import Adam
from miniae.schedules import CosineDecay
from miniae.systems.system import Figure, Run, System
from miniae.training import History, fit

RHO, BETA, DECAY = 0.1, 3.0, 3e-3
SEED = 0


class Setting(NamedTuple):
    """Sizes of a training."""

    hidden: int
    batch: int
    epochs: int


@dataclass(frozen=True)
class ReversedPerSampleKL(PenaltyLayer):
    """The article's penalty, (1)."""

    rho: float
    beta: float

    def forward(self, params: Mapping[str, Array], x: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """Return the input itself, (2) for the way back, and (1)."""
        eps = np.finfo(x.dtype).eps
        a = x.clip(eps, 1 - eps)
        on, off = np.log(a / self.rho), np.log((1 - a) / (1 - self.rho))
        scale = self.beta / len(x)
        return x, scale * (on - off), scale * (a * on + (1 - a) * off).sum()  # (2), (1)


def sparse_autoencoder(job: Run, x: Array) -> tuple[SparseAutoencoder, History]:
    """The system's autoencoder, trained on the digits ``x``."""
    setting = job.pick(Setting(200, 500, 15), Setting(100, 100, 60))
    model = SparseAutoencoder(
        x.shape[1], setting.hidden, rho=RHO, beta=BETA, weight_decay=DECAY, seed=SEED, dtype="float32"
    )
    return model, _train(model, x, setting)


def run(job: Run) -> list[Figure]:
    """Each unit's mean activation over the training digits, in our settings and the article's; what (1) does to both.

    What a code tells of a digit shows in how much a unit differs from digit to digit: its standard deviation.
    """
    x = job.digits("float32").x_train
    model, history = sparse_autoencoder(job, x)
    code = model.encode(x)
    share = _means(code) / RHO
    job.save(plots.filters(model.layout.views(model.theta)["w1"]), "001a-filters")
    job.save(plots.mean_activations(code, RHO), "001a-means")
    job.save(plots.activation_histogram(code), "001a-activations")
    job.save(plots.curves(history), "001a-cost")

    setting = job.pick(Setting(200, 500, 10), Setting(100, 100, 30))
    wrong = _chain(x.shape[1], setting.hidden, ReversedPerSampleKL(RHO, BETA), DECAY)
    _train(wrong, x, setting)
    wrong_code = wrong.encode(x)
    job.save(plots.activation_histogram(wrong_code), "001a-wrong-activations")
    right_std, wrong_std = (float(a.std(axis=0, dtype=np.float64).mean()) for a in (code, wrong_code))

    rho, beta = 0.01, 0.5  # the article's, with Adam at .01 and batches of 256
    articles = _chain(x.shape[1], job.pick(256, 50), KLSparsity(rho, beta), 0.0)
    fit(articles, x, epochs=job.pick(8, 30), batch_size=job.pick(256, 64), optimizer=Adam(0.01), seed=SEED)
    its_code = articles.encode(x)
    its_means = _means(its_code)
    job.save(plots.mean_activations(its_code, rho), "001a-article-means")
    within = (its_means >= 0.8 * rho) & (its_means <= 1.3 * rho)
    return [
        Figure("smallest mean activation of a unit / rho", float(share.min()), 0.8, 1.3),
        Figure("largest mean activation of a unit / rho", float(share.max()), 0.8, 1.3),
        Figure("std of a unit over the digits", right_std),
        Figure("std of a unit over the digits, the article's penalty in its place", wrong_std, 0, right_std),
        Figure("article's settings, right penalty: units within .8 to 1.3 rho, %", 100 * float(within.mean())),
        Figure("article's settings, right penalty: mean of rho_hat (asked for: .01)", float(its_means.mean())),
    ]


def _chain(features: int, hidden: int, penalty: Layer, weight_decay: float) -> Autoencoder:
    """A sparse autoencoder with another penalty in its place."""
    return Autoencoder(
        [Dense(features, hidden, init="ufldl"), Sigmoid(), penalty],
        [Dense(hidden, features, init="ufldl"), Sigmoid()],
        weight_decay=weight_decay,
        seed=SEED,
        dtype="float32",
    )


def _train(model: Autoencoder, x: Array, setting: Setting) -> History:
    rate = CosineDecay(5e-3, steps=setting.epochs * -(-len(x) // setting.batch))
    return fit(model, x, epochs=setting.epochs, batch_size=setting.batch, optimizer=Adam(rate), seed=SEED)


def _means(code: Array) -> Array:
    return code.mean(axis=0, dtype=np.float64)


SYSTEM = System("sparse autoencoder 784-200-784, rho .1, and the article's", "MNIST", run)
