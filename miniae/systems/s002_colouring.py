"""System 002, the colouring variant: gray patches of photographs in, their colours out."""

import numpy as np

from miniae import plots
from miniae.data import colour_patches
from miniae.models import ConvAutoencoder
from miniae.optimizers import RMSProp
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

SIZE = 32
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def run(job: Run) -> list[Figure]:
    """Train on patches of one part of each photograph; squared error on another part, against gray and mean colour."""
    train, test = (patches.astype(np.float32) for patches in colour_patches(SIZE, job.pick(4000, 400), 400, seed=0))
    gray, gray_test = ((patches @ LUMA)[..., None] for patches in (train, test))
    model = ConvAutoencoder((SIZE, SIZE, 1), channels=(16, 32), out_channels=3, dtype="float32", seed=0)
    history = fit(model, gray, train, epochs=job.pick(15, 12), batch_size=job.pick(64, 16), optimizer=RMSProp(1e-3))
    coloured = model.reconstruct(gray_test)
    error = float(np.mean((coloured - test) ** 2))
    as_gray = float(np.mean((gray_test - test) ** 2))
    # The best one can do by brightness alone: the mean hue of the training patches, times the pixel's brightness.
    ratio = (train * gray).sum(axis=(0, 1, 2)) / (gray * gray).sum(axis=(0, 1, 2))
    tinted = float(np.mean((gray_test * ratio - test) ** 2))
    show = slice(0, 400, 40)
    rows = {"gray": np.repeat(gray_test[show], 3, axis=3), "coloured": coloured[show], "true": test[show]}
    job.save(plots.image_rows(rows), "s002-coloured")
    job.save(plots.curves(history), "s002-colouring-cost")
    return [
        Figure("squared error, coloured / left gray", error / as_gray, 0, job.pick(1, 2)),
        Figure("squared error, coloured / tinted by the mean hue", error / tinted, 0, job.pick(1, 3)),
    ]


SYSTEM = System("colouring autoencoder, gray to RGB, 32x32", "photographs of scikit-image, in colour", run)
