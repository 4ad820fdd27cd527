"""Copies of arrays with guard bands on both sides."""

import numpy as np

from .errors import GuardBandDamaged

BAND = 64  # bytes on each side: keeps the copy aligned for every type
CANARY = 0x5C


class Guarded:
    """A copy of an array, between two bands of bytes that nobody may change."""

    def __init__(self, array: np.ndarray, name: str) -> None:
        self.name = name
        self.raw = np.full(array.nbytes + 2 * BAND, CANARY, np.uint8)
        self.flat = self.raw[BAND : BAND + array.nbytes].view(array.dtype)
        self.flat[:] = array.ravel()

    def check(self, kernel: str) -> None:
        """Ask whether the bands are as they were.

        Raises:
            GuardBandDamaged: if they are not, with the place of the nearest changed byte.
        """
        before, after = (np.flatnonzero(band != CANARY) for band in (self.raw[:BAND], self.raw[-BAND:]))
        if before.size:
            raise GuardBandDamaged(f"{kernel}: the byte {BAND - before[-1]} before {self.name} was changed")
        if after.size:
            raise GuardBandDamaged(f"{kernel}: the byte {1 + after[0]} after {self.name} was changed")
