"""Copies of arrays with guard bands on both sides."""

import numpy as np

from miniae_kernels.threads.errors import GuardBandDamaged

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


class Copies:
    """Guarded copies of the arrays that a launch is given: one for each, however often it is passed."""

    def __init__(self, kernel: str) -> None:
        self.kernel = kernel
        self._made: list[tuple[np.ndarray, Guarded]] = []

    def of(self, name: str, array: np.ndarray) -> Guarded:
        """The copy of an array, the same one for an array that was passed before.

        Raises:
            ValueError: if it is not contiguous, or overlaps another but is not the same memory.
        """
        if not array.flags.c_contiguous:
            raise ValueError(f"{self.kernel}: {name} must be contiguous, got strides {array.strides}")
        for other, copy in self._made:
            same = (other.ctypes.data, other.nbytes, other.dtype) == (array.ctypes.data, array.nbytes, array.dtype)
            if same and array.size:
                return copy
            if np.may_share_memory(other, array):
                raise ValueError(f"{self.kernel}: {name} and {copy.name} overlap, but are not the same memory")
        self._made.append((array, Guarded(array, name)))
        return self._made[-1][1]

    def hand_back(self) -> None:
        """Check the guard bands, and put the results into the caller's arrays.

        Raises:
            GuardBandDamaged: if a band has changed; no array has then.
            ValueError: if an array that is read-only would have to.
        """
        for array, copy in self._made:
            copy.check(self.kernel)
            if not array.flags.writeable and copy.flat.tobytes() != array.tobytes():
                raise ValueError(f"{self.kernel}: {copy.name} is a read-only array, and the kernel changed it")
        for array, copy in self._made:
            if array.flags.writeable:
                array[...] = copy.flat.reshape(array.shape)
