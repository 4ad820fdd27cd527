"""System 003d: a generative adversarial network on a ring of eight normal distributions, its modes.

The generator is asked for examples that pass as real, not for all kinds of them. One that makes points of a single
mode may do well, until the discriminator learns to distrust that mode and both move on to the next: the modes
collapse. Here the points of the plane that latents of two numbers fill are bent into the ring, and all modes are
found. The same training from latents of 16 numbers is run beside it.

Source: Metz et al. (2017), "Unrolled generative adversarial networks", for the ring.
"""

from typing import NamedTuple

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.layers import Dense, LeakyReLU
from miniae.models import GenerativeAdversarialNetwork
from miniae.optimizers import Adam
from miniae.schedules import CosineDecay
from miniae.systems.system import Figure, Run, System
from miniae.training import Epoch, fit

ANGLES = 2 * np.pi * np.arange(8) / 8
MODES, STD = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), 0.1
WITHIN = 3 * STD  # where 98.9 % of a mode's own points lie
SAMPLES, SHARE = 10_000, 0.01
STEPS = 100  # in an epoch


class Result(NamedTuple):
    """What came of one training: modes covered, share of samples near a mode, samples by step."""

    covered: int
    near: float
    stages: dict[str, Array]


def run(job: Run) -> list[Figure]:
    """Train for 4,000 steps of 256 points, from three seeds; the fewest modes that 10,000 samples cover.

    A mode is covered where at least 1 % of the samples lie within 3 standard deviations of it; a fair share would be
    12.5 %. Of high quality are the samples within 3 standard deviations of any mode. Then once with 16 latents.
    """
    results = [_train(job, latent=2, seed=seed) for seed in job.pick((0, 1, 2), (0,))]
    wide = _train(job, latent=16, seed=0)
    job.save(plots.samples_over_modes(results[0].stages, MODES, WITHIN), "s003d-ring")
    job.save(plots.samples_over_modes(wide.stages, MODES, WITHIN), "s003d-ring-16-latents")
    return [
        Figure(f"modes covered of 8, fewest of {len(results)} seeds", min(r.covered for r in results), job.pick(8, 1)),
        Figure("samples of high quality, mean over seeds, %", 100 * float(np.mean([r.near for r in results]))),
        Figure("modes covered from 16 latents, seed 0", wide.covered),
        Figure("samples of high quality from 16 latents, seed 0, %", 100 * wide.near),
    ]


def _train(job: Run, latent: int, seed: int) -> Result:
    hidden, batch, epochs = job.pick((128, 256, 40), (64, 64, 6))
    model = GenerativeAdversarialNetwork(
        [*_hidden(latent, hidden), Dense(hidden, 2)],
        [*_hidden(2, hidden), Dense(hidden, 1)],
        latent,
        seed=seed,
        dtype="float32",
    )
    stages = {"step 0": model.sample(1000)}

    def keep(epoch: Epoch) -> None:
        if epoch.number in (epochs // 8, epochs // 4, epochs // 2, epochs):
            stages[f"step {epoch.number * STEPS}"] = model.sample(1000)

    points = _ring(batch * STEPS, seed)
    rate = CosineDecay(1e-3, epochs * STEPS)
    fit(model, points, epochs=epochs, batch_size=batch, optimizer=Adam(rate, beta1=0.5), callbacks=[keep], seed=seed)
    distances = np.linalg.norm(model.sample(SAMPLES)[:, None] - MODES, axis=2)
    near = distances.min(axis=1) <= WITHIN
    shares = np.bincount(distances.argmin(axis=1)[near], minlength=len(MODES)) / SAMPLES
    return Result(int((shares >= SHARE).sum()), float(near.mean()), stages)


def _hidden(features: int, hidden: int) -> list[Dense | LeakyReLU]:
    """Two hidden layers."""
    first, second = (Dense(n, hidden, init="he_uniform") for n in (features, hidden))
    return [first, LeakyReLU(0.2), second, LeakyReLU(0.2)]


def _ring(n: int, seed: int) -> Array:
    """Points around modes drawn evenly, (n, 2)."""
    rng = np.random.default_rng(seed)
    points = MODES[rng.integers(len(MODES), size=n)] + STD * rng.standard_normal((n, 2))
    return points.astype(np.float32)


SYSTEM = System("generative adversarial network 2-128-128-2", "a ring of 8 normal distributions", run)
