"""PSNR: how far pictures are from what they should be, in decibels.

Shapes: N images, ``...`` the pixels of one.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target


def psnr(y: Float[Array, "N ..."], target: Float[Array, "N ..."]) -> float:
    r"""Peak signal-to-noise ratio of pictures with pixels in [0, 1].

    .. math::
        PSNR = 10 \log_{10} \frac{1}{MSE}, \qquad MSE = \frac{1}{ND} \sum_n \sum_d (y_{nd} - t_{nd})^2     \tag{1}

    The mean is taken over the pixels of all pictures, before the logarithm. (The mean of the pictures' own PSNRs is
    never smaller, for the logarithm is concave.) 10 dB more is a
    tenth of the squared error, 1 dB more about four fifths of it.

    Args:
        y: pictures, (N, ...).
        target: what they should be, the shape of ``y``, pixels in [0, 1]: the peak is 1.

    Returns:
        Decibels; infinite where the pictures are equal.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ or there is no picture.

    >>> round(psnr(np.array([[0.5, 0.0]]), np.array([[0.6, 0.1]])), 6)
    20.0

    Source: Huynh-Thu and Ghanbari (2008), "Scope of validity of PSNR in image/video quality assessment".
    """
    check_floats("psnr", y=y, target=target)
    check_target("psnr", y, target)
    mse = float(array_module(y).square(y - target, dtype=np.float64).mean())
    return float(10 * np.log10(1 / mse)) if mse else float("inf")  # (1)
