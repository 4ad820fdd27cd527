"""Whitening: the filter of the paper, written as the paper writes it, and flat spectra of real photographs."""

import itertools
import math

import numpy as np
import pytest

from miniae.data import photographs, whiten_image


def radial_spectrum(image, low=0.02, high=0.2, bins=12):
    """Mean power in rings of the frequency plane: the rings' mean frequencies, in cycles per pixel, and the powers.

    From wavelengths of 50 pixels, below which a ring holds too few points, to half the cut-off, up to which the
    low-pass filter leaves (R/f)^2 within exp(-2/16) = 12 % of 1.
    """
    power = abs(np.fft.fft2(image - image.mean())) ** 2
    f = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, image.shape), indexing="ij"))
    edges = np.geomspace(low, high, bins + 1)
    rings = [(f >= a) & (f < b) for a, b in itertools.pairwise(edges)]
    return np.array([f[ring].mean() for ring in rings]), np.array([power[ring].mean() for ring in rings])


def slope(frequencies, power):
    return np.polyfit(np.log(frequencies), np.log(power), 1)[0]


def test_the_filter_as_the_paper_writes_it_in_cycles_per_picture():
    n = 16
    image = np.random.default_rng(0).normal(size=(n, n))
    fx, fy = np.meshgrid(np.arange(-n // 2, n // 2), np.arange(-n // 2, n // 2))
    rho = np.sqrt(fx**2 + fy**2)
    filter_ = rho * np.exp(-((rho / (0.4 * n)) ** 4))
    expected = np.fft.ifft2(np.fft.fft2(image) * np.fft.fftshift(filter_)).real
    expected *= np.sqrt(0.1 / expected.var())
    np.testing.assert_allclose(whiten_image(image), expected, rtol=0, atol=1e-14)


def test_frequencies_are_per_pixel_in_both_directions_of_an_oblong_picture():
    height, width = 40, 25  # 4 cycles in 40 pixels are 0.1 per pixel, 10 in 25 are 0.4
    rows, columns = np.arange(height)[:, None] / height, np.arange(width) / width
    image = np.cos(2 * np.pi * 4 * rows) + np.cos(2 * np.pi * 10 * columns) + 5
    amplitudes = abs(np.fft.fft2(whiten_image(image)))
    expected = 0.1 * math.exp(-(0.25**4)) / (0.4 * math.exp(-1))
    assert amplitudes[4, 0] / amplitudes[0, 10] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", [(12, 12), (12, 15), (15, 11), (1, 8)])
def test_a_picture_on_its_side_is_whitened_alike(shape):
    image = np.random.default_rng(1).normal(size=shape)
    whitened = whiten_image(image)
    assert whitened.shape == shape
    np.testing.assert_allclose(whiten_image(np.ascontiguousarray(image.T)), whitened.T, rtol=0, atol=1e-14)


def test_mean_variance_and_units():
    image = np.random.default_rng(2).uniform(size=(30, 41))
    kept = image.copy()
    whitened = whiten_image(image)
    assert abs(whitened.mean()) < 1e-15
    assert whitened.var() == pytest.approx(0.1, rel=1e-14)
    np.testing.assert_allclose(whiten_image(255 * image + 3), whitened, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(image, kept)


def test_float32_stays_float32():
    image = np.random.default_rng(3).uniform(size=(64, 48))
    whitened = whiten_image(image.astype(np.float32))
    assert whitened.dtype == np.float32
    # Values of order 1, a handful of roundings at 6e-8 in the transforms: measured 3e-7.
    np.testing.assert_allclose(whitened, whiten_image(image), rtol=0, atol=3e-6)


def test_real_photographs_have_a_steep_spectrum_before_and_a_flat_one_after():
    pytest.importorskip("skimage", reason="needs scikit-image, of miniae[course]")
    before, after = [], []
    for image in photographs():
        f, power = radial_spectrum(image)
        before.append(slope(f, power))
        after.append(slope(*radial_spectrum(whiten_image(image))))
        # R^2 raises the slope by that of its own logarithm, 2 less a little for the low-pass. What is left is the
        # unevenness of R within a ring: measured 0.01 at most.
        assert after[-1] - before[-1] == pytest.approx(slope(f, (f * np.exp(-((f / 0.4) ** 4))) ** 2), abs=0.03)
    # A power falling like 1/f^2 has slope -2. These photographs, lenses and scaling included, fall somewhat faster:
    # measured -2.9 to -1.4, mean -2.38 before, and mean -0.42 after.
    assert -2.6 < np.mean(before) < -2.1
    assert abs(np.mean(after)) < 0.6


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((4, 4), np.uint8), TypeError, "image: whole numbers of dtype uint8"),
        (np.full((4, 4), np.nan), ValueError, "image: 16 of 16 values are not finite"),
        (np.zeros((4, 4, 3)), ValueError, r"image: .*\(H, W\), got shape \(4, 4, 3\)"),
        (np.full((4, 5), 0.3), ValueError, "image: all 20 values are 0.3; a constant picture"),
        (np.zeros((0, 5)), ValueError, r"image: needs at least one"),
    ],
)
def test_what_cannot_be_whitened_is_refused(image, error, message):
    with pytest.raises(error, match=message):
        whiten_image(image)
