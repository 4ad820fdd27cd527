"""System 003c: a variational autoencoder on MNIST, its pixels gray and its pixels drawn black or white.

A pixel's gray value is no outcome of a coin, so the cross-entropy of gray pixels is not a likelihood, and the figure
for them no bound of one. For black-or-white pixels it is: minus the bound, in nats. Which pixels are black is drawn
from the gray values anew in every step, and once for the test. Cutting the gray values at 1/2 instead would make images
that have hardly any chance left in them, and a figure that says little of the model.
"""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import Dataset
from miniae.models import VariationalAutoencoder
from miniae.models.variational_autoencoder import gaussian_kl
from miniae.optimizers import Adam
from miniae.systems.system import Figure, Run, System
from miniae.training import History, fit

SEED, DRAWS = 0, 100_000


def run(job: Run) -> list[Figure]:
    """Train twice for 20 epochs on 60,000 digits; minus the bound on the 10,000 test digits, a code drawn for each.

    Then, of the model of gray pixels: the standard deviation of 100,000 codes drawn for one digit against what the
    encoder says, the largest relative error among the latents, held against four standard errors; and the divergence
    of the test digits in closed form against the mean of log q(z) - log p(z) over codes drawn for them.
    """
    data = job.digits("float32")
    model, history = train(job, data, latent=20, epochs=20)
    binary, binary_history = train(job, data, latent=20, epochs=20, binarize=True)
    cost, binary_cost = (each.cost(each.theta, data.x_test) for each in (model, binary))
    # The best without a code: every pixel with its mean over the training digits as its probability.
    p = np.clip(data.x_train.mean(axis=0, dtype=np.float64), 1e-6, 1 - 1e-6)
    t = data.x_test.mean(axis=0, dtype=np.float64)
    without = float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).sum())
    ten = data.x_test[:10]
    job.save(plots.image_rows({"original": ten, "reconstruction": model.reconstruct(ten)}), "s003c-digits")
    drawn = binary.sample(100, SEED)
    job.save(plots.image_rows({f"{k + 1}": drawn[10 * k : 10 * k + 10] for k in range(10)}), "s003c-samples")
    between = model.interpolate(data.x_test[:6], data.x_test[6:12], steps=10)
    job.save(plots.image_rows({f"pair {k + 1}": between[:, k] for k in range(6)}), "s003c-between")
    job.save(plots.curves({"gray_cost": history["cost"], "binary_cost": binary_history["cost"]}), "s003c-cost")
    return [
        Figure("cost on gray pixels, nats (not a likelihood)", cost, 0, job.pick(105, without)),
        Figure("minus the bound on drawn pixels, nats", binary_cost, 0, job.pick(101, without)),
        Figure("std of drawn codes, largest relative error", _std_error(model, ten[:1]), 0, 4 / np.sqrt(2 * DRAWS)),
        Figure("divergence, relative error of closed form to draws", _kl_error(model, data.x_test), 0, 0.01),
    ]


def train(
    job: Run, data: Dataset, latent: int, epochs: int, *, binarize: bool = False
) -> tuple[VariationalAutoencoder, History]:
    """A model with 400 hidden units after so many epochs; quickly, 100 of them and 15 epochs."""
    model = VariationalAutoencoder(
        data.x_train.shape[1], job.pick(400, 100), latent, binarize=binarize, dtype="float32", seed=SEED
    )
    epochs, batch, rate = job.pick((epochs, 128, 1e-3), (15, 32, 3e-3))
    return model, fit(model, data.x_train, epochs=epochs, batch_size=batch, optimizer=Adam(rate), seed=SEED)


def _std_error(model: VariationalAutoencoder, x: Array) -> float:
    """How far the standard deviation of many codes drawn for one example is from the encoder's."""
    z = model.draw(np.repeat(x, DRAWS, axis=0)).astype(np.float64)
    said = np.exp(model.posterior(x)[1][0].astype(np.float64) / 2)
    return float(np.abs(z.std(axis=0) / said - 1).max())


def _kl_error(model: VariationalAutoencoder, x: Array) -> float:
    """How far the divergence in closed form is from its estimate, (1) of ``gaussian_kl`` at codes drawn."""
    mean, log_var = (part.astype(np.float64) for part in model.posterior(x))
    ratios = []
    for seed in range(DRAWS // len(x)):
        z = model.draw(x, seed).astype(np.float64)
        log_q = -(log_var + (z - mean) ** 2 / np.exp(log_var)) / 2
        ratios.append((log_q + z**2 / 2).sum(axis=1).mean())
    return abs(float(gaussian_kl(mean, log_var)[0]) / float(np.mean(ratios)) - 1)


SYSTEM = System("variational autoencoder 784-400-20", "MNIST", run)
