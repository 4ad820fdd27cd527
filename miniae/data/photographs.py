"""Photographs that come with scikit-image and that anybody may use for anything.

Shapes: H W height and width, another for every photograph.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.optional import require

# By their names in skimage.data, with the terms scikit-image states for them. Only pictures that are inside the
# installed package are named here; scikit-image would fetch others from the internet.
PHOTOGRAPHS = {
    "camera": "CC0, by the photographer, Lav Varshney",
    "astronaut": "public domain, NASA (Eileen Collins)",
    "coffee": "CC0, by the photographer, Rachel Michetti, courtesy of Pikolo Espresso Bar",
    "chelsea": "CC0, by the photographer, Stefan van der Walt",
    "rocket": "public domain, SpaceX (launch of DSCOVR)",
    "brick": "CC0, cc0textures.com (Bricks25)",
    "grass": "CC0, linolafett at DeviantArt (Grass-01)",
    "gravel": "CC0, cc0textures.com (Gravel04)",
}

LUMA = np.array([0.2126, 0.7152, 0.0722])


def photographs() -> list[Float[Array, "_ _"]]:
    r"""Eight photographs in gray, in the order of ``PHOTOGRAPHS``.

    Colours are turned to brightness as the eye weights them, green most and blue least (ITU-R BT.709):

    .. math::
        Y = 0.2126\, R + 0.7152\, G + 0.0722\, B                \tag{1}

    Returns:
        Arrays (H, W), float64 in [0, 1]. The sizes differ.

    Raises:
        ImportError: if scikit-image is not installed, with the command that installs it.

    >>> pictures = photographs()
    >>> len(pictures), pictures[0].shape, pictures[3].shape
    (8, (512, 512), (300, 451))
    """
    embedded = require("skimage.data", extra="course")
    return [_gray(getattr(embedded, name)() / 255) for name in PHOTOGRAPHS]


def _gray(picture: Array) -> Array:
    return picture @ LUMA if picture.ndim == 3 else picture  # (1)
