"""SSIM: how alike two pictures look, by the brightness, contrast and structure of their parts.

Shapes: N images, H W height and width.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, check_floats, check_target, moved
from miniae.optional import require


def ssim(y: Float[Array, "N H W"], target: Float[Array, "N H W"]) -> float:
    r"""Structural similarity of gray pictures with pixels in [0, 1], mean over pictures.

    Every place of a picture is compared through a window of 7 x 7 pixels, with the means, variances and the covariance
    of what is seen in the two pictures:

    .. math::
        SSIM = \frac{(2 \mu_y \mu_t + c_1)(2 \sigma_{yt} + c_2)}
                    {(\mu_y^2 + \mu_t^2 + c_1)(\sigma_y^2 + \sigma_t^2 + c_2)},
        \qquad c_1 = 0.01^2, \; c_2 = 0.03^2                                           \tag{1}

    1 for equal pictures, about 0 for unrelated ones. The constants keep an empty window from being 0/0. A squared
    error forgives a blurred stroke and not a shifted one; (1) is closer to what is seen. Published figures are often
    for the paper's window, a Gaussian of 11 x 11 pixels; this one is flat, scikit-image's default.

    Args:
        y: pictures, (N, H, W), H and W at least 7.
        target: what they should be, the shape of ``y``.

    Returns:
        A number from -1 to 1.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ, there is no picture, or pictures are smaller than the window.

    >>> pictures = np.random.default_rng(0).uniform(size=(3, 8, 8))
    >>> ssim(pictures, pictures)
    1.0

    Source: Wang, Bovik, Sheikh, Simoncelli (2004), "Image quality assessment: from error visibility to structural
    similarity".
    """
    check_floats("ssim", y=y, target=target)
    check_target("ssim", y, target)
    if y.ndim != 3 or min(y.shape[1:]) < 7:
        raise ValueError(f"ssim: pictures must be (N, H, W) with H and W at least 7, got {y.shape}")
    y, target = moved(y, np), moved(target, np)  # scikit-image takes no others
    compare = require("skimage.metrics", extra="course").structural_similarity
    return float(np.mean([compare(a, b, data_range=1.0) for a, b in zip(y, target, strict=True)]))
