"""UFLDL exercise 10: ICA and RICA, independent components of patches of photographs."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import PCA, photographs, sample_patches
from miniae.gradcheck import check
from miniae.lbfgs import lbfgs
from miniae.models import ICA, RICA
from miniae.systems.system import Figure, Run, System

SIZE = 8


def run(job: Run) -> list[Figure]:
    """Check both gradients; learn components of ZCA-whitened 8x8 patches with both; draw what they are.

    ICA takes 64 orthonormal filters and whitening without eps, as its constraint demands. How sparse the components
    are is measured by their excess kurtosis, 0 for a normal distribution: a random rotation of whitened patches is the
    control. With Z for the whitening, a component's filter Z w is what it looks for in a patch, its basis Z^-1 w what
    it puts there.
    """
    x = sample_patches(photographs(), job.pick(10_000, 3000), SIZE, seed=0)
    pca = PCA(x)
    white, matrix = pca.zca(x), pca.zca_matrix()
    ica = ICA(SIZE**2, SIZE**2, seed=0)
    rica = RICA(SIZE**2, SIZE**2, sparsity=0.5, seed=0)
    checked = [check(model, white[:5], elementwise=10_000).norm_ratio for model in (ica, rica)]

    random = _kurtosis(ica.encode(white))
    costs = ica.train(white, iterations=job.pick(300, 20))
    w = ica.layout.views(ica.theta)["w"]
    identity_error = float(np.sum((w.T @ w - np.eye(SIZE**2)) ** 2))
    job.save(plots.filters(matrix @ w), "ufldl10-ica-filters")
    job.save(plots.filters(np.linalg.solve(matrix, w)), "ufldl10-ica-bases")
    job.save(plots.curves({"cost": costs}, step="iteration"), "ufldl10-ica-cost")

    lbfgs(rica, white, iterations=job.pick(200, 20))
    v = rica.layout.views(rica.theta)["w"]
    job.save(plots.filters(np.linalg.solve(matrix, v)), "ufldl10-rica-bases")
    restored = float(np.sum((rica.reconstruct(white) - white) ** 2) / np.sum(white**2))
    return [
        Figure("ICA: gradient norm ratio", checked[0], 0, 1e-7),
        Figure("RICA: gradient norm ratio", checked[1], 0, 1e-7),
        Figure("ICA: sum of (w^T w - I)^2", identity_error, 0, 1e-20),
        Figure("ICA: cost after / before training", costs[-1] / costs[0], 0, 1),
        Figure("random orthonormal filters: mean excess kurtosis", random),
        Figure("ICA: mean excess kurtosis", _kurtosis(ica.encode(white)), random),
        Figure("RICA: mean excess kurtosis", _kurtosis(rica.encode(white)), random),
        Figure("RICA: share of the variance not reconstructed", restored, 0, 1),
    ]


def _kurtosis(z: Array) -> float:
    """Fourth moment over the squared second, less 3, mean over components."""
    z = z - z.mean(axis=0)
    return float(np.mean((z**4).mean(axis=0) / (z**2).mean(axis=0) ** 2) - 3)


SYSTEM = System("ICA 64-64 orthonormal and RICA 64-64, 8x8 patches", "photographs of scikit-image, ZCA-whitened", run)
