"""UFLDL exercise 1: edge filters from 8x8 patches of whitened natural images."""

from miniae import plots
from miniae.data import natural_image_patches, photo_patches
from miniae.gradcheck import check
from miniae.lbfgs import lbfgs
from miniae.models import SparseAutoencoder
from miniae.systems.system import Figure, Run, System


def run(job: Run) -> list[Figure]:
    """Check the gradient on 10 patches, train 400 L-BFGS iterations on 10,000, draw the filters."""
    x = job.pick(natural_image_patches, photo_patches)(job.pick(10_000, 1000), 8, seed=0)
    model = SparseAutoencoder(64, 25, rho=0.01, beta=3.0, weight_decay=1e-4, seed=0)
    checked = check(model, x[:10])
    history = lbfgs(model, x, iterations=job.pick(400, 100))
    job.save(plots.filters(model.layout.views(model.theta)["w1"]), "ufldl1-filters")
    return [
        Figure("gradient norm ratio", checked.norm_ratio, 0, 1e-9),
        Figure("cost after training", history["cost"][-1], *job.pick((0.40, 0.43), (0, history["cost"][0] / 4))),
    ]


SYSTEM = System("sparse autoencoder 64-25-64", "natural images (Kodak, whitened)", run)
