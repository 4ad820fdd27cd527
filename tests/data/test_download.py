"""Downloads, from a server on this machine: what arrives is intact, or nothing is there."""

import hashlib
import sys

import pytest

from miniae.data.download import download

A, B = b"contents of a" * 1000, b"contents of b" * 1000
FILES = {"a.gz": hashlib.sha256(A).hexdigest(), "b.gz": hashlib.sha256(B).hexdigest()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "not yet made" / "mnist"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def serve(mirror, at, **files):
    mirror.files.update({f"/{at}/{name}.gz": content for name, content in files.items()})
    return f"{mirror.url}/{at}/"


def test_the_files_arrive_and_nothing_else_is_left(mirror, folder):
    download(FILES, [serve(mirror, "one", a=A, b=B)], folder)
    assert contents(folder) == {"a.gz": A, "b.gz": B}


def test_progress_is_shown_on_standard_error(mirror, folder, capsys):
    download(FILES, [serve(mirror, "one", a=A, b=B)], folder)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err


def test_intact_files_are_not_fetched_again_and_damaged_ones_are(mirror, folder):
    folder.mkdir(parents=True)
    (folder / "a.gz").write_bytes(A)
    (folder / "b.gz").write_bytes(B[:-1])
    download(FILES, [serve(mirror, "one", a=A, b=B)], folder)
    assert mirror.requests == ["/one/b.gz"]
    assert contents(folder) == {"a.gz": A, "b.gz": B}


@pytest.mark.parametrize("fault", ["wrong checksum", "404", "truncated"])
def test_the_next_mirror_goes_on_where_one_failed(mirror, folder, fault):
    first = serve(mirror, "one", a=A)
    if fault != "404":
        serve(mirror, "one", b=A if fault == "wrong checksum" else B)
    if fault == "truncated":
        mirror.truncated.add("/one/b.gz")
    download(FILES, [first, serve(mirror, "two", a=A, b=B)], folder)
    assert mirror.requests == ["/one/a.gz", "/one/b.gz", "/two/b.gz"]
    assert contents(folder) == {"a.gz": A, "b.gz": B}


@pytest.mark.parametrize("fault", ["wrong checksum", "404", "truncated"])
def test_when_all_fail_each_reason_is_given_and_nothing_half_written_stays(mirror, folder, fault):
    mirrors = [f"{mirror.url}/one/", f"{mirror.url}/two/"]
    if fault != "404":
        for at in ("one", "two"):
            serve(mirror, at, a=B if fault == "wrong checksum" else A)
            mirror.truncated.add(f"/{at}/a.gz" if fault == "truncated" else "")
    with pytest.raises(ConnectionError, match="no mirror delivered") as caught:
        download(FILES, mirrors, folder)
    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines[1:]] == mirrors
    expected = {"wrong checksum": "does not match the known hash", "404": "404", "truncated": "IncompleteRead"}[fault]
    assert all(expected in line for line in lines[1:])
    assert contents(folder) == {}


def test_a_damaged_file_stays_until_there_is_a_better_one(mirror, folder):
    folder.mkdir(parents=True)
    (folder / "a.gz").write_bytes(b"put here by hand")
    with pytest.raises(ConnectionError):
        download(FILES, [serve(mirror, "one", a=B)], folder)
    assert contents(folder) == {"a.gz": b"put here by hand"}


def test_no_server_at_all(folder):
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9/: .*refused"):
        download(FILES, ["http://127.0.0.1:9/"], folder)
    assert contents(folder) == {}


def test_without_pooch_the_remedy_is_named(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "miniae\[data\]"'):
        download(FILES, ["http://127.0.0.1:9/"], folder)
