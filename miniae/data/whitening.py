"""Whitening of whole photographs: all frequencies alike, as the first stage of vision is thought to make them.

Shapes: H W height and width.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.data.checks import check_finite_floats

CUTOFF = 0.4  # cycles per pixel
VARIANCE = 0.1


def whiten_image(image: Float[Array, "H W"]) -> Float[Array, "H W"]:
    r"""Flatten the spectrum of a photograph, keep its noise down, and scale it to variance 0.1.

    In photographs the amplitude at spatial frequency f falls like 1/f: neighbouring pixels are alike, and a network
    that reconstructs them learns smooth blobs before anything else. Multiplying by f flattens the spectrum. It also
    magnifies what is highest in frequency, where a photograph is mostly noise and the corners of the square frequency
    plane stick out, so a low-pass filter is applied as well:

    .. math::
        R(f) = f\, e^{-(f / f_0)^4}, \qquad f_0 = 0.4 \text{ cycles per pixel}   \tag{1}

    f is the length of the frequency vector. Olshausen and Field write :math:`f_0 = 0.4 N` cycles per *picture*, for
    pictures of N x N pixels; a wave with c cycles per picture has c/N cycles per pixel, so the two are the same. Only
    cycles per pixel mean the same in both directions of a picture that is not square. The highest frequency that
    pixels can show is 0.5.

    R(0) = 0: the result has mean 0. The discrete Fourier transform takes the picture as wrapped around, so that where
    the left border meets the right and the top the bottom an edge shows that is not in the scene, a few pixels wide.

    Args:
        image: gray values in any unit, (H, W), at least one of them different from the others.

    Returns:
        The whitened picture, (H, W), mean 0 and variance 0.1, dtype of ``image``. (UFLDL's ``IMAGES`` have 0.1 as the
        mean of their ten variances.)

    Raises:
        TypeError: if ``image`` is not a float32 or float64 array.
        ValueError: if it is not 2-D, is constant, or holds a value that is not finite.

    >>> x = np.arange(64) / 64
    >>> slow, fast = np.cos(2 * np.pi * 2 * x), np.cos(2 * np.pi * 8 * x)
    >>> image = np.outer(slow, np.ones(64)) / 2 + np.outer(np.ones(64), fast) / 8  # amplitudes like 1/f
    >>> amplitudes = abs(np.fft.fft2(whiten_image(image)))
    >>> bool(np.isclose(amplitudes[2, 0], amplitudes[0, 8], rtol=0.01))
    True

    Source: Olshausen and Field (1997), "Sparse coding with an overcomplete basis set: a strategy employed by V1?".
    """
    check_finite_floats("image", image)
    if image.ndim != 2:
        raise ValueError(f"image: expected gray values of shape (H, W), got shape {image.shape}")
    if image.min() == image.max():
        raise ValueError(f"image: all {image.size} values are {image.flat[0]}; a constant picture cannot be whitened")
    height, width = image.shape
    f = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))  # half the plane: the image is real
    response = (f * np.exp(-((f / CUTOFF) ** 4))).astype(image.dtype)  # (1)
    whitened = np.fft.irfft2(np.fft.rfft2(image) * response, s=image.shape)
    return whitened * np.sqrt(VARIANCE / whitened.var(), dtype=image.dtype)
