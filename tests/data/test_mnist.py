"""MNIST and Fashion-MNIST: found where they are, fetched where they are not, refused where they are wrong."""

import gzip
import hashlib
import struct
import sys

import numpy as np
import pytest

from miniae.data import fashion_mnist, mnist
from miniae.data.mnist import FILES, SOURCES, Source


def pictures(*values):
    """Pictures of one gray value each, as a gzipped IDX file."""
    content = struct.pack(">HBB 3I", 0, 0x08, 3, len(values), 28, 28) + b"".join(bytes([v]) * 784 for v in values)
    return gzip.compress(content, mtime=0)


def labels(*values):
    return gzip.compress(struct.pack(f">HBB I {len(values)}B", 0, 0x08, 1, len(values), *values), mtime=0)


TINY = dict(zip(FILES, (pictures(0, 51, 255), labels(5, 0, 9), pictures(102, 204), labels(7, 2)), strict=True))
NO_SERVER = "http://127.0.0.1:9/"


@pytest.fixture(autouse=True)
def tiny_source(monkeypatch, tmp_path):
    """A data set of three pictures and two, no mirror but this machine, a cache of our own."""
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in TINY.items()}
    for name in ("mnist", "fashion-mnist"):
        monkeypatch.setitem(SOURCES, name, Source((NO_SERVER,), sha256, n_train=3, n_test=2))
    monkeypatch.delenv("MINIAE_DATA", raising=False)
    pooch = pytest.importorskip("pooch", reason="needs pooch, of miniae[data]")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)


def put(parent, name="mnist", **changed):
    """Write the files into ``parent/name``, some of them changed: ``train_labels=...``; None leaves one out."""
    folder = parent / name
    folder.mkdir(parents=True)
    for file, content in TINY.items():
        kind, what = file.split("-")[:2]
        if (content := changed.pop(f"{kind}_{what}", content)) is not None:
            (folder / file).write_bytes(content)
    assert not changed
    return parent


def serve(mirror, monkeypatch, name="mnist"):
    mirror.files.update({f"/set/{file}": content for file, content in TINY.items()})
    monkeypatch.setitem(SOURCES, name, SOURCES[name]._replace(mirrors=(NO_SERVER, f"{mirror.url}/set/")))


def check_tiny(data):
    np.testing.assert_array_equal(data.x_train, np.repeat([[0.0], [0.2], [1.0]], 784, axis=1))
    np.testing.assert_array_equal(data.x_test, np.repeat([[0.4], [0.8]], 784, axis=1))
    assert data.y_train.tolist() == [5, 0, 9]
    assert data.y_test.tolist() == [7, 2]
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert data.x_train.dtype == data.x_test.dtype == np.float64


def test_a_named_folder(tmp_path):
    check_tiny(mnist(put(tmp_path), download=False))
    check_tiny(mnist(str(tmp_path), download=False))


def test_unpacked_files_will_do(tmp_path):
    put(tmp_path)
    for file, content in TINY.items():
        (tmp_path / "mnist" / file).unlink()
        (tmp_path / "mnist" / file).with_suffix("").write_bytes(gzip.decompress(content))
    check_tiny(mnist(tmp_path, download=False))


def test_the_environment_variable_then_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path / "env"))
    put(tmp_path / "cache" / "miniae")
    check_tiny(mnist(download=False))  # the folder named has no mnist
    put(tmp_path / "env", train_labels=labels(1, 1, 1))
    assert mnist(download=False).y_train.tolist() == [1, 1, 1]
    put(tmp_path / "root", train_labels=labels(2, 2, 2))
    assert mnist(tmp_path / "root", download=False).y_train.tolist() == [2, 2, 2]


def test_fashion_has_a_folder_of_its_own(tmp_path):
    put(tmp_path)
    with pytest.raises(FileNotFoundError, match="fashion-mnist"):
        fashion_mnist(tmp_path, download=False)
    check_tiny(fashion_mnist(put(tmp_path, "fashion-mnist"), download=False))


def test_float32(tmp_path):
    data = mnist(put(tmp_path), dtype="float32")
    assert data.x_train.dtype == data.x_test.dtype == np.float32
    assert data.x_train[1, 0] == np.float32(0.2)


def test_missing_files_are_downloaded_once_into_the_cache(tmp_path, monkeypatch, mirror):
    serve(mirror, monkeypatch)
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path / "env"))
    put(tmp_path / "env", t10k_images=None)
    before = sorted((tmp_path / "env").rglob("*"))
    check_tiny(mnist())
    check_tiny(mnist())
    assert mirror.requests == [f"/set/{file}" for file in FILES]
    assert sorted(path.name for path in (tmp_path / "cache/miniae/mnist").iterdir()) == sorted(FILES)
    assert sorted((tmp_path / "env").rglob("*")) == before  # may be shared: left as it was


def test_missing_files_are_downloaded_into_a_named_folder(tmp_path, monkeypatch, mirror):
    serve(mirror, monkeypatch, "fashion-mnist")
    check_tiny(fashion_mnist(tmp_path / "mine"))
    check_tiny(fashion_mnist(tmp_path / "mine", download=False))
    assert not (tmp_path / "cache").exists()


def test_without_a_network_one_error_says_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError) as caught:
        mnist()
    for part in ("mnist: MINIAE_DATA is not set", NO_SERVER, *FILES, "set MINIAE_DATA", 'pip install "miniae[data]"'):
        assert part in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    monkeypatch.setenv("MINIAE_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match=r"not all in .*elsewhere"):
        mnist()


def test_without_pooch_one_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    for download in (True, False):
        with pytest.raises(FileNotFoundError, match=r'set MINIAE_DATA.*pip install "miniae\[data\]"'):
            mnist(download=download)


def test_download_false_asks_no_server(tmp_path, monkeypatch, mirror):
    serve(mirror, monkeypatch)
    with pytest.raises(FileNotFoundError, match="download=False"):
        mnist(download=False)
    assert mirror.requests == []
    assert not (tmp_path / "cache").exists()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"train_images": pictures(1, 2)},
            r"train-images.*found uint8 of shape \(2, 28, 28\), expected .*\(3, ",
        ),
        ({"train_labels": labels(1, 2, 3, 4)}, r"train-labels.*found uint8 of shape \(4,\), expected .*\(3,\)"),
        ({"t10k_images": labels(1, 2)}, r"t10k-images.*found uint8 of shape \(2,\)"),
        ({"t10k_labels": labels(1, 10)}, r"t10k-labels.*found label 10, expected 0 to 9"),
        ({"t10k_images": pictures(1, 2)[:-9]}, r"t10k-images.*damaged gzip file"),
        (
            {"train_labels": struct.pack(">HBB I 3d", 0, 0x0E, 1, 3, 1, 2, 3)},
            r"train-labels.*found float64 of shape \(3,\), expected uint8",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        mnist(put(tmp_path, **changed))


@pytest.mark.bad_input
def test_pixels_are_floats(tmp_path):
    with pytest.raises(TypeError, match="mnist: dtype must be float32 or float64, got int64"):
        mnist(put(tmp_path), dtype="int64")
