"""UFLDL exercise 3: PCA, PCA whitening and ZCA whitening, of points in the plane and of patches of photographs."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import PCA, photographs, sample_patches
from miniae.systems.system import Figure, Run, System

SIZE, SHARE, EPS = 12, 0.99, 0.1


def run(job: Run) -> list[Figure]:
    """Whiten 45 points and 10,000 patches; how far the covariances are from what they should be.

    Without eps the covariance of whitened data is the identity. With it, it is diagonal and its entries are
    lambda / (lambda + eps). The largest entry of the difference is measured. Each patch has its own mean taken off, as
    in the exercise: the direction of equal pixels then has no variance, and whitening without eps leaves it out.
    """
    worst_points = _points(job)
    x = sample_patches(photographs(), job.pick(10_000, 2000), SIZE, seed=0)
    x -= x.mean(axis=1, keepdims=True)
    x /= x.std()  # eps is meant for pixels of variance about 1
    pca = PCA(x)
    kept = pca.components_for(SHARE)
    restored = pca.restore(pca.rotate(x, kept))
    lost = float(np.sum((restored - x) ** 2) / np.sum((x - pca.mean) ** 2))
    white = _covariance(pca.whiten(x, components=SIZE**2 - 1))
    regularised = _covariance(pca.whiten(x, EPS))
    expected = np.diag(pca.variances / (pca.variances + EPS))
    zca = pca.zca(x, EPS)
    rows = {"patches": x, "99 % of variance": restored, "ZCA-whitened": zca}
    job.save(plots.image_rows(rows), "ufldl3-patches")
    job.save(plots.matrix_image(regularised, f"covariance of PCA-whitened patches, eps {EPS}"), "ufldl3-covariance")
    return [
        Figure("45 points: largest |covariance - I|, PCA- and ZCA-whitened", worst_points, 0, 1e-8),
        Figure("patches: components of 144 for 99 % of the variance", kept),
        Figure("patches: share of the variance they keep", pca.share(kept), SHARE, 1),
        Figure("patches: |squared error restored - share lost|", abs(lost - (1 - pca.share(kept))), 0, 1e-10),
        Figure("patches: largest |covariance - I|, PCA-whitened", _largest(white - np.eye(len(white))), 0, 1e-8),
        Figure("patches: largest |covariance - diagonal|, eps .1", _largest(regularised - expected), 0, 1e-8),
    ]


def _points(job: Run) -> float:
    """Draw 45 points through the stages; the largest difference of their whitened covariances from the identity."""
    x = np.random.default_rng(0).normal(size=(45, 2)) @ np.array([[0.3, 0.35], [0.0, 0.12]])
    pca = PCA(x)
    clouds = {"raw": x, "rotated": pca.rotate(x), "PCA-whitened": pca.whiten(x), "ZCA-whitened": pca.zca(x)}
    ends = 2 * pca.directions * np.sqrt(pca.variances)  # two standard deviations
    job.save(plots.point_clouds(clouds, {"raw": ends}), "ufldl3-points")
    return max(_largest(_covariance(clouds[f"{kind}-whitened"]) - np.eye(2)) for kind in ("PCA", "ZCA"))


def _covariance(x: Array) -> Array:
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x)


def _largest(matrix: Array) -> float:
    return float(abs(matrix).max())


SYSTEM = System("PCA and whitening, 2-D points and 12x12 patches", "photographs of scikit-image, gray", run)
