"""Low-precision gradients: held against the same gradient in float64."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from miniae.gradcheck.compare import check_options, judged
from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.numeric import EPS, Difference
from miniae.gradcheck.report import Report
from miniae.layout import Layout

FLOAT32_TOLERANCE = 1e-5  # some eighty roundings of 1.2e-7: what sums over batches and features of a few thousand cost


def check_against(
    gradient: Any,
    reference: np.ndarray,
    *,
    tolerance: float = FLOAT32_TOLERANCE,
    theta: np.ndarray | None = None,
    layout: Layout | Mapping[str, tuple[int, ...]] | None = None,
    zero: tuple[str, ...] = (),
) -> Report:
    """Check a float32 or GPU gradient against one computed in float64, which was itself checked by differences.

    In float32 no difference quotient is better than about 1e-4, so that a wrong gradient would pass. Compute the
    gradient a second time in float64 with NumPy, check that one with :func:`check_function`, and the fast one here:

    >>> x = np.linspace(-2, 2, 9)
    >>> def cost_and_grad(x):
    ...     return np.log1p(np.exp(x)).sum(), 1 / (1 + np.exp(-x))
    >>> check_against(cost_and_grad(x.astype(np.float32))[1], cost_and_grad(x)[1]).passed
    True

    Args:
        gradient: of any float dtype: a NumPy array, or anything that NumPy can convert (a PyTorch tensor on the CPU, a
            JAX array) or that has ``.get()`` (a CuPy array).
        reference: the same gradient in float64.
        tolerance: the largest error that passes, relative to the largest entry of the block. The default is for
            float32; reduced precision (TF32, float16) wants about 1e-2.
        theta: where both were taken, for the diagnosis of a failure.
        layout: names and shapes of the blocks of a flat gradient.
        zero: names of blocks whose gradient is rightly zero throughout.

    Returns:
        The report, with ``reference`` in the numerical gradient's place.

    Raises:
        TypeError: if ``reference`` is not a float64 array, ``gradient`` not of floats.
        ValueError: if a shape or the layout does not fit.
    """
    if getattr(reference, "dtype", None) != np.float64:
        raise TypeError(f"check_against: reference must be a float64 array, got {getattr(reference, 'dtype', None)}")
    found = np.asarray(gradient.get() if hasattr(gradient, "get") else gradient)
    if found.dtype.kind != "f":
        raise TypeError(f"check_against: gradient must be an array of floats, got {found.dtype}")
    theta = np.zeros(reference.shape) if theta is None else theta
    for name, array in {"gradient": found, "theta": theta}.items():
        if array.shape != reference.shape:
            raise ValueError(f"check_against: {name} has shape {array.shape}, reference {reference.shape}")
    if layout is None:
        layout = {"gradient": reference.shape}
    if not isinstance(layout, Layout):
        layout = Layout.of(layout)
    if layout.size != reference.size:
        raise ValueError(f"check_against: {layout!r} covers {layout.size} elements, reference has {reference.size}")
    check_options("check_against", [slot.name for slot in layout], zero, 0.0, tolerance)
    compared = []
    for slot in layout:
        here, own, expected = (v.reshape(-1)[slot.slice].reshape(slot.shape) for v in (theta, found, reference))
        rounding = np.full(slot.shape, EPS * float(np.abs(expected).max(initial=0.0)))
        difference = Difference(expected, rounding, rounding)
        compared.append(
            Compared(slot.name, here, own.astype(np.float64), difference, tolerance, beside="the reference has")
        )
    return judged(Evidence(tuple(compared)), zero)
