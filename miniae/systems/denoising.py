r"""What the denoising systems share: a noise, a network trained against it, and the best linear denoiser beside it.

The linear denoiser is least squares from noisy to clean training pictures, its outputs clipped to [0, 1]:

.. math::
    W = (\tilde X^T \tilde X)^{-1} \tilde X^T X, \qquad
    h(\tilde x) = \min(\max(\tilde x W, 0), 1)                                                 \tag{1}

with a column of ones in :math:`\tilde X` for the bias. No matrix does better on the training pictures before
clipping, and clipping brings every output nearer to a pixel in [0, 1].
"""

from typing import NamedTuple

import numpy as np

from miniae.arrays import Array
from miniae.data import Dataset
from miniae.layers.noise import NoiseLayer
from miniae.metrics import psnr, ssim
from miniae.models import DenoisingAutoencoder
from miniae.optimizers import Adam
from miniae.schedules import CosineDecay
from miniae.systems.system import Run
from miniae.training import History, fit

HIDDEN, BATCH = 512, 128
TRAINING, TEST, LINEAR = 0, 1, 2  # seeds of the noise: nothing is tested on noise that it was trained on


class Denoised(NamedTuple):
    """Test pictures before and after, (N, D) each, and how training went."""

    noisy: Array
    linear: Array
    denoised: Array
    history: History


def denoise(job: Run, data: Dataset, noise: NoiseLayer, epochs: int) -> Denoised:
    """Train a denoising autoencoder and fit a linear denoiser; what both make of the noisy test pictures."""
    model = DenoisingAutoencoder(data.x_train.shape[1], HIDDEN, noise, dtype="float32", seed=TRAINING)
    batch = job.pick(BATCH, 32)
    rate = CosineDecay(2e-3, steps=epochs * -(-len(data.x_train) // batch))
    history = fit(model, data.x_train, epochs=epochs, batch_size=batch, optimizer=Adam(rate), seed=TRAINING)
    noisy = model.corrupt(data.x_test, seed=TEST)
    linear = _linear(model.corrupt(data.x_train, seed=LINEAR), data.x_train, noisy)
    return Denoised(noisy, linear, model.reconstruct(noisy), history)


def decibels(shown: Denoised, clean: Array) -> dict[str, float]:
    """PSNR of the noisy pictures and of what either denoiser makes of them."""
    return {name: psnr(getattr(shown, name), clean) for name in ("noisy", "linear", "denoised")}


def similarity(x: Array, clean: Array) -> float:
    """SSIM of rows of square pictures."""
    side = round(clean.shape[1] ** 0.5)
    return ssim(x.reshape(-1, side, side), clean.reshape(-1, side, side))


def _linear(noisy: Array, clean: Array, test: Array) -> Array:
    """(1), fitted to the first two and applied to the third."""
    z, z_test = (np.hstack([x, np.ones((len(x), 1))]) for x in (noisy.astype(np.float64), test.astype(np.float64)))
    w = np.linalg.lstsq(z.T @ z, z.T @ clean, rcond=None)[0]  # (1); lstsq, for some pixels may be 0 in all pictures
    return (z_test @ w).clip(0, 1).astype(clean.dtype)
