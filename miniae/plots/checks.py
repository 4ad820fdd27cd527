"""The numbers a picture is drawn from: brought to the host, in float64, all of them finite."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def on_host(values: Any) -> NDArray[Any]:
    """A NumPy array of the values: of a CuPy array a copy, of a sequence what NumPy makes of it."""
    return np.asarray(values.get() if type(values).__module__.startswith("cupy") else values)


def finite(plot: str, name: str, values: Any) -> NDArray[np.float64]:
    """``values`` as a float64 NumPy array, refused where there is nothing to draw.

    A NaN would be drawn as a hole or not at all, and a reader would take the rest for the whole.

    Args:
        plot: name of the plot, the first word of the message.
        name: name of the argument.
        values: a NumPy or CuPy array of real numbers, or a sequence of them.

    Returns:
        The array; the argument itself where it already is one.

    Raises:
        TypeError: if ``values`` are not real numbers.
        ValueError: if there are none, or one is NaN or infinite.

    >>> finite("curves", "cost", [1, float("nan")])
    Traceback (most recent call last):
    ...
    ValueError: curves: cost must be finite; 1 of its 2 values is not, the first nan at index (1,)
    """
    host = on_host(values)
    if host.dtype.kind not in "fiub":  # float, signed, unsigned, bool
        raise TypeError(f"{plot}: {name} must be real numbers, got {host.dtype}")
    if host.size == 0:
        raise ValueError(f"{plot}: {name} is empty, its shape is {host.shape}")
    bad = np.argwhere(~np.isfinite(host))
    if len(bad):
        first = tuple(int(i) for i in bad[0])
        are = "is" if len(bad) == 1 else "are"
        raise ValueError(
            f"{plot}: {name} must be finite; {len(bad)} of its {host.size} values {are} not, "
            f"the first {host[first]} at index {first}"
        )
    return host.astype(np.float64, copy=False)
