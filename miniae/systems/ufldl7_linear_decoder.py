"""UFLDL exercise 7: a sparse autoencoder with a linear decoder learns features of colour patches."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import PCA, colour_patches
from miniae.lbfgs import lbfgs
from miniae.models import SparseAutoencoder
from miniae.systems.system import Figure, Run, System

SIZE, EPS = 8, 0.1
CLEAR, COLOURED = 0.9, 0.9


def run(job: Run) -> list[Figure]:
    """Train on ZCA-whitened colour patches; what share of the coloured filters is opponent; draw the filters.

    There are 10,000 patches and 200 L-BFGS iterations, where UFLDL has 100,000 and 400. A filter is 64 pixels of three
    colours. Its colour direction is the first principal direction of these 64 points. It is clear where it holds 90 %
    of the filter's square, and coloured where its cosine with gray is below .9. It is opponent where it adds one colour
    and subtracts another. Some directions are opponent by chance: the control are random directions that pass for
    coloured by the same rule.
    """
    patches, _ = colour_patches(SIZE, job.pick(10_000, 1000), 1, seed=0)
    x = patches.reshape(len(patches), -1)
    pca = PCA(x)
    model = SparseAutoencoder(
        x.shape[1],
        job.pick(400, 50),
        linear_decoder=True,
        rho=0.035,
        beta=5.0,
        weight_decay=3e-3,
        seed=0,
    )
    white = pca.zca(x, EPS)
    history = lbfgs(model, white, iterations=job.pick(200, 100))
    learned = pca.zca_matrix(EPS) @ model.layout.views(model.theta)["w1"]
    job.save(plots.filters(learned, (SIZE, SIZE, 3)), "ufldl7-filters")
    directions, held = _colour_directions(learned)
    directions = directions[held > CLEAR]
    by_chance = _opponent(np.random.default_rng(0).normal(size=(100_000, 3)))
    used = model.encode(white).mean(axis=0)
    return [
        Figure("cost after / before training", history["cost"][-1] / history["cost"][0], 0, 1),
        Figure(
            "mean activation / rho, median of units",
            float(np.median(used)) / model.rho,
            *job.pick((0.8, 1.3), (0.5, 2)),
        ),
        Figure("share of filters with a clear colour direction", len(directions) / learned.shape[1]),
        Figure("of these, share coloured, not gray", float(_coloured(directions).mean())),
        Figure("random coloured directions: share opponent", by_chance),
        Figure("learned coloured filters: share opponent", _opponent(directions), *job.pick((by_chance, 1), ())),
    ]


def _colour_directions(filters: Array) -> tuple[Array, Array]:
    """Of each filter, a column, the first principal direction in RGB and the share of its square it holds."""
    pixels = filters.T.reshape(-1, SIZE * SIZE, 3)
    _, singular, directions = np.linalg.svd(pixels, full_matrices=False)
    return directions[:, 0], singular[:, 0] ** 2 / (singular**2).sum(axis=1)


def _coloured(directions: Array) -> Array:
    gray = np.ones(3) / np.sqrt(3)
    return abs(directions @ gray) < COLOURED * np.linalg.norm(directions, axis=1)


def _opponent(directions: Array) -> float:
    """Of the coloured ones, the share with entries of both signs; 0 where none is coloured."""
    coloured = directions[_coloured(directions)]
    both = (coloured.min(axis=1) < 0) & (coloured.max(axis=1) > 0)
    return float(both.sum() / max(len(both), 1))


SYSTEM = System(
    "sparse autoencoder 192-400-192, linear decoder, 8x8 colour patches", "photographs of scikit-image, in colour", run
)
