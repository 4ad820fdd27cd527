"""What codes must be before anything is counted in them."""

from typing import Any

from miniae.arrays import check_floats
from miniae.data.checks import check_finite_floats


def check_codes(metric: str, codes: Any) -> None:
    """Refuse codes that are not one row of finite floats for each example.

    Raises:
        TypeError: if they are not a float32 or float64 array.
        ValueError: if they are not (N, H), there are none, or one is not finite.
    """
    check_floats(metric, codes=codes)
    check_finite_floats(f"{metric}: codes", codes)
    if codes.ndim != 2:
        raise ValueError(f"{metric}: codes must have shape (examples, units), got {codes.shape}")
