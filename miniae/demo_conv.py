"""The main job with images: check a convolutional autoencoder, train it, look at what it learned, catch a bug."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from miniae import plots
from miniae.arrays import Array
from miniae.backends import Backend, backend
from miniae.data import digits, mnist
from miniae.gradcheck import check
from miniae.models import ConvAutoencoder
from miniae.ops import Pair, conv2d_backward, conv2d_forward
from miniae.optimizers import Adam
from miniae.summary import summary
from miniae.training import fit


@dataclass(frozen=True)
class Setting:
    """One data set's settings."""

    what: str
    load: Callable[[], np.ndarray]
    side: int
    channels: tuple[int, int]
    epochs: int


SETTINGS = {
    "digits": Setting("1,797 handwritten digits of 8x8 pixels", lambda: digits()[0], 8, (16, 8), 30),
    "mnist": Setting("the first 10,000 MNIST digits of 28x28 pixels", lambda: mnist().x_train[:10_000], 28, (16, 8), 6),
}
CHECKED = 3  # examples in the gradient check
KINKS = 0.05  # of the entries may lie beside a kink of a ReLU or a tie of a max-pooling


def demo_conv(data: str, out: Path, seed: int = 0, say: Callable[[str], None] = print) -> bool:
    """As :func:`miniae.demo.demo`; ``seed`` is that of the shuffles, too."""
    if data not in SETTINGS:
        raise ValueError(f"data: {data!r} is unknown for a convolutional autoencoder; known: {', '.join(SETTINGS)}")
    setting = SETTINGS[data]
    x = setting.load()
    side = setting.side
    x = x.reshape(-1, side, side, 1)
    out.mkdir(parents=True, exist_ok=True)
    model = _model(setting, seed, "float32")
    say(f"A convolutional autoencoder on {setting.what}.\n\n{summary(model, x.shape[1:])}\n")

    say("1. Is the hand-written gradient right? A small one of the same build, against central differences:\n")
    small = replace(setting, side=8, channels=(3, 2))
    middle = slice(side // 2 - 4, side // 2 + 4)
    few = np.ascontiguousarray(x[:CHECKED, middle, middle])
    probe = _model(small, seed, "float64")
    right = check(probe, few, kinks=KINKS)
    say(f"{right}\n")

    say(f"2. Training: {setting.epochs} epochs of Adam.\n")
    start = time.perf_counter()
    history = fit(model, x.astype(np.float32), epochs=setting.epochs, batch_size=64, optimizer=Adam(3e-3), seed=seed)
    took = time.perf_counter() - start
    say(f"\nCross-entropy per pixel {history['cost'][0]:.3f} -> {history['cost'][-1]:.3f} in {took:.0f} s.\n")

    say("3. What did it learn? Pictures:\n")
    for name, what in _draw(model, x.astype(np.float32), history, out).items():
        say(f"   {out / name}: {what}")

    say("\n4. Would a mistake be noticed? Going back through a convolution, the kernel is not flipped:\n")
    broken = check(_model(small, seed, "float64", _unflipped()), few, kinks=KINKS)
    say(f"{broken}\n")
    again = check(probe, few, kinks=KINKS)
    say(f"   Flipped again: {again.verdict.upper()}, norm ratio {again.norm_ratio:.1e}.")
    return right.passed and again.passed and set(broken.names("fail")) == {"w1", "b1"}


def _model(setting: Setting, seed: int, dtype: str, on: Backend | str = "numpy") -> ConvAutoencoder:
    shape = (setting.side, setting.side, 1)
    model = ConvAutoencoder(shape, setting.channels, seed=seed, dtype=dtype, backend=on)
    # Biases off zero: in a black region a ReLU of bias zero would sit exactly on its kink.
    for name, view in model.layout.views(model.theta).items():
        if name.startswith("b"):
            view[...] = 0.05
    return model


def _unflipped() -> Backend:
    """The NumPy backend with a bug: dx of a convolution by the kernel as it lies."""

    def backward(dy: Array, cache: Any, **options: Any) -> tuple[Any, ...]:
        dx, _, _ = conv2d_backward(dy, cache._replace(w=cache.w[::-1, ::-1]), **options)
        _, dw, db = conv2d_backward(dy, cache, **options)
        return dx, dw, db

    plain = backend("numpy")
    pairs = {**plain.pairs, "conv2d": Pair(conv2d_forward, backward, linear=("x", "w", "b"))}
    return Backend("unflipped", plain.xp, pairs, plain.costs, {})


def _draw(model: ConvAutoencoder, x: Array, history: Mapping[str, Any], out: Path) -> dict[str, str]:
    """Write the pictures; return each one's name with what to look for in it."""
    ten = x[np.linspace(0, len(x) - 1, 10).astype(int)]
    kernels = model.layout.views(model.theta)["w1"]
    plots.filters(kernels.reshape(-1, kernels.shape[-1]), kernels.shape[:2]).savefig(out / "kernels.png")
    plots.feature_maps(model.network.part(0, 2)(model.theta, ten[:1])[0]).savefig(out / "maps.png")
    plots.image_rows({"original": ten, "reconstruction": model.reconstruct(ten)}).savefig(out / "reconstructions.png")
    plots.curves(history).savefig(out / "cost.png")
    return {
        "kernels.png": "the 3x3 kernels of the first convolution: white counts for, black against",
        "maps.png": "what each of them sees in one digit: ink, its edges on one side, or the empty middle",
        "reconstructions.png": "what comes back through the small code: the digit, softer",
        "cost.png": "cross-entropy per pixel, epoch by epoch",
    }
