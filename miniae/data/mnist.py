"""MNIST and Fashion-MNIST: 70,000 pictures of digits, and as many of garments, 28 x 28 pixels each.

Shapes: N examples.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from miniae.arrays import FLOATS, Array
from miniae.data.download import download as fetch
from miniae.data.folders import data_folder, download_folder
from miniae.data.idx import read_idx


class Dataset(NamedTuple):
    """Pictures and their labels, some to learn from and others to be tested on; ``x`` in [0, 1], one row a picture."""

    x_train: Float[Array, "N 784"]
    y_train: Int[Array, " N"]
    x_test: Float[Array, "M 784"]
    y_test: Int[Array, " M"]


class Source(NamedTuple):
    """Where a data set comes from: addresses, the SHA-256 of its files, and how many examples they hold."""

    mirrors: tuple[str, ...]
    sha256: dict[str, str]
    n_train: int = 60_000
    n_test: int = 10_000


FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

# The checksums, not the mirrors, say what MNIST is: every mirror serves the bytes first published.
SOURCES = {
    "mnist": Source(
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256={
            FILES[0]: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            FILES[1]: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            FILES[2]: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            FILES[3]: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion-mnist": Source(
        mirrors=(
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        sha256={
            FILES[0]: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            FILES[1]: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            FILES[2]: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            FILES[3]: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}


def mnist(root: str | Path | None = None, dtype: str = "float64", download: bool = True) -> Dataset:
    """The MNIST handwritten digits; y is the digit.

    The four files are looked for in ``root/mnist``, or, where no ``root`` is given, in ``$MINIAE_DATA/mnist`` and
    then in the user's cache. Missing, they are downloaded (12 MB, once) into ``root`` or the cache. Their checksums
    are compared on the download; files put there by hand may be unpacked, and must have the right number of pictures.

    Args:
        root: folder that holds the folder ``mnist``.
        dtype: of the pictures: ``"float64"``, or ``"float32"`` for half the memory.
        download: whether missing files may be fetched from the internet.

    Returns:
        60,000 pictures to train on, (60000, 784), and 10,000 to test with; pixels / 255, labels of int64.

    Raises:
        TypeError: if ``dtype`` is neither float32 nor float64.
        FileNotFoundError: if the files are nowhere and could not be downloaded, with what to do about it.
        ValueError: if a file is damaged or is not part of this set.

    >>> x_train, y_train, x_test, y_test = mnist()  # doctest: +SKIP
    >>> x_train.shape, y_train[:5]  # doctest: +SKIP
    ((60000, 784), array([5, 0, 4, 1, 9]))

    Source: LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition".
    """
    return _load("mnist", root, dtype, download)


def fashion_mnist(root: str | Path | None = None, dtype: str = "float64", download: bool = True) -> Dataset:
    """The Fashion-MNIST garments, made to be loaded like MNIST and to be harder; y is the class.

    0 T-shirt, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot. Arguments,
    result and errors are those of :func:`mnist`; the folder is ``fashion-mnist``, the download 31 MB.

    >>> fashion_mnist().x_test.shape  # doctest: +SKIP
    (10000, 784)

    Source: Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a novel image dataset". MIT licence, Zalando SE.
    """
    return _load("fashion-mnist", root, dtype, download)


def _load(name: str, root: str | Path | None, dtype: str, download: bool) -> Dataset:
    if np.dtype(dtype) not in FLOATS:
        raise TypeError(f"{name}: dtype must be float32 or float64, got {np.dtype(dtype)}")
    folder = _find(name, root, download)
    source = SOURCES[name]
    x_train = _pictures(folder / FILES[0], source.n_train, dtype)
    y_train = _labels(folder / FILES[1], source.n_train)
    x_test = _pictures(folder / FILES[2], source.n_test, dtype)
    y_test = _labels(folder / FILES[3], source.n_test)
    return Dataset(x_train, y_train, x_test, y_test)


def _find(name: str, root: str | Path | None, download: bool) -> Path:
    """The folder that holds the four files, downloaded if need be."""
    named = data_folder(root)
    if named is not None and _is_complete(named / name):
        return named / name
    try:
        folder = download_folder(root) / name
        if _is_complete(folder):
            return folder
        if download:
            fetch(SOURCES[name].sha256, SOURCES[name].mirrors, folder)
            return folder
        reason = f"download=False: {folder} was searched too, nothing was fetched"
    except (ImportError, ConnectionError) as error:  # in one message, without the traceback of every mirror
        reason = str(error)
    place = "MINIAE_DATA is not set" if named is None else f"the four files are not all in {named / name}"
    raise FileNotFoundError(
        f"{name}: {place}\n{reason}\n"
        f"Put {', '.join(FILES)} into a folder {name} and set MINIAE_DATA to the folder around it, "
        'or have them downloaded, which takes a network and pip install "miniae[data]"'
    )


def _is_complete(folder: Path) -> bool:
    return all(_packed_or_not(folder / file).is_file() for file in FILES)


def _packed_or_not(path: Path) -> Path:
    """The file, or the one without ``.gz`` that somebody has unpacked it to."""
    return path if path.is_file() else path.with_suffix("")


def _pictures(path: Path, count: int, dtype: str) -> Array:
    pictures = _expect(path, (count, 28, 28))
    return np.divide(pictures.reshape(count, 784), 255, dtype=dtype)


def _labels(path: Path, count: int) -> Array:
    labels = _expect(path, (count,))
    if labels.max() > 9:
        raise ValueError(f"{path}: found label {labels.max()}, expected 0 to 9")
    return labels.astype(np.int64)


def _expect(path: Path, shape: tuple[int, ...]) -> Array:
    """Read bytes of a given shape."""
    path = _packed_or_not(path)
    array = read_idx(path)
    if array.shape != shape or array.dtype != np.uint8:
        raise ValueError(f"{path}: found {array.dtype} of shape {array.shape}, expected uint8 of shape {shape}")
    return array
