"""Where data sets are looked for, each in a subfolder of its own name."""

import os
from pathlib import Path

from miniae.optional import require


def data_folder(root: str | Path | None) -> Path | None:
    """The folder a user has named: ``root``, or else the environment variable ``MINIAE_DATA``; None for neither.

    >>> str(data_folder("course-data"))
    'course-data'
    """
    named = root or os.environ.get("MINIAE_DATA")
    return Path(named).expanduser() if named else None


def download_folder(root: str | Path | None) -> Path:
    """The folder downloads go to: ``root``, or else the user's cache, wherever this system keeps it.

    Not ``MINIAE_DATA``: what that names may be shared and write-protected.

    Raises:
        ImportError: if the cache is asked for and pooch, which knows where it lies, is not installed.

    >>> str(download_folder("course-data"))
    'course-data'
    """
    return Path(root or require("pooch", extra="data").os_cache("miniae")).expanduser()
