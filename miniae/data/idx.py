"""IDX: the file format of MNIST, an array behind a header that says what it is.

Two zero bytes, one byte for the type of the numbers, one for the number of dimensions n, then n sizes of four bytes
each, then the numbers, the last index changing fastest. Everything is big-endian, whatever machine reads it.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from miniae.arrays import Array

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | Path) -> Array:
    """Read an IDX file, gzipped or plain.

    Whether it is gzipped is read off its first bytes, not off its name: browsers and servers unpack files and leave
    the ``.gz``. A file that does not end exactly where its header says is refused, as half a download is.

    Args:
        path: the file.

    Returns:
        The array, of the shape and type the header gives, in this machine's byte order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a whole IDX file; the message names the file, what was found and what was expected.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "two-by-three.idx")
    ...     _ = path.write_bytes(bytes([0, 0, 0x08, 2]) + bytes([0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6)))
    ...     read_idx(path)
    array([[0, 1, 2], [3, 4, 5]], dtype=uint8)

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section on file formats.
    """
    content = _unzip(Path(path))
    if len(content) < 4:
        raise ValueError(f"{path}: truncated header: found {len(content)} bytes, an IDX file begins with 4")
    zeros, code, ndim = struct.unpack(">HBB", content[:4])
    if zeros != 0:
        raise ValueError(f"{path}: not an IDX file: begins with {content[:4]!r}, expected two zero bytes")
    if code not in DTYPES:
        known = ", ".join(f"0x{c:02X}" for c in DTYPES)
        raise ValueError(f"{path}: unknown IDX type code 0x{code:02X}, expected one of {known}")
    start = 4 + 4 * ndim
    if len(content) < start:
        raise ValueError(f"{path}: truncated header: found {len(content)} bytes, {ndim} dimensions need {start}")
    shape = struct.unpack(f">{ndim}I", content[4:start])
    dtype = np.dtype(DTYPES[code])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        fault = "truncated data" if len(content) < expected else "trailing bytes"
        raise ValueError(f"{path}: {fault}: found {len(content)} bytes, shape {shape} of {dtype.name} needs {expected}")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def _unzip(path: Path) -> bytes:
    """The bytes of a file, unpacked where they are gzipped."""
    content = path.read_bytes()
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: damaged gzip file of {len(content)} bytes ({error}); fetch it again") from error
