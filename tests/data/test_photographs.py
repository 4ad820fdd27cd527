"""The photographs: free to use, inside the installed package, gray by the weights of the standard."""

import sys
from pathlib import Path

import numpy as np
import pytest

from miniae.data import photographs
from miniae.data.photographs import PHOTOGRAPHS

skimage_data = pytest.importorskip("skimage.data", reason="needs scikit-image, of miniae[course]")


def test_all_are_free_to_use_by_what_scikit_image_says():
    for name, terms in PHOTOGRAPHS.items():
        stated = " ".join(getattr(skimage_data, name).__doc__.split())
        assert terms.startswith(("CC0", "public domain"))
        assert terms[: terms.index(",")] in stated


def test_all_are_inside_the_installed_package():
    folder = Path(skimage_data.__file__).parent
    for name in PHOTOGRAPHS:
        assert list(folder.glob(f"{name}.*")), f"{name} would have to be downloaded"


def test_they_are_gray_pictures_in_zero_to_one():
    pictures = photographs()
    assert len(pictures) == len(PHOTOGRAPHS)
    assert [picture.shape for picture in pictures] == [
        (512, 512), (512, 512), (400, 600), (300, 451), (427, 640), (512, 512), (512, 512), (512, 512)
    ]  # fmt: skip
    for picture in pictures:
        assert picture.dtype == np.float64
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert picture.max() - picture.min() > 0.5  # and use much of it: pixels are not divided by 255 twice


def test_brightness_by_hand():
    camera, astronaut = photographs()[:2]
    assert camera[7, 11] == skimage_data.camera()[7, 11] / 255
    red, green, blue = (int(value) for value in skimage_data.astronaut()[100, 200])
    assert len({red, green, blue}) > 1
    assert astronaut[100, 200] == pytest.approx((0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255, rel=1e-14)


def test_without_scikit_image_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    with pytest.raises(ImportError, match=r'pip install "miniae\[course\]"'):
        photographs()
