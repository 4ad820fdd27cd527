"""The file of whitened photographs: read, checked, and its absence explained."""

import os
from pathlib import Path

import numpy as np
import pytest

from miniae.data import natural_image_patches, natural_images

FILE = "natural-images/IMAGES_kodak_whitened.npz"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / FILE
    path.parent.mkdir()
    return path


def test_the_file_in_a_named_folder(tmp_path, path, monkeypatch):
    images = np.random.default_rng(0).normal(size=(6, 7, 2)).astype(np.float32)
    np.savez_compressed(path, IMAGES=images, other=np.zeros(1))
    loaded = natural_images(tmp_path)
    assert loaded.dtype == np.float64
    np.testing.assert_array_equal(loaded, images)
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path))
    np.testing.assert_array_equal(natural_images(), images)
    assert natural_image_patches(count=5, size=3).shape == (5, 9)


@pytest.mark.bad_input
def test_absence_is_explained(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIAE_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"(?s)MINIAE_DATA is not set.*photo_patches"):
        natural_images()
    with pytest.raises(FileNotFoundError, match=r"(?s)kodak_whitened\.npz not found.*photo_patches"):
        natural_image_patches(root=tmp_path)


@pytest.mark.bad_input
def test_a_wrong_file_is_refused_by_name(tmp_path, path):
    np.savez(path, images=np.zeros((4, 4, 2)))
    with pytest.raises(ValueError, match=r"kodak_whitened\.npz: expected an \.npz file with an array IMAGES"):
        natural_images(tmp_path)
    np.savez(path, IMAGES=np.zeros((4, 4)))
    with pytest.raises(ValueError, match=r"kodak_whitened\.npz: .*\(H, W, n\), found \(4, 4\)"):
        natural_images(tmp_path)
    np.savez(path, IMAGES=np.full((4, 4, 2), np.inf))
    with pytest.raises(ValueError, match="IMAGES: 32 of 32 values are not finite"):
        natural_images(tmp_path)
    whole = path.read_bytes()
    for content in (whole[:100], b"", b"<html>"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"kodak_whitened\.npz: expected"):
            natural_images(tmp_path)


def test_the_real_file():
    root = Path(os.environ.get("MINIAE_DATA", "MINIAE_DATA is not set"))
    if not (root / FILE).is_file():
        pytest.skip(f"needs {FILE} in the folder MINIAE_DATA names")
    images = natural_images()
    assert images.shape == (512, 512, 10)
    # Made to a mean variance of 0.1 and stored in float32, which leaves some 1e-4 of it.
    assert images.var(axis=(0, 1)).mean() == pytest.approx(0.1, rel=1e-3)
    patches = natural_image_patches()
    assert patches.shape == (10_000, 64)
    assert patches.min() == pytest.approx(0.1, abs=1e-15)
    assert patches.max() == pytest.approx(0.9, abs=1e-15)
