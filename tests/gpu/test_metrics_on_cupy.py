"""Metrics and plots of arrays on the GPU: the same numbers as on the host, and what is drawn is brought there."""

import numpy as np
import pytest
from on_cupy import moved, same

from miniae import metrics, plots
from miniae.data.pca import PCA

RNG = np.random.default_rng(0)
Y, TARGET = RNG.uniform(size=(2, 20, 8, 8))
CODES = np.maximum(RNG.normal(size=(20, 9)) - 0.5, 0)
LABELS = np.arange(20) % 3
METRICS = {
    "dead_units": (CODES,),
    "explained_variance": (Y[0], TARGET[0]),
    "fvu": (Y[0].astype("float32"), TARGET[0].astype("float32")),
    "l0": (CODES,),
    "max_cosines": (Y[0], TARGET[0]),
    "mean_max_cosine": (Y[0], TARGET[0]),
    "precision_at_n": (LABELS == 1, CODES[:, 0]),
    "psnr": (Y.astype("float32"), TARGET.astype("float32")),
    "purity": (np.arange(20) % 4, LABELS),
    "ssim": (Y, TARGET),
}
PLOTS = {
    "activation_histogram": (CODES,),
    "cosine_histogram": ({"one": Y[0, 0]},),
    "curves": ({"cost": Y[0, 0]},),
    "feature_maps": (Y,),
    "filters": (CODES.T,),
    "image_rows": ({"original": TARGET, "reconstruction": Y},),
    "latent_grid": (lambda z: np.tile(z, 2), 3),
    "matrix_image": (CODES,),
    "mean_activations": (CODES, 0.3),
    "mosaic": (Y,),
    "point_clouds": ({"raw": CODES[:, :2]}, {"raw": np.eye(2)}),
    "roc_curve": (CODES[:, 0], LABELS == 1),
    "samples_over_modes": ({"start": CODES[:, :2]}, CODES[:3, :2], 0.1),
    "scatter": (CODES[:, :2], LABELS),
    "score_histogram": (CODES[:, 0], LABELS == 1),
    "sparsity_frontier": ({"one": [(3.0, 0.1)]},),
    "unit": (0, CODES, Y, Y[0]),
}


@pytest.mark.parametrize("name", metrics.__all__)
def test_every_metric(cupy, name):
    metric = getattr(metrics, name)
    found, wanted = metric(*moved(cupy, METRICS[name])), metric(*METRICS[name])
    if isinstance(wanted, float):
        assert found == pytest.approx(wanted, rel=1e-6)  # sums over float32 in another order
    else:
        same(found, wanted)


@pytest.mark.parametrize("name", plots.__all__)
def test_every_plot(cupy, name):
    assert getattr(plots, name)(*moved(cupy, PLOTS[name])) is not None


def test_a_plane_of_codes_decoded_on_the_gpu(cupy):
    assert plots.latent_grid(lambda z: cupy.asarray(np.tile(z, 2)), side=3).axes


@pytest.mark.bad_input
def test_pca_says_where_it_runs(cupy):
    with pytest.raises(TypeError, match=r"PCA runs on the CPU, through LAPACK; bring the examples there: x\.get\(\)"):
        PCA(cupy.asarray(CODES))
    with pytest.raises(TypeError, match=r"PCA: x is a cupy array but mean is a numpy array; .* x\.get\(\) comes back"):
        PCA(CODES).rotate(cupy.asarray(CODES))
