"""The published files of MNIST and Fashion-MNIST, where they are at hand: their checksums, means and counts."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from miniae.data import fashion_mnist, mnist
from miniae.data.mnist import FILES, SOURCES

MD5 = {  # as the publishers of the two data sets give them, in the order of FILES
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion-mnist": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
}

# Published: the number of each digit in the training set, and the mean pixel of both training sets.
DIGITS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


@pytest.mark.parametrize(
    ("load", "name", "mean", "counts"),
    [(mnist, "mnist", 33.318, DIGITS), (fashion_mnist, "fashion-mnist", 72.940, [6000] * 10)],
)
def test_the_real_data(load, name, mean, counts):
    folder = Path(os.environ.get("MINIAE_DATA", "MINIAE_DATA is not set"), name)
    if not folder.is_dir():
        pytest.skip(f"needs a folder {name} in the folder MINIAE_DATA names")
    for file, md5 in zip(FILES, MD5[name], strict=True):
        content = (folder / file).read_bytes()
        assert hashlib.md5(content).hexdigest() == md5
        assert hashlib.sha256(content).hexdigest() == SOURCES[name].sha256[file]
    data = load(dtype="float32", download=False)
    assert data.x_train.shape == (60_000, 784)
    assert data.x_test.shape == (10_000, 784)
    assert data.x_train.min() == 0
    assert data.x_train.max() == 1
    # The means are published to three decimals; float32 pixels are off by 3e-8 each, which is nothing.
    assert abs(255 * data.x_train.mean(dtype="float64") - mean) < 0.0005
    assert np.bincount(data.y_train).tolist() == counts
    assert len(data.y_test) == 10_000
