"""Downloading a set of files: checksums, several mirrors, nothing half-written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from miniae.optional import require


def download(files: Mapping[str, str], mirrors: Sequence[str], folder: Path) -> None:
    """Fetch files into a folder from the first mirror that delivers all of them intact.

    Each file is written under a temporary name, its checksum is compared, and only then is it given its own name:
    what stands in the folder is whole. Files that are already there and intact are not fetched again, so the next
    mirror goes on where one broke off. Progress is shown on standard error.

    Args:
        files: the SHA-256 checksum, in hexadecimal, of each file by its name.
        mirrors: addresses under which the files lie, each ending in a slash, the preferred one first.
        folder: where to put the files; made where it does not exist.

    Raises:
        ImportError: if pooch is not installed.
        ConnectionError: if no mirror delivered, with the reason each of them gave.
    """
    pooch = require("pooch", extra="data")
    reasons = []
    for mirror in mirrors:
        try:
            for name, sha256 in files.items():
                pooch.retrieve(mirror + name, known_hash=sha256, fname=name, path=folder, progressbar=True)
            return
        except (OSError, ValueError) as error:  # no network, no such file, a broken line; a wrong checksum
            reasons.append(f"{mirror}: {error}")
    raise ConnectionError("\n".join(["no mirror delivered the files:", *reasons]))
