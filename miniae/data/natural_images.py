"""Ten whitened photographs in one array, as UFLDL hands them out."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array
from miniae.data.checks import check_finite_floats
from miniae.data.folders import data_folder

FILE = Path("natural-images", "IMAGES_kodak_whitened.npz")


def natural_images(root: str | Path | None = None) -> Float[Array, "H W n"]:
    """Ten whitened photographs from the file ``natural-images/IMAGES_kodak_whitened.npz``.

    They stand in for UFLDL's ``IMAGES.mat``, and are made like it: centre crops of ten photographs of the Kodak suite,
    whitened as :func:`miniae.data.whiten_image` does, the mean of their variances 0.1.

    Args:
        root: folder that holds the folder ``natural-images``; ``$MINIAE_DATA`` where it is None.

    Returns:
        (512, 512, 10), float64, one picture per last index.

    Raises:
        FileNotFoundError: if the file is not there; :func:`miniae.data.photo_patches` needs none.
        ValueError: if the file is damaged or holds no array ``IMAGES`` of three dimensions.
    """
    folder = data_folder(root)
    if folder is None or not (folder / FILE).is_file():
        raise FileNotFoundError(
            f"natural_images: {'MINIAE_DATA is not set' if folder is None else f'{folder / FILE} not found'}\n"
            f"Set MINIAE_DATA to the folder around {FILE}, or use photo_patches(), which needs no file"
        )
    path = folder / FILE
    try:
        with path.open("rb") as file, np.load(file) as archive:
            images = archive["IMAGES"]
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: expected an .npz file with an array IMAGES ({error})") from error
    check_finite_floats("IMAGES", images)
    if images.ndim != 3:
        raise ValueError(f"{path}: expected IMAGES of shape (H, W, n), found {images.shape}")
    return images.astype(np.float64)
