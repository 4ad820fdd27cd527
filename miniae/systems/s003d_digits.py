"""System 003d on digits: a generative adversarial network of dense layers that draws digits from 64 random numbers."""

import numpy as np

from miniae import plots
from miniae.layers import Dense, Dropout, LeakyReLU, ReLU, Sigmoid
from miniae.models import GenerativeAdversarialNetwork, SoftmaxRegression
from miniae.optimizers import Adam
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

LATENT, SAMPLES, SEED = 64, 10_000, 0


def run(job: Run) -> list[Figure]:
    """Train for 15 epochs on 60,000 digits and draw samples; the share of the rarest digit among 10,000 of them.

    Which digit a sample shows is what a softmax regression on real digits takes it for, right about real ones in 92 of
    100 cases. A generator that makes only some digits, though good ones, leaves others out.
    """
    data = job.digits("float32")
    pixels = data.x_train.shape[1]
    wide, narrow = job.pick((512, 256), (96, 48))
    model = GenerativeAdversarialNetwork(
        [
            Dense(LATENT, narrow, init="he_uniform"),
            ReLU(),
            Dense(narrow, wide, init="he_uniform"),
            ReLU(),
            Dense(wide, pixels),
            Sigmoid(),
        ],
        [
            Dense(pixels, wide, init="he_uniform"),
            LeakyReLU(0.2),
            Dropout(0.3),
            Dense(wide, narrow, init="he_uniform"),
            LeakyReLU(0.2),
            Dropout(0.3),
            Dense(narrow, 1),
        ],
        LATENT,
        seed=SEED,
        dtype="float32",
    )
    epochs, batch = job.pick((15, 128), (20, 64))
    history = fit(model, data.x_train, epochs=epochs, batch_size=batch, optimizer=Adam(2e-4, beta1=0.5), seed=SEED)
    judge = SoftmaxRegression(pixels, 10, dtype="float32", seed=SEED)
    fit(judge, data.x_train, data.y_train, epochs=5, optimizer="adam", seed=SEED)
    shares = np.bincount(judge.predict(model.sample(SAMPLES)), minlength=10) / SAMPLES
    samples = model.sample(100, seed=1)
    job.save(plots.image_rows({f"{k + 1}": samples[10 * k : 10 * k + 10] for k in range(10)}), "s003d-digits")
    job.save(plots.curves({f"{player}_cost": values for player, values in history.items()}), "s003d-digits-cost")
    return [
        Figure("share of the rarest digit among samples, %", 100 * float(shares.min())),
        Figure("share of the most frequent digit, %", 100 * float(shares.max()), -np.inf, job.pick(np.inf, 99)),
        Figure("cost of the discriminator in the last epoch (log 2 if it cannot tell)", history["discriminator"][-1]),
        Figure("cost of the generator in the last epoch", history["generator"][-1]),
    ]


SYSTEM = System("generative adversarial network 64-256-512-784", "MNIST", run)
