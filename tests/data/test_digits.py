"""scikit-learn's digits, against what the UCI repository publishes of them."""

import sys

import numpy as np
import pytest

from miniae.data import digits

pytest.importorskip("sklearn", reason="needs scikit-learn, of miniae[course]")


def test_pixels_and_labels():
    x, y = digits()
    assert x.shape == (1797, 64)
    assert x.dtype == np.float64
    assert y.dtype == np.int64
    # The first line of the published file begins 0,0,5,13,9,1,0,0 and ends with the label 0.
    assert (x[0, :8] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert y[0] == 0
    assert x.min() == 0
    assert x.max() == 1
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'pip install "miniae\[course\]"'):
        digits()
