"""Patches: small squares cut out of pictures at random, the data of UFLDL's first exercise.

Shapes: H W height and width of a picture, n pictures, P pixels of a patch (size times size).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy.lib.stride_tricks import sliding_window_view

from miniae.arrays import Array, check_floats
from miniae.data.checks import check_finite_floats
from miniae.data.natural_images import natural_images
from miniae.data.photographs import photographs
from miniae.data.whitening import whiten_image

BORDER = 4  # pixels; Olshausen and Field keep as far away from the borders of their whitened pictures


def sample_patches(
    images: Sequence[Float[Array, "_ _"]] | Float[Array, "H W n"], count: int, size: int, seed: int
) -> Float[Array, "count P"]:
    """Cut ``count`` square patches out of pictures, each from a random picture at a random place.

    Every picture is as likely as every other, whatever their sizes, and so is, within a picture, every place where
    the whole patch fits, those at the borders included.

    Args:
        images: gray pictures: a list of arrays (H, W), whose sizes may differ, or one array (H, W, n) as UFLDL's
            ``IMAGES``.
        count: how many patches.
        size: their height and width, in pixels.
        seed: the same seed cuts the same patches.

    Returns:
        One patch per row, (count, size * size), row after row of its pixels, dtype of the pictures. (UFLDL keeps a
        patch in a column and unrolls it column after column: the transposed patch.)

    Raises:
        TypeError: if the pictures are not float32 or float64, all alike.
        ValueError: if there is none, one is not 2-D, holds a value that is not finite or is smaller than a patch,
            or if ``count`` or ``size`` is below 1.

    >>> image = np.arange(12.0).reshape(3, 4)
    >>> patch = sample_patches([image], count=1, size=2, seed=0)
    >>> patch - patch[0, 0]  # wherever it was cut, the next column is 1 more and the next row 4
    array([[0., 1., 4., 5.]])

    Source: UFLDL tutorial, "Exercise: Sparse Autoencoder", step 1.
    """
    pictures = _pictures(images)
    if count < 1 or size < 1:
        raise ValueError(f"count and size must be at least 1, got count {count} and size {size}")
    for k, picture in enumerate(pictures):
        if size > min(picture.shape):
            raise ValueError(f"images[{k}]: shape {picture.shape} is too small for patches of size {size}")
    rng = np.random.default_rng(seed)
    which = rng.integers(len(pictures), size=count)
    patches = np.empty((count, size, size), pictures[0].dtype)
    for k, picture in enumerate(pictures):
        mine = which == k
        windows = sliding_window_view(picture, (size, size))  # (H - size + 1, W - size + 1, size, size), no copy
        rows = rng.integers(windows.shape[0], size=mine.sum())
        columns = rng.integers(windows.shape[1], size=mine.sum())
        patches[mine] = windows[rows, columns]
    return patches.reshape(count, size * size)


def normalize_patches(patches: Float[Array, "N P"]) -> Float[Array, "N P"]:
    r"""Bring patches into the range of a sigmoid, [0.1, 0.9].

    .. math::
        z_{np} &= x_{np} - \frac{1}{P} \sum_q x_{nq}                                         \tag{1} \\
        s      &= 3 \sqrt{\frac{1}{NP} \sum_{np} z_{np}^2}                                   \tag{2} \\
        y_{np} &= 0.1 + 0.4 \left(1 + \frac{\min(\max(z_{np}, -s), s)}{s}\right)             \tag{3}

    (1) takes from every patch its *own* mean. Taking the mean of all patches from all of them leaves each with its
    brightness, which is then the largest thing about it, and the hidden units learn nothing but that. (2) is three
    standard deviations of all pixels, the mean of z being 0 (UFLDL's MATLAB divides by NP - 1, which makes no
    difference one could see at N = 10,000). (3) clips, so that a few extreme pixels do not squeeze all others
    together, and keeps away from 0 and 1, which a sigmoid never reaches.

    Args:
        patches: one per row, (N, P), in any unit.

    Returns:
        The same patches in [0.1, 0.9], (N, P), each patch's mean at 0.5 before the clipping.

    Raises:
        TypeError: if ``patches`` is not a float32 or float64 array.
        ValueError: if it is not 2-D, holds a value that is not finite, or if every patch is constant.

    >>> normalize_patches(np.array([[0.0, 2.0], [5.0, 5.0]]))  # s = 3 sqrt(2 / 4)
    array([[0.31143819, 0.68856181],
           [0.5       , 0.5       ]])

    Source: UFLDL tutorial, "Exercise: Sparse Autoencoder", ``normalizeData``.
    """
    check_finite_floats("patches", patches)
    if patches.ndim != 2:
        raise ValueError(f"patches: expected one patch per row, (N, P), got shape {patches.shape}")
    if (patches == patches[:, :1]).all():
        raise ValueError(f"patches: each of the {len(patches)} patches is constant; there is nothing to scale")
    z = patches - patches.mean(axis=1, keepdims=True)  # (1)
    s = 3 * np.sqrt(np.mean(z**2))  # (2)
    return 0.1 + 0.4 * (1 + np.clip(z, -s, s) / s)  # (3)


def photo_patches(count: int = 10_000, size: int = 8, seed: int = 0) -> Float[Array, "count P"]:
    """Patches ready for UFLDL's first exercise, from photographs that come with scikit-image.

    The photographs of :func:`miniae.data.photographs`, whitened, sampled and normalised. Nothing is downloaded. The
    outermost 4 pixels are left out: whitening draws an edge there that is not in the scene
    (:func:`miniae.data.whiten_image`), in the two outermost with four to five times the variance of the rest.

    Args:
        count: how many patches.
        size: their height and width, in pixels.
        seed: the same seed gives the same patches.

    Returns:
        One patch per row, (count, size * size), float64 in [0.1, 0.9].

    Raises:
        ImportError: if scikit-image is not installed, with the command that installs it.
        ValueError: if ``count`` or ``size`` is out of range.

    >>> photo_patches(count=100).shape
    (100, 64)
    """
    inside = slice(BORDER, -BORDER)
    whitened = [whiten_image(picture)[inside, inside] for picture in photographs()]
    return normalize_patches(sample_patches(whitened, count, size, seed))


def natural_image_patches(
    count: int = 10_000, size: int = 8, seed: int = 0, root: str | Path | None = None
) -> Float[Array, "count P"]:
    """Patches ready for UFLDL's first exercise, from the photographs of :func:`miniae.data.natural_images`.

    Arguments and result are those of :func:`photo_patches`; ``root`` is the folder around ``natural-images``,
    ``$MINIAE_DATA`` where it is None. Patches come from everywhere, the borders included, as in the exercise.

    Raises:
        FileNotFoundError: if the file is not there.
        ValueError: if ``count`` or ``size`` is out of range.
    """
    return normalize_patches(sample_patches(natural_images(root), count, size, seed))


def _pictures(images: Sequence[Array] | Array) -> list[Array]:
    """The pictures one by one, checked."""
    if isinstance(images, np.ndarray):
        if images.ndim != 3:
            raise ValueError(f"images: expected a list of pictures or an array (H, W, n), got shape {images.shape}")
        pictures = [images[..., k] for k in range(images.shape[2])]
    else:
        pictures = list(images)
    if not pictures:
        raise ValueError("images: expected at least one picture, got none")
    for k, picture in enumerate(pictures):
        check_finite_floats(f"images[{k}]", picture)
        if picture.ndim != 2:
            raise ValueError(f"images[{k}]: expected gray values of shape (H, W), got shape {picture.shape}")
    check_floats("sample_patches", **{f"images[{k}]": picture for k, picture in enumerate(pictures)})
    return pictures
