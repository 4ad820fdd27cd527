"""IDX files, made by hand with struct: every type, both packings, every way of being broken."""

import gzip
import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniae.data import read_idx

TWO_BY_THREE = struct.pack(">HBB II 6B", 0, 0x08, 2, 2, 3, 0, 1, 2, 253, 254, 255)
PACKED = gzip.compress(TWO_BY_THREE, mtime=0)  # without the time of day, which would be part of the tests' names

# type code, struct letter, values that show sign, byte order and precision, dtype in this machine's order
TYPES = [
    (0x08, "B", [0, 1, 255], "u1"),
    (0x09, "b", [-128, -1, 127], "i1"),
    (0x0B, "h", [-32768, 258, 32767], "=i2"),
    (0x0C, "i", [-(2**31), 0x01020304, 2**31 - 1], "=i4"),
    (0x0D, "f", [-1.5, 2.0**-126, 1 + 2.0**-23], "=f4"),
    (0x0E, "d", [-1.5, 2.0**-1022, 1 + 2.0**-52], "=f8"),
]


@pytest.fixture
def write(tmp_path):
    def write(content, name="some.idx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(("code", "letter", "values", "dtype"), TYPES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_type_plain_and_gzipped(write, code, letter, values, dtype, pack):
    content = struct.pack(f">HBB I 3{letter}", 0, code, 1, 3, *values)
    array = read_idx(write(pack(content)))
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    assert array.tolist() == values


def test_the_last_index_changes_fastest_and_the_array_is_the_callers_own(write):
    array = read_idx(write(TWO_BY_THREE))
    assert array.tolist() == [[0, 1, 2], [253, 254, 255]]
    array[0, 0] = 7  # not a read-only view of the file's bytes
    assert array.flags.c_contiguous


def test_the_first_bytes_and_not_the_name_tell_whether_it_is_gzipped(write):
    expected = [[0, 1, 2], [253, 254, 255]]
    assert read_idx(write(TWO_BY_THREE, "unpacked-by-the-browser.gz")).tolist() == expected
    assert read_idx(str(write(PACKED, "packed-without-saying-so"))).tolist() == expected


def test_an_empty_dimension_is_an_empty_array(write):
    assert read_idx(write(struct.pack(">HBB II", 0, 0x0D, 2, 0, 5))).shape == (0, 5)


@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_any_shape_comes_back(tmp_path_factory, shape, seed):
    values = np.random.default_rng(seed).integers(-(2**15), 2**15, shape)
    content = struct.pack(f">HBB {len(shape)}I", 0, 0x0B, len(shape), *shape)
    content += struct.pack(f">{values.size}h", *values.flat)
    path = tmp_path_factory.mktemp("idx") / "any.idx"
    path.write_bytes(content)
    np.testing.assert_array_equal(read_idx(path), values)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated header: found 0 bytes, an IDX file begins with 4"),
        (TWO_BY_THREE[:3], "truncated header: found 3 bytes"),
        (TWO_BY_THREE[:11], "truncated header: found 11 bytes, 2 dimensions need 12"),
        (TWO_BY_THREE[:-1], "truncated data: found 17 bytes, shape (2, 3) of uint8 needs 18"),
        (TWO_BY_THREE + b"\n", "trailing bytes: found 19 bytes, shape (2, 3) of uint8 needs 18"),
        (b"<html>Moved</html>", "not an IDX file: begins with b'<htm', expected two zero bytes"),
        (struct.pack(">HBB I", 0, 0x0A, 1, 0), "unknown IDX type code 0x0A, expected one of 0x08, 0x09, 0x0B, 0x0C"),
        (struct.pack(">HBB 3I", 0, 0x0E, 3, *[2**32 - 1] * 3), f"needs {16 + 8 * (2**32 - 1) ** 3}"),
        (PACKED[:-4], "damaged gzip file of "),
        (PACKED[:-8] + bytes(8), "damaged gzip file of "),  # wrong check sum
        (PACKED[:10] + b"\xff" * 20, "damaged gzip file of "),  # no deflate stream
        (PACKED + b"more", "damaged gzip file of "),
    ],
)
def test_a_broken_file_is_refused_by_name(write, content, message):
    path = write(content)
    with pytest.raises(ValueError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        read_idx(path)


@pytest.mark.bad_input
@pytest.mark.parametrize("whole", [TWO_BY_THREE, PACKED])
def test_no_beginning_of_a_file_passes_for_the_whole(write, whole):
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"some\.idx: "):
            read_idx(write(whole[:length]))


@pytest.mark.bad_input
def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.idx"):
        read_idx(tmp_path / "absent.idx")
