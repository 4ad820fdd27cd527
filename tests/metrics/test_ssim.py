"""SSIM against its formula in one window, and the mean over pictures."""

import numpy as np
import pytest

from miniae.metrics import ssim


def test_one_window_by_the_formula():
    """A picture of 7 x 7 has one whole window, and scikit-image takes the places that have one."""
    y, t = np.random.default_rng(0).uniform(size=(2, 7, 7))
    c1, c2 = 0.01**2, 0.03**2
    cov = np.cov(y.ravel(), t.ravel())
    top = (2 * y.mean() * t.mean() + c1) * (2 * cov[0, 1] + c2)
    bottom = (y.mean() ** 2 + t.mean() ** 2 + c1) * (cov[0, 0] + cov[1, 1] + c2)
    assert ssim(y[None], t[None]) == pytest.approx(top / bottom, rel=1e-10)


def test_mean_over_pictures():
    y, t = np.random.default_rng(0).uniform(size=(2, 3, 9, 8))
    each = [ssim(a[None], b[None]) for a, b in zip(y, t, strict=True)]
    assert ssim(y, t) == pytest.approx(np.mean(each), rel=1e-12)
    assert ssim(y, y) == pytest.approx(1, rel=1e-12)


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(ValueError, match=r"H and W at least 7, got \(2, 6, 8\)"):
        ssim(np.zeros((2, 6, 8)), np.zeros((2, 6, 8)))
    with pytest.raises(ValueError, match=r"\(N, H, W\)"):
        ssim(np.zeros((2, 64)), np.zeros((2, 64)))
    with pytest.raises(ValueError, match="but target has shape"):
        ssim(np.zeros((2, 8, 8)), np.zeros((3, 8, 8)))
