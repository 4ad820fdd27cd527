"""Dictionaries: three kinds of sparse autoencoder find the features of which synthetic data is made."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.metrics import dead_units, fvu, l0, max_cosines
from miniae.models import JumpReLUDictionary, L1Dictionary, TopKDictionary
from miniae.models.dictionary import Dictionary
from miniae.optimizers import Adam
from miniae.resampling import ResampleDeadUnits
from miniae.schedules import CosineDecay
from miniae.systems.system import Figure, Run, System
from miniae.training import fit

DIMENSIONS, FEATURES, SHARE, SEED, BATCH = 64, 128, 0.04, 0, 128

# One setting of each kind for the figures, and others around it for the frontier.
KINDS: dict[str, tuple[float, tuple[float, ...], Callable[..., Dictionary]]] = {
    "L1": (0.2, (0.05, 0.1, 0.4), lambda setting, **options: L1Dictionary(strength=setting, **options)),
    "TopK + AuxK": (8, (3, 5, 12), lambda setting, **options: TopKDictionary(k=setting, dead_after=20, **options)),
    "JumpReLU": (
        0.03,
        (0.01, 0.1, 0.2),
        lambda setting, **options: JumpReLUDictionary(strength=setting, bandwidth=0.5, initial=0.3, **options),
    ),
}
COSINE = {"L1": 0.95, "TopK + AuxK": 0.98, "JumpReLU": 0.95}


class Data(NamedTuple):
    """Examples x = c f: the coefficients c of the features f, most of them 0."""

    x: Array
    coefficients: Array


def run(job: Run) -> list[Figure]:
    """Train each kind on sums of known features; how near each feature was found, on 10,000 examples not trained on.

    The 128 features are random directions in 64 dimensions, so they cannot all be at right angles, and what makes
    them findable is that each is present in one example of 25 only. The cosine of a feature to the nearest *random*
    direction is shown beside. "Size" is the slope of a unit's activation by the coefficient of its feature. L1 pulls it
    down; for the others it is below 1 as well, since a unit also hears the other features and discounts what it hears.
    Of L1 and JumpReLU, dead units are resampled after each of the first 80 % of the epochs; TopK has AuxK. The quick
    run is the same with fewer examples and epochs.
    """
    # A seed of its own: the same one would draw the very directions that a dictionary starts with.
    features = np.random.default_rng([SEED, 1]).standard_normal((FEATURES, DIMENSIONS)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    train, test = _examples(features, job.pick(50_000, 5000), 2), _examples(features, job.pick(10_000, 2000), 3)
    epochs = job.pick(40, 15)
    untrained = L1Dictionary(DIMENSIONS, FEATURES, strength=0.0, seed=SEED, dtype="float32")
    cosines = {"untrained": max_cosines(features, untrained.directions)}
    figures = [
        Figure("true L0", l0(test.coefficients)),
        Figure("untrained: mean max cosine", float(cosines["untrained"].mean())),
    ]
    frontier: dict[str, list[tuple[float, float]]] = {}
    for kind, (setting, others, make) in KINDS.items():
        model = _trained(make, setting, train.x, epochs)
        codes = model.encode(test.x)
        cosines[kind] = max_cosines(features, model.directions)
        frontier[kind] = [_sparsity(model, test.x)]
        low = job.pick(COSINE[kind], 1.5 * float(cosines["untrained"].mean()))
        figures += [
            Figure(f"{kind}: mean max cosine", float(cosines[kind].mean()), low),
            Figure(f"{kind}: dead units", float(dead_units(codes).sum()), *job.pick((0, 0), ())),
            Figure(f"{kind}: L0", l0(codes), *((0, setting) if isinstance(model, TopKDictionary) else ())),
            Figure(f"{kind}: fraction of variance unexplained", fvu(model.reconstruct(test.x), test.x)),
            Figure(f"{kind}: size of activations", _size(model, features, codes, test.coefficients)),
        ]
        job.save(plots.activation_histogram(codes), f"dictionary-{kind.split()[0].lower()}-activations")
        frontier[kind] += [_sparsity(_trained(make, o, train.x, epochs), test.x) for o in job.pick(others, ())]
    job.save(plots.cosine_histogram(cosines), "dictionary-cosines")
    job.save(plots.sparsity_frontier(frontier, l0(test.coefficients)), "dictionary-frontier")
    return figures


def _examples(features: Array, n: int, stream: int) -> Data:
    """Each feature is present with probability SHARE, with a coefficient from .5 to 1.5."""
    rng = np.random.default_rng([SEED, stream])
    present = rng.uniform(size=(n, FEATURES)) < SHARE
    coefficients = (present * rng.uniform(0.5, 1.5, size=(n, FEATURES))).astype(np.float32)
    return Data(coefficients @ features, coefficients)


def _trained(make: Callable[..., Dictionary], setting: float, x: Array, epochs: int) -> Dictionary:
    model = make(setting, in_features=DIMENSIONS, hidden=FEATURES, seed=SEED, dtype="float32")
    rate = CosineDecay(3e-3, steps=epochs * -(-len(x) // BATCH))
    resampling = ResampleDeadUnits(x[:10_000], every=1, until=8 * epochs // 10)
    callbacks = [] if isinstance(model, TopKDictionary) else [resampling]
    fit(model, x, epochs=epochs, batch_size=BATCH, optimizer=Adam(rate), callbacks=callbacks, seed=SEED)
    return model


def _sparsity(model: Dictionary, x: Array) -> tuple[float, float]:
    """L0 and the fraction of variance unexplained."""
    return l0(model.encode(x)), fvu(model.reconstruct(x), x)


def _size(model: Dictionary, features: Array, codes: Array, coefficients: Array) -> float:
    """Least-squares slope of activations by coefficients, each feature with its nearest unit, where it is present."""
    nearest = (features @ model.directions.T).argmax(axis=1)
    present = coefficients > 0
    return float((codes[:, nearest] * coefficients)[present].sum() / (coefficients**2).sum())


SYSTEM = System("dictionaries 64-128: L1, TopK + AuxK, JumpReLU", "synthetic: sums of 128 known features", run)
