"""UFLDL exercise 9: sparse coding of patches of whitened photographs, plain and topographic."""

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.data import photographs, sample_patches, whiten_image
from miniae.gradcheck import check_function
from miniae.models import SparseCoding, topographic_groups
from miniae.systems.system import Figure, Run, System

SIZE, SIDE = 8, 11  # patches of 8x8, 11x11 = 121 features
SMALL = 0.01  # a feature is off where it adds less than this to a patch, in typical lengths of a patch


def run(job: Run) -> list[Figure]:
    """Check the gradients by features and bases, learn 121 bases of 8x8 patches twice, draw them.

    On 2,000 patches not used in training are measured: the cost, against that of random bases of the same lengths, the
    share of features that are off, and the share of the variance that is not reconstructed.
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
    settings = {"rounds": job.pick(150, 8), "batch_size": job.pick(1000, 500), "seed": 0}
    plain.train(train, **settings)
    topographic.train(train, **settings)
    control = SparseCoding(SIZE**2, side**2, seed=1)
    control.bases *= np.linalg.norm(plain.bases, axis=1, keepdims=True)
    cost, off, lost = _measured(plain, test)
    random_cost, random_off, random_lost = _measured(control, test)
    _, topographic_off, topographic_lost = _measured(topographic, test)
    job.save(plots.filters(plain.bases.T, columns=side), "ufldl9-bases")
    job.save(plots.filters(topographic.bases.T, columns=side), "ufldl9-topographic")
    return [
        Figure("gradient norm ratio, the larger of plain and topographic", checked, 0, 1e-8),
        Figure("gradient by the bases where they are best, relative", _remaining(plain, test), 0, 1e-10),
        Figure("cost on unseen patches, learned / random bases", cost / random_cost, 0, 1),
        Figure("share of features off, learned bases", off),
        Figure("share of features off, random bases", random_off),
        Figure("share of features off, topographic", topographic_off),
        Figure("share of the variance not reconstructed, learned bases", lost),
        Figure("share of the variance not reconstructed, random bases", random_lost),
        Figure("share of the variance not reconstructed, topographic", topographic_lost),
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
    return check_function(cost_and_grad, theta, layout=layout, elementwise=10_000).norm_ratio


def _remaining(model: SparseCoding, x: Array) -> float:
    """How much of the gradient by the bases is left at the best bases, against that at no bases."""
    s = model.encode(x)
    (_, _, left), (_, _, whole) = (
        model.cost_and_gradients(x, s, bases) for bases in (model.best_bases(x, s), 0 * model.bases)
    )
    return float(np.linalg.norm(left) / np.linalg.norm(whole))


def _measured(model: SparseCoding, x: Array) -> tuple[float, float, float]:
    """The cost, the share of features that are off, and of the variance that is not reconstructed."""
    s = model.encode(x)
    cost, _, _ = model.cost_and_gradients(x, s, model.bases)
    typical = np.sqrt((x * x).sum() / len(x))
    off = abs(s) * np.linalg.norm(model.bases, axis=1) < SMALL * typical
    return cost, float(off.mean()), float(np.sum((s @ model.bases - x) ** 2) / np.sum(x * x))


SYSTEM = System("sparse coding, 121 features of 8x8 patches", "photographs of scikit-image, whitened", run)
