r"""UFLDL exercise 8: learned features convolved over whole photographs, then mean-pooled.

A hidden unit was trained on patches x, each with its mean taken off and divided by s (see
:func:`~miniae.data.normalize_patches`; the clipping of the few largest values is left out here, as it is not linear):

.. math::
    a(x) = \sigma\Big(b + \sum_q w_q \big(0.5 + \tfrac{0.4}{s}(x_q - \bar x)\big)\Big)
         = \sigma\Big(b + \tfrac12 \sum_q w_q + \sum_q \tfrac{0.4}{s} (w_q - \bar w)\, x_q\Big)              \tag{1}

The right side is affine in x, so that at every place of a photograph it is a convolution with one kernel a unit.
"""

import numpy as np

from miniae import plots
from miniae.data import normalize_patches, photographs, sample_patches, whiten_image
from miniae.lbfgs import lbfgs
from miniae.models import SparseAutoencoder
from miniae.ops import conv2d_forward, mean_pool2d_forward, sigmoid_forward
from miniae.systems.system import Figure, Run, System

SIZE, HIDDEN, POINTS, POOL = 8, 25, 1000, 19


def run(job: Run) -> list[Figure]:
    """Learn 25 features from patches; compare at 1,000 points; pool; draw one photograph's maps."""
    whitened = [whiten_image(picture)[4:-4, 4:-4] for picture in photographs()]
    patches = sample_patches(whitened, job.pick(10_000, 1000), SIZE, seed=0)
    centred = patches - patches.mean(axis=1, keepdims=True)
    s = 3 * float(np.sqrt(np.mean(centred**2)))
    model = SparseAutoencoder(SIZE**2, HIDDEN, rho=0.01, beta=3.0, weight_decay=1e-4, seed=0)
    lbfgs(model, normalize_patches(patches), iterations=job.pick(400, 20))

    w, b = (model.layout.views(model.theta)[name] for name in ("w1", "b1"))
    kernel = (0.4 / s * (w - w.mean(axis=0))).reshape(SIZE, SIZE, 1, HIDDEN)  # (1)
    bias = b + 0.5 * w.sum(axis=0)
    rng = np.random.default_rng(0)
    worst, mean_error = 0.0, 0.0
    for picture in whitened:
        maps = sigmoid_forward(conv2d_forward(picture[None, :, :, None], kernel, bias)[0])[0][0]
        rows, columns = (rng.integers(n, size=POINTS // len(whitened)) for n in maps.shape[:2])
        there = np.stack([picture[r : r + SIZE, c : c + SIZE].ravel() for r, c in zip(rows, columns, strict=True)])
        there = 0.5 + 0.4 / s * (there - there.mean(axis=1, keepdims=True))
        worst = max(worst, float(np.abs(model.encode(there) - maps[rows, columns]).max()))
        pooled = mean_pool2d_forward(maps[None], kernel_size=POOL)[0][0]
        by_hand = maps[:POOL, :POOL].mean(axis=(0, 1))
        mean_error = max(mean_error, float(np.abs(pooled[0, 0] - by_hand).max()))
    maps = sigmoid_forward(conv2d_forward(whitened[0][None, :, :, None], kernel, bias)[0])[0]
    pooled = mean_pool2d_forward(maps, kernel_size=POOL)[0]
    job.save(plots.filters(w), "ufldl8-filters")
    job.save(plots.feature_maps(maps[0, ::2, ::2]), "ufldl8-maps")
    job.save(plots.feature_maps(pooled[0]), "ufldl8-pooled")
    return [
        Figure(f"largest difference, convolution and autoencoder, at {POINTS} points", worst, 0, 1e-9),
        Figure("largest difference, pooling and mean", mean_error, 0, 1e-12),
    ]


SYSTEM = System("convolved and pooled features, 25 units, 8x8", "photographs of scikit-image, whitened", run)
