"""The contractive autoencoder: its penalty against the Jacobian itself, and what the penalty does to a code."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.models import ContractiveAutoencoder, SoftmaxRegression
from miniae.optimizers import Adam
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

HIDDEN, STRENGTH, SEED, EXAMPLES, STEP = 200, 0.1, 0, 20, 1e-4


def run(job: Run) -> list[Figure]:
    """Train with the penalty and without; compare the closed form with the norm of a Jacobian taken by differences.

    The Jacobians of 20 test digits are built column by column from central differences of the code, in float64. Their
    mean singular values say in how many directions a code moves. The error of a softmax regression on the codes is
    reported for both.
    """
    data = job.digits("float32")
    models = {
        name: _trained(data.x_train, s, job.pick(10, 20)) for name, s in (("plain", 0.0), ("contractive", STRENGTH))
    }
    digits = data.x_test[:EXAMPLES].astype(np.float64)
    slopes, errors, contractions = {}, {}, {}
    worst = 0.0
    for name, model in models.items():
        exact = ContractiveAutoencoder(digits.shape[1], HIDDEN, strength=model.strength)
        exact.theta = model.theta.astype(np.float64)
        jacobians = _jacobians(exact, digits)
        numeric = (jacobians**2).sum(axis=(1, 2))
        worst = max(worst, float(np.abs(exact.contraction(digits) / numeric - 1).max()))
        slopes[f"{name}_slope"] = np.linalg.svd(jacobians, compute_uv=False).mean(axis=0)[:50]
        contractions[name] = float(model.contraction(data.x_test).mean())
        classifier = SoftmaxRegression(HIDDEN, 10, weight_decay=1e-4, seed=SEED, dtype="float32")
        fit(classifier, model.encode(data.x_train), data.y_train, epochs=job.pick(10, 20), optimizer=Adam(3e-3))
        errors[name] = 100 * (1 - classifier.accuracy(model.encode(data.x_test), data.y_test))
    job.save(plots.curves(slopes, step="direction, steepest first"), "contractive-slopes")
    job.save(
        plots.filters(models["contractive"].layout.views(models["contractive"].theta)["w1"][:, :100]),
        "contractive-filters",
    )
    ratio = contractions["contractive"] / contractions["plain"]
    return [
        Figure("closed form against numeric Jacobian, largest relative difference", worst, 0, 1e-6),
        Figure("squared norm of the Jacobian, contractive / plain", ratio, 0, 1),
        Figure("softmax error on plain codes, %", errors["plain"]),
        Figure("on contractive codes, %", errors["contractive"]),
    ]


def _trained(x: Array, strength: float, epochs: int) -> ContractiveAutoencoder:
    model = ContractiveAutoencoder(x.shape[1], HIDDEN, strength=strength, seed=SEED, dtype="float32")
    fit(model, x, epochs=epochs, batch_size=128, optimizer=Adam(1e-3), seed=SEED)
    return model


def _jacobians(model: ContractiveAutoencoder, x: Array) -> Array:
    """Derivatives of each unit by each input at each example, (N, D, H), from differences two steps apart."""
    steps = STEP * np.eye(x.shape[1])
    columns = [(model.encode(x + step) - model.encode(x - step)) / (2 * STEP) for step in steps]
    return np.stack(columns, axis=1)


SYSTEM = System("contractive autoencoder 784-200", "MNIST", run)
