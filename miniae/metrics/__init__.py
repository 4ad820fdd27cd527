"""Metrics: numbers that say how well something was learned, none of them differentiated."""

from miniae.metrics.dead_units import dead_units
from miniae.metrics.explained_variance import explained_variance, fvu
from miniae.metrics.l0 import l0
from miniae.metrics.mean_max_cosine import max_cosines, mean_max_cosine
from miniae.metrics.precision_at_n import precision_at_n
from miniae.metrics.psnr import psnr
from miniae.metrics.purity import purity
from miniae.metrics.ssim import ssim

__all__ = [
    "dead_units",
    "explained_variance",
    "fvu",
    "l0",
    "max_cosines",
    "mean_max_cosine",
    "precision_at_n",
    "psnr",
    "purity",
    "ssim",
]
