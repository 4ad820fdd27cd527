"""Pictures of what an autoencoder has learned: its weights, its reconstructions, its cost, its hidden units.

Every function returns a Matplotlib ``Figure``, which a notebook shows when it is the last line of a cell and which
``figure.savefig("name.png")`` writes to a file, with or without a display. ``ax=`` draws into axes of your own
instead (but for ``unit``, which needs several). Nothing is registered with ``pyplot``, so no figure needs closing.
Matplotlib is imported when the first picture is drawn, not with this package.
"""

from miniae.plots.activations import activation_histogram, mean_activations
from miniae.plots.curves import curves
from miniae.plots.feature_maps import feature_maps
from miniae.plots.filters import filters
from miniae.plots.image_rows import image_rows
from miniae.plots.latent import latent_grid
from miniae.plots.matrix_image import matrix_image
from miniae.plots.modes import samples_over_modes
from miniae.plots.mosaic import mosaic
from miniae.plots.point_clouds import point_clouds
from miniae.plots.scatter import scatter
from miniae.plots.scores import roc_curve, score_histogram
from miniae.plots.sparse_codes import cosine_histogram, sparsity_frontier
from miniae.plots.unit import unit

__all__ = [
    "activation_histogram",
    "cosine_histogram",
    "curves",
    "feature_maps",
    "filters",
    "image_rows",
    "latent_grid",
    "matrix_image",
    "mean_activations",
    "mosaic",
    "point_clouds",
    "roc_curve",
    "samples_over_modes",
    "scatter",
    "score_histogram",
    "sparsity_frontier",
    "unit",
]
