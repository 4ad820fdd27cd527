"""Pictures of what an autoencoder has learned: its weights, its reconstructions, its cost, its hidden units.

Every function returns a Matplotlib ``Figure``, which a notebook shows when it is the last line of a cell and which
``figure.savefig("name.png")`` writes to a file, with or without a display. ``ax=`` draws into axes of your own
instead. Nothing is registered with ``pyplot``, so no figure needs closing. Matplotlib is imported when the first
picture is drawn, not with this package.
"""

from miniae.plots.activations import activation_histogram, mean_activations
from miniae.plots.curves import curves
from miniae.plots.feature_maps import feature_maps
from miniae.plots.filters import filters
from miniae.plots.image_rows import image_rows
from miniae.plots.mosaic import mosaic

__all__ = ["activation_histogram", "curves", "feature_maps", "filters", "image_rows", "mean_activations", "mosaic"]
