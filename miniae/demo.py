"""The main job, start to end: check the gradient, train a sparse autoencoder, look at what it learned, catch a bug."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.context import Context
from miniae.data import digits, mnist, photo_patches
from miniae.gradcheck import check
from miniae.layers import Dense, KLSparsity, Sigmoid
from miniae.lbfgs import lbfgs
from miniae.models import Autoencoder, SparseAutoencoder
from miniae.training import History


@dataclass(frozen=True)
class Setting:
    """One data set's settings: how to load it, the sizes and weights, and what there is to see in the filters."""

    what: str
    load: Callable[[int], np.ndarray]
    hidden: int
    rho: float
    weight_decay: float
    iterations: int
    look_for: str


SETTINGS = {
    "photos": Setting(
        what="10,000 patches of 8x8 pixels from whitened photographs",
        load=lambda seed: photo_patches(10_000, 8, seed),
        hidden=25,
        rho=0.01,
        weight_decay=1e-4,
        iterations=400,
        look_for="edges: a bright and a dark stripe side by side, each unit at an orientation and place of its own",
    ),
    "digits": Setting(
        what="1,797 handwritten digits of 8x8 pixels",
        load=lambda seed: digits()[0],
        hidden=25,
        rho=0.1,
        weight_decay=3e-3,
        iterations=400,
        look_for=(
            "parts of digits: arcs and bars, bright where a unit wants ink, dark where it wants none; "
            "a few come twice, for so many units find no more to say about so few pixels"
        ),
    ),
    "mnist": Setting(
        what="the first 5,000 MNIST digits of 28x28 pixels",
        load=lambda seed: mnist().x_train[:5_000],
        hidden=100,
        rho=0.1,
        weight_decay=3e-3,
        iterations=150,
        look_for="pen strokes: loops, arcs and bars, bright where a unit wants ink, dark beside it",
    ),
}
BETA = 3.0
SMALL = 64, 25  # pixels and hidden units of the model that is checked in the place of a large one
CHECKED = 10  # examples in a gradient check: it compares 4 costs for every parameter


class ForgottenKL(KLSparsity):
    """A bug to be caught: the penalty is in the cost, but its gradient was left out of the backward pass."""

    def backward(self, dy: Array, cache: object, grads: object, ctx: Context) -> Array | None:
        """Pass the gradient on as if there were no penalty."""
        return dy


def demo(data: str, out: Path, seed: int = 0, say: Callable[[str], None] = print) -> bool:
    """Run the whole demonstration.

    Args:
        data: a name of :data:`SETTINGS`.
        out: folder for the pictures; made if missing.
        seed: of the patches and of the initial theta.
        say: where the text goes.

    Returns:
        Whether both gradient checks came out as they must: the right one passed, the broken one failed.

    Raises:
        ValueError: if ``data`` is unknown.
    """
    if data not in SETTINGS:
        raise ValueError(f"data: {data!r} is unknown; known: {', '.join(SETTINGS)}")
    setting = SETTINGS[data]
    out.mkdir(parents=True, exist_ok=True)
    x = setting.load(seed)
    features, hidden = x.shape[1], setting.hidden
    model = SparseAutoencoder(
        features, hidden, rho=setting.rho, beta=BETA, weight_decay=setting.weight_decay, seed=seed
    )
    say(f"A sparse autoencoder {features}-{hidden}-{features} on {setting.what}.")
    say(f"rho {setting.rho:g}, beta {BETA:g}, lambda {setting.weight_decay:g}; {model.layout.size:,} parameters.\n")

    say("1. Is the hand-written gradient right? Every coordinate against central differences of the cost:\n")
    probe = _small(model, x, seed)
    if probe[0] is not model:
        say(
            f"(That takes 4 costs a parameter: so of a smaller model, {SMALL[0]} pixels and {SMALL[1]} hidden units.)\n"
        )
    right = check(*probe)
    say(f"{right}\n")

    say(f"2. Training: {setting.iterations} iterations of L-BFGS on all of it.\n")
    start = time.perf_counter()
    history = lbfgs(model, x, iterations=setting.iterations)
    say(f"\nCost {history['cost'][0]:.3f} -> {history['cost'][-1]:.4f} in {time.perf_counter() - start:.1f} s.")
    if history.stopped:
        say(f"Training was {history.stopped}; here is what it had learned.")
    say("")

    say("3. What did it learn? Pictures:\n")
    for name, what in _draw(model, x, history, setting, out).items():
        say(f"   {out / name}: {what}")

    say("\n4. Would a mistake be noticed? The KL term stays in the cost but is left out of the gradient:\n")
    broken = check(_with_forgotten_kl(probe[0], setting), *probe[1:])
    say(f"{broken}\n")
    wrong = [block for block in broken.blocks if block.verdict == "fail"]
    for block in wrong:
        say(f"   {block.name}: {block.failing:.0%} of the entries wrong, the worst by {block.error:.0%} of the largest")
    fine = [block.name for block in broken.blocks if block.verdict == "pass"]
    if fine:
        say(f"   {' and '.join(fine)}: right, for nothing behind the hidden layer feels the penalty")
    again = check(*probe)
    say(f"\n   The term put back: {again.verdict.upper()}, norm ratio {again.norm_ratio:.1e}.\n")
    say(NEXT)
    return right.passed and again.passed and {block.name for block in wrong} == {"w1", "b1"}


NEXT = """What next?
   - Derive it yourself: open tutorials/01_sparse_autoencoder.py, the first lesson.
   - Check a gradient of your own. Any function theta -> (cost, gradient) will do:

         from miniae.gradcheck import check_function
         print(check_function(my_cost_and_gradient, theta))
"""


def _small(model: SparseAutoencoder, x: np.ndarray, seed: int) -> tuple[SparseAutoencoder, np.ndarray]:
    """The model and a few examples to check it on; of a large model, one as it is but with few units and pixels."""
    if model.layout.size < 10_000:
        return model, x[:CHECKED]
    features, hidden = SMALL
    middle = np.abs(x).sum(axis=0).argsort()[-features:]  # the pixels with most ink, so that no input is always 0
    sparsity = model.network.layers[2]
    assert isinstance(sparsity, KLSparsity)
    small = SparseAutoencoder(
        features, hidden, rho=sparsity.rho, beta=sparsity.beta, weight_decay=model.weight_decay, seed=seed
    )
    return small, np.ascontiguousarray(x[:CHECKED, np.sort(middle)])


def _with_forgotten_kl(model: SparseAutoencoder, setting: Setting) -> Autoencoder:
    """The same autoencoder at the same theta, with the bug."""
    features, hidden = model.layout["w1"].shape
    broken = Autoencoder(
        encoder=[Dense(features, hidden), Sigmoid(), ForgottenKL(setting.rho, BETA)],
        decoder=[Dense(hidden, features), Sigmoid()],
        weight_decay=setting.weight_decay,
    )
    broken.theta[...] = model.theta
    return broken


def _draw(model: SparseAutoencoder, x: np.ndarray, history: History, setting: Setting, out: Path) -> dict[str, str]:
    """Write the pictures; return each one's name with what to look for in it."""
    w1 = model.layout.views(model.theta)["w1"]
    plots.filters(w1).savefig(out / "filters.png")
    rows = _reconstructions(model, x)
    plots.image_rows(rows).savefig(out / "reconstructions.png")
    contrast = np.mean(rows["reconstruction"].std(axis=1) / rows["original"].std(axis=1))
    plots.curves(history, step="iteration").savefig(out / "cost.png")
    plots.mean_activations(model.encode(x), setting.rho).savefig(out / "activations.png")
    return {
        "filters.png": setting.look_for,
        "reconstructions.png": (
            f"what comes back has {contrast:.0%} of the original's contrast; "
            "the last row, with the contrast raised again, shows which strokes the code keeps"
        ),
        "cost.png": "steep at first, then flatter: what more iterations would still bring",
        "activations.png": f"every hidden unit's mean activation, close to rho = {setting.rho:g}",
    }


def _reconstructions(model: SparseAutoencoder, x: np.ndarray) -> dict[str, np.ndarray]:
    """Ten examples from the half with most contrast, what comes back of them, and that with contrast raised."""
    strong = x[np.argsort(x.std(axis=1), kind="stable")[len(x) // 2 :]]
    original = strong[np.linspace(0, len(strong) - 1, 10).astype(int)]
    again = model.reconstruct(original)
    mean, gain = again.mean(axis=1, keepdims=True), original.std(axis=1) / again.std(axis=1)
    raised = np.clip(mean + gain[:, None] * (again - mean), 0, 1)
    return {"original": original, "reconstruction": again, "contrast raised": raised}
