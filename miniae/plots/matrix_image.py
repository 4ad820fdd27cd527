"""A matrix as an image: a covariance, for one."""

from typing import TYPE_CHECKING

from jaxtyping import Float

from miniae.arrays import Array
from miniae.plots.canvas import SMALL, figure_of, graph_axes
from miniae.plots.checks import finite

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def matrix_image(matrix: Float[Array, "_ _"], title: str = "", *, ax: "Axes | None" = None) -> "Figure":
    """Draw the entries of a matrix in colours, row 0 on top: red above 0, blue below, white at 0.

    Args:
        matrix: real numbers, (rows, columns).
        title: what it shows.
        ax: Matplotlib axes to draw in; a new figure when None.

    Returns:
        The figure.

    Raises:
        TypeError: if the entries are not real numbers.
        ValueError: if ``matrix`` is not 2-D, is empty or not finite.

    >>> import numpy as np
    >>> figure = matrix_image(np.eye(3), "identity")
    >>> figure.axes[0].get_title()
    'identity'
    """
    matrix = finite("matrix_image", "matrix", matrix)
    if matrix.ndim != 2:
        raise ValueError(f"matrix_image: matrix must have shape (rows, columns), got {matrix.shape}")
    ax = graph_axes(ax)
    reach = abs(matrix).max() or 1
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest", origin="upper")
    figure_of(ax).colorbar(image, ax=ax).ax.tick_params(labelsize=SMALL)
    ax.grid(visible=False)
    ax.title.set_text(title)
    return figure_of(ax)
