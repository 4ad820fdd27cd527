"""Data sets: digits, garments, photographs and patches, as arrays of floats in [0, 1] with one row per example."""

from miniae.data.checks import check_finite_floats
from miniae.data.colour import colour_patches, colour_photographs
from miniae.data.digits import digits
from miniae.data.idx import read_idx
from miniae.data.mnist import Dataset, fashion_mnist, mnist
from miniae.data.natural_images import natural_images
from miniae.data.patches import natural_image_patches, normalize_patches, photo_patches, sample_patches
from miniae.data.pca import PCA
from miniae.data.photographs import photographs
from miniae.data.whitening import whiten_image

__all__ = [
    "PCA",
    "Dataset",
    "check_finite_floats",
    "colour_patches",
    "colour_photographs",
    "digits",
    "fashion_mnist",
    "mnist",
    "natural_image_patches",
    "natural_images",
    "normalize_patches",
    "photo_patches",
    "photographs",
    "read_idx",
    "sample_patches",
    "whiten_image",
]
