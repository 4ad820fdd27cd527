"""UFLDL exercise 9: sparse coding of patches of whitened photographs, plain and topographic."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import photographs, sample_patches, whiten_image
from miniae.gradcheck import check_function
from miniae.models import SparseCoding, topographic_groups
from miniae.systems.system import Figure, Run, System

SIZE, SIDE = 8, 11  # patches of 8x8, 11x11 = 121 features
SMALL = 0.1  # of the root of a feature's mean square: below it the feature counts as off


def run(job: Run) -> list[Figure]:
    """Check the gradients by features and bases, learn 121 bases of 8x8 patches twice, draw them.

    The share of features that are off is measured on 2,000 patches not used in training, and so is the share of the
    variance not reconstructed. The control is the same with the bases as they start, at random.
    """
    inside = slice(4, -4)
    whitened = [whiten_image(picture)[inside, inside] for picture in photographs()]
    x = sample_patches(whitened, job.pick(22_000, 3000), SIZE, seed=0)
    x -= x.mean(axis=1, keepdims=True)
    x /= x.std()
    train, test = x[2000:], x[: job.pick(2000, 200)]
    side = job.pick(SIDE, 6)
    plain = SparseCoding(SIZE**2, side**2, seed=0)
    topographic = SparseCoding(SIZE**2, side**2, groups=topographic_groups(side), seed=0)
    checked = max(_norm_ratio(model, x[:3]) for model in (plain, topographic))
    random_off, _ = _measured(plain, test)
    settings = {"rounds": job.pick(200, 8), "batch_size": job.pick(2000, 500), "seed": 0}
    costs = plain.train(train, **settings)
    topographic.train(train, **settings)
    off, lost = _measured(plain, test)
    job.save(plots.filters(plain.bases.T, columns=side), "ufldl9-bases")
    job.save(plots.filters(topographic.bases.T, columns=side), "ufldl9-topographic")
    job.save(plots.curves({"cost": costs}, step="round"), "ufldl9-cost")
    return [
        Figure("gradient norm ratio, the larger of plain and topographic", checked, 0, 1e-8),
        Figure("gradient by the bases where they are best, relative", _remaining(plain, test), 0, 1e-10),
        Figure("cost of the last batch / of the first", costs[-1] / costs[0], 0, 1),
        Figure("share of features off, random bases", random_off),
        Figure("share of features off, learned bases", off, random_off, 1),
        Figure("share of the variance not reconstructed", lost, 0, 1),
        Figure("topographic: share of the variance not reconstructed", _measured(topographic, test)[1], 0, 1),
    ]


def _norm_ratio(model: SparseCoding, x: Array) -> float:
    """UFLDL's difference of the gradient by features and bases together from the numeric one."""
    s = np.random.default_rng(0).normal(size=(len(x), len(model.bases)))

    def cost_and_grad(theta: np.ndarray) -> tuple[float, np.ndarray]:
        features, bases = theta[: s.size].reshape(s.shape), theta[s.size :].reshape(model.bases.shape)
        cost, ds, da = model.cost_and_gradients(x, features, bases)
        return cost, np.concatenate([ds.ravel(), da.ravel()])

    theta = np.concatenate([s.ravel(), model.bases.ravel()])
    layout = {"features": s.shape, "bases": model.bases.shape}
    return check_function(cost_and_grad, theta, layout=layout).norm_ratio


def _remaining(model: SparseCoding, x: Array) -> float:
    """How much of the gradient by the bases is left at the best bases, against that at no bases."""
    s = model.encode(x)
    (_, _, left), (_, _, whole) = (
        model.cost_and_gradients(x, s, bases) for bases in (model.best_bases(x, s), 0 * model.bases)
    )
    return float(np.linalg.norm(left) / np.linalg.norm(whole))


def _measured(model: SparseCoding, x: Array) -> tuple[float, float]:
    """The share of features that are off, and of the variance that is not reconstructed."""
    s = model.encode(x)
    off = abs(s) < SMALL * np.sqrt((s * s).mean(axis=0))
    return float(off.mean()), float(np.sum((s @ model.bases - x) ** 2) / np.sum(x * x))


SYSTEM = System("sparse coding, 121 features of 8x8 patches", "photographs of scikit-image, whitened", run)
