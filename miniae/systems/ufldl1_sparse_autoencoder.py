"""UFLDL exercise 1: edge filters from 8x8 patches of whitened natural images."""

from pathlib import Path

from miniae import plots
from miniae.data import natural_image_patches
from miniae.gradcheck import check
from miniae.lbfgs import lbfgs
from miniae.models import SparseAutoencoder
from miniae.systems.system import Figure, System


def run(out: Path) -> list[Figure]:
    """Check the gradient on 10 patches, train 400 iterations on 10,000, draw the filters."""
    x = natural_image_patches(10_000, 8, seed=0)
    model = SparseAutoencoder(64, 25, rho=0.01, beta=3.0, weight_decay=1e-4, seed=0)
    checked = check(model, x[:10])
    history = lbfgs(model, x, iterations=400)
    plots.filters(model.layout.views(model.theta)["w1"]).savefig(out / "ufldl1-filters.png")
    return [
        Figure("gradient norm ratio", checked.norm_ratio, 0, 1e-9),
        Figure("cost after 400 iterations", history["cost"][-1], 0.40, 0.43),
    ]


SYSTEM = System("sparse autoencoder 64-25-64", "natural images (Kodak, whitened)", run)
