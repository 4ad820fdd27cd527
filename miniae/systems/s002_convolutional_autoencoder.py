"""System 002: a convolutional autoencoder on MNIST, trained with RMSProp on binary cross-entropy."""

import numpy as np

from miniae import plots
from miniae.models import ConvAutoencoder
from miniae.optimizers import RMSProp
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

EPOCHS, BATCH = 8, 148  # as in the article


def run(job: Run) -> list[Figure]:
    """Train on 60,000 digits; the mean cross-entropy of a pixel over the 10,000 test digits; draw what it does."""
    data = job.digits("float32")
    side = job.pick(28, 8)
    x, x_test = (rows.reshape(-1, side, side, 1) for rows in (data.x_train, data.x_test))
    model = ConvAutoencoder((side, side, 1), channels=(16, 8), dtype="float32", seed=0)
    history = fit(model, x, epochs=EPOCHS, batch_size=BATCH, optimizer=RMSProp(1e-3))
    cost = float(np.mean([model.cost(model.theta, x_test[k : k + 1000]) for k in range(0, len(x_test), 1000)]))
    ten = x_test[:10]
    job.save(plots.image_rows({"original": ten, "reconstruction": model.reconstruct(ten)}), "s002-digits")
    job.save(plots.filters(model.layout.views(model.theta)["w1"].reshape(9, 16)), "s002-filters")
    first = model.network.part(0, 2)(model.theta, ten[:1])
    job.save(plots.feature_maps(first[0]), "s002-maps")
    job.save(plots.feature_maps(model.encode(ten[:1])[0]), "s002-code")
    job.save(plots.curves(history), "s002-cost")
    return [Figure(f"test cross-entropy per pixel after {EPOCHS} epochs", cost, 0, job.pick(0.105, 0.6))]


SYSTEM = System("convolutional autoencoder 16-8, code 7x7x8, RMSProp", "MNIST", run)
