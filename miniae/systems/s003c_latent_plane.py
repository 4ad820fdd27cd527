"""System 003c, the latent plane: a variational autoencoder with codes of two numbers, all of which can be seen."""

import numpy as np

from miniae import plots
from miniae.systems.s003c_variational_autoencoder import train
from miniae.systems.system import Figure, Run, System


def run(job: Run) -> list[Figure]:
    """Train for 10 epochs on 60,000 digits; draw what a 20 x 20 grid of codes stands for; the cost on gray pixels."""
    data = job.digits("float32")
    model, history = train(job, data, latent=2, epochs=10)
    job.save(plots.latent_grid(lambda z: model.decode(z.astype(np.float32))), "s003c-plane")
    job.save(plots.curves(history), "s003c-plane-cost")
    cost = model.cost(model.theta, data.x_test)
    return [Figure("cost on gray pixels, nats (not a likelihood)", cost, -np.inf, job.pick(np.inf, history["cost"][0]))]


SYSTEM = System("variational autoencoder 784-400-2", "MNIST", run)
