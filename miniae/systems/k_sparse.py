"""The k-sparse autoencoder: 25 of 1,000 units, and what a classifier makes of them."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import Dataset
from miniae.models import KSparseAutoencoder, NetworkModel, SoftmaxRegression
from miniae.optimizers import Adam
from miniae.schedules import CosineDecay
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

ALPHA = 3.0


def run(job: Run) -> list[Figure]:
    """Three seeds: features without labels, then logistic regression on them; its mean error on the test digits.

    Training keeps 25 units, the features for the classifier are the 75 largest (alpha 3, as in the paper); what 25
    give is reported beside. Inputs are pixels in [0, 1], as they are.
    """
    data = job.digits("float32")
    hidden, k, seeds, epochs, batch_size = job.pick((1000, 25, 3, 9, 128), (100, 8, 1, 30, 16))
    errors: dict[float, list[float]] = {1.0: [], ALPHA: []}
    for seed in range(seeds):
        model = KSparseAutoencoder(data.x_train.shape[1], hidden, k, seed=seed, dtype="float32")
        _fit(model, data.x_train, None, epochs, batch_size, seed)
        for alpha, found in errors.items():
            found.append(_error(model, data, alpha, batch_size, seed))
        if seed == 0:
            job.save(plots.filters(model.layout.views(model.theta)["w1"][:, :100]), "k-sparse-filters")
            ten = data.x_test[:10]
            side = round(ten.shape[1] ** 0.5)
            rows = {"original": ten, "reconstruction": model.reconstruct(ten).clip(0, 1)}
            job.save(
                plots.image_rows({name: x.reshape(-1, side, side, 1) for name, x in rows.items()}), "k-sparse-digits"
            )
            unused = int((model.encode(data.x_test) == 0).all(axis=0).sum())
    return [
        Figure(
            f"logistic-regression error, mean of {seeds} seeds, %", float(np.mean(errors[ALPHA])), 0, job.pick(2.1, 20)
        ),
        Figure(f"worst of {seeds} seeds, %", max(errors[ALPHA])),
        Figure(f"with the {k} units of training, %", float(np.mean(errors[1.0]))),
        Figure(f"of {hidden} units, silent on every test digit", unused),
    ]


def _fit(model: NetworkModel, x: Array, target: Array | None, epochs: int, batch_size: int, seed: int) -> None:
    rate = CosineDecay(1e-3, steps=epochs * -(-len(x) // batch_size))
    fit(model, x, target, epochs=epochs, batch_size=batch_size, optimizer=Adam(rate), seed=seed)


def _error(coder: KSparseAutoencoder, data: Dataset, alpha: float, batch_size: int, seed: int) -> float:
    """Of a softmax regression on the codes, in per cent. All are scaled alike, to a standard deviation of 1."""
    codes, test_codes = coder.encode(data.x_train, alpha), coder.encode(data.x_test, alpha)
    scale = codes.std()
    model = SoftmaxRegression(codes.shape[1], 10, weight_decay=0.0, seed=seed, dtype="float32")
    _fit(model, codes / scale, data.y_train, 25, batch_size, seed)
    return 100 * (1 - model.accuracy(test_codes / scale, data.y_test))


SYSTEM = System("k-sparse autoencoder 784-1000, k 25, logistic regression", "MNIST", run)
