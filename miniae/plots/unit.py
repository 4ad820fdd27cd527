"""One hidden unit: what it looks for, how often it is active, and what activates it most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import BLUE, LARGE, SMALL, new_figure
from miniae.plots.checks import finite, on_host
from miniae.plots.mosaic import mosaic
from miniae.plots.tiles import tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP, BINS = 20, 40


def unit(
    number: int,
    a: Float[Array, "N D"],
    x: Float[Array, "N ..."],
    best: Float[Array, "..."] | None = None,
    shape: Sequence[int] | None = None,
) -> "Figure":
    """Draw what a hidden unit learned: the input it looks for, its activations, the examples that activate it most.

    Args:
        number: which unit.
        a: activations of all units, (N, D).
        x: the examples, (N, features) or (N, H, W[, C]).
        best: the input with the largest activation, shaped like an example
            (:func:`miniae.units.maximizing_input`); left out when None.
        shape: (H, W) or (H, W, 3) of an example; that of the images, or the square when None.

    Returns:
        The figure: on the left ``best``, gray where it is 0, in the middle the histogram of activations, on the right
        the 20 examples with the largest, row by row.

    Raises:
        TypeError: if the arrays are not real numbers.
        ValueError: if there is no such unit, ``a`` and ``x`` differ in length, or something is not finite or no image.

    >>> rng = np.random.default_rng(0)
    >>> figure = unit(2, rng.uniform(size=(50, 4)), rng.uniform(size=(50, 64)))
    >>> [axes.get_title() for axes in figure.axes]
    ['Activations of unit 2', 'The 20 examples that activate it most']
    """
    a = finite("unit", "a", a)
    if a.ndim != 2 or len(a) != len(x):
        raise ValueError(f"unit: a must have shape (examples, units) for {len(x)} examples, got {a.shape}")
    if not 0 <= number < a.shape[1]:
        raise ValueError(f"unit: number must lie in [0, {a.shape[1]}), got {number}")
    mine = a[:, number]
    most = np.argsort(-mine, kind="stable")[:TOP]
    examples = tiles("unit", "x", x[most], shape)
    looked_for = None if best is None else tiles("unit", "best", on_host(best)[None], shape)
    figure = new_figure(1900, 650)
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.1)
    widths = [1, 1.4] if looked_for is None else [0.8, 1, 1.4]
    axes = figure.subplots(1, len(widths), width_ratios=widths)
    middle = axes[-2]
    middle.hist(mine, BINS, color=BLUE)
    middle.set_title(f"Activations of unit {number}", fontsize=LARGE)
    middle.set_xlabel("activation", fontsize=LARGE)
    middle.set_ylabel("examples", fontsize=LARGE)
    middle.tick_params(labelsize=SMALL)
    middle.spines[["top", "right"]].set_visible(False)
    if looked_for is not None:
        largest = np.abs(looked_for).max() or 1
        _draw(axes[0], looked_for, 1, "The input it looks for", -largest, largest)  # 0 in the middle of the gray scale
    title = f"The {len(most)} examples that activate it most"
    _draw(axes[-1], examples, 5, title, examples.min(), examples.max())
    return figure


def _draw(ax: "Axes", images: np.ndarray, columns: int, title: str, low: float, high: float) -> None:
    """Images on one gray scale, black at ``low`` and white at ``high``."""
    picture = mosaic((images - low) / ((high - low) or 1), columns, separator=1.0)
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=LARGE)
