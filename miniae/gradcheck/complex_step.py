"""The complex step: a derivative without a difference, where the code can take complex numbers."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from miniae.arrays import complex_allowed
from miniae.gradcheck.numeric import Difference

STEP = 1e-20  # nothing is subtracted, so it may be as small as that: the error of (1) is then below any rounding


class ComplexStep(NamedTuple):
    """A second opinion on a numerical gradient.

    Attributes:
        gradient: by complex step, shaped like the block; None where the code did not get that far.
        trusted: whether it may be believed.
        reason: why not.
    """

    gradient: np.ndarray | None
    trusted: bool
    reason: str


def complex_step_gradient(cost: Callable[[np.ndarray], Any], theta: np.ndarray, step: float = STEP) -> np.ndarray:
    r"""The gradient of a cost that computes with complex numbers as it does with real ones.

    .. math::
        J(\theta + i h e_k) = J(\theta) + i h J'_k - \tfrac{h^2}{2} J''_k - \dots
        \quad\Rightarrow\quad \frac{\mathrm{Im}\, J(\theta + i h e_k)}{h} = J'_k + O(h^2)                  \tag{1}

    There is no subtraction, hence no rounding to weigh against the step: h is tiny and the result exact to the last
    digits. But (1) holds only where the code is *analytic*. ``abs``, ``norm``, ``conj``, ``.real`` and a conversion
    to float drop the imaginary part of what goes through them, without a word: the result is then wrong, not the
    gradient under test. :func:`second_opinion` says when it cannot be trusted.

    Args:
        cost: a function of a complex128 theta.
        theta: where, float64, any shape.
        step: h.

    Returns:
        The gradient, shaped like ``theta``.

    Raises:
        TypeError: if the cost comes back real: the imaginary part was lost on the way.

    >>> complex_step_gradient(lambda t: np.exp(t[0]) * t[1], np.array([0.0, 3.0]))
    array([3., 1.])

    Source: Squire and Trapp (1998), "Using complex variables to estimate derivatives of real functions".
    """
    theta = np.asarray(theta)
    moved, gradient = theta.astype(np.complex128), np.empty(theta.shape)
    with complex_allowed(), np.errstate(all="ignore"), warnings.catch_warnings():
        # NumPy only warns where a complex number is squeezed into a real array. Here that is the end of it.
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        for i in range(theta.size):
            moved.flat[i] += 1j * step
            value = np.asarray(cost(moved))
            moved.flat[i] = theta.flat[i]
            if not np.iscomplexobj(value):
                raise TypeError("the cost came back real: abs, norm or a conversion to float lost the imaginary part")
            gradient.flat[i] = value.imag.item() / step  # (1)
    return gradient


def second_opinion(cost: Callable[[np.ndarray], Any], theta: np.ndarray, difference: Difference) -> ComplexStep:
    """The complex step beside the central differences, and whether it is to be trusted.

    It is not where the code raises on complex numbers, where the cost comes back real, and where the result lies
    farther from the central differences than ten times what these may be off.

    Args:
        cost: of the block, of a complex128 theta.
        theta: where, float64.
        difference: the central differences there.

    Returns:
        The opinion. It never decides: a gradient is judged by the central differences.
    """
    try:
        gradient = complex_step_gradient(cost, theta)
    except Exception as error:  # whatever a user's code raises when it meets complex numbers
        return ComplexStep(None, False, f"not analytic here: {type(error).__name__}: {error}")
    apart = np.abs(gradient - difference.gradient)
    # The gradient's own rounding: the sums inside the cost, in complex as in real numbers.
    rounding = 1e-12 * float(np.abs(difference.gradient).max(initial=0.0))
    off = ~(apart <= 10 * difference.uncertainty + rounding)
    if not off.any():
        return ComplexStep(gradient, True, "")
    k = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
    place = ", ".join(str(int(i)) for i in k)
    return ComplexStep(
        gradient,
        False,
        f"not analytic here: at [{place}] it gives {gradient[k]:.6e}, central differences {difference.gradient[k]:.6e}",
    )
