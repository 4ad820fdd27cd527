"""PSNR against numbers by hand and scikit-image."""

import numpy as np
import pytest

from miniae.metrics import psnr


def test_by_hand():
    """Squared errors .01, .01, .04, .04: mean .025, and 10 log10(40) = 16.0206."""
    y, target = np.array([[0.1, 0.1], [0.3, 0.0]]), np.array([[0.0, 0.2], [0.1, 0.2]])
    assert psnr(y, target) == pytest.approx(10 * np.log10(40), rel=1e-12)


def test_against_scikit_image():
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is the independent oracle here")
    y, target = np.random.default_rng(0).uniform(size=(2, 3, 8, 8))
    assert psnr(y, target) == pytest.approx(metrics.peak_signal_noise_ratio(target, y, data_range=1.0), rel=1e-12)


def test_mean_before_the_logarithm():
    y, target = np.array([[0.0], [1.0]]), np.zeros((2, 1))  # one perfect picture does not make the whole perfect
    assert psnr(y, target) == pytest.approx(10 * np.log10(2), rel=1e-12)


def test_equal_pictures():
    assert psnr(np.ones((2, 3)), np.ones((2, 3))) == np.inf


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match=r"y has shape \(2, 3\) but target has shape \(2, 4\)"):
        psnr(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="at least one example"):
        psnr(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(TypeError, match="psnr"):
        psnr(np.zeros((2, 3), int), np.zeros((2, 3), int))
