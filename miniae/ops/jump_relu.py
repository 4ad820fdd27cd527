"""JumpReLU: what is above a threshold passes unchanged, all else becomes 0; the threshold is learned.

Shapes: ``...`` any leading axes, D features.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_floats, output


class JumpReluCache(NamedTuple):
    """What the backward needs."""

    x: Float[Array, "... D"]
    threshold: Float[Array, " D"]
    bandwidth: float


def jump_relu_forward(
    x: Float[Array, "... D"],
    threshold: Float[Array, " D"],
    *,
    bandwidth: float = 0.001,
    out: Float[Array, "... D"] | None = None,
) -> tuple[Float[Array, "... D"], JumpReluCache]:
    r"""Let every feature of ``x`` pass where it exceeds its threshold t.

    .. math::
        y_d = x_d\, H(x_d - t_d), \qquad H(u) = \begin{cases} 1 & u > 0 \\ 0 & u \le 0 \end{cases}      \tag{1}

    The comparison is with x itself, the pre-activation: a feature is off below t, and above it loses nothing, as it
    would if t were subtracted.

    Args:
        x: pre-activations, any shape, features last.
        threshold: t, (D,).
        bandwidth: of the backward pass alone; see :func:`jump_relu_backward`.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, same shape and dtype as ``x``, and the cache for :func:`jump_relu_backward`.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if ``threshold`` has not one entry for each feature, or ``bandwidth`` is not positive.

    >>> import numpy as np
    >>> y, _ = jump_relu_forward(np.array([[0.5, 2.0], [1.5, -2.0]]), threshold=np.array([1.0, 1.0]))
    >>> y
    array([[0. , 2. ], [1.5, 0. ]])

    Source: Rajamanoharan et al. (2024), "Jumping ahead: improving reconstruction fidelity with JumpReLU sparse
    autoencoders".
    """
    check_floats("jump_relu", x=x, threshold=threshold)
    if x.ndim == 0 or threshold.shape != x.shape[-1:]:
        raise ValueError(
            f"jump_relu: threshold must have an entry for each feature of x {x.shape}, got {threshold.shape}"
        )
    if not bandwidth > 0:
        raise ValueError(f"jump_relu: bandwidth must be positive, got {bandwidth}")
    xp = array_module(x)
    y = xp.maximum(x, threshold, out=output("jump_relu", out, x.shape, x))  # keeps NaN of either
    xp.copyto(y, 0, where=x <= threshold)  # (1)
    return y, JumpReluCache(x, threshold, float(bandwidth))


def jump_relu_backward(
    dy: Float[Array, "... D"],
    cache: JumpReluCache,
    *,
    needs: Collection[str] = ("x", "threshold"),
    out: Mapping[str, Array] | None = None,
) -> tuple[Float[Array, "... D"] | None, Float[Array, " D"] | None]:
    r"""Gradient of the cost with respect to ``x``, and the straight-through one with respect to ``threshold``.

    With the threshold held, (1) is linear on either side of it:

    .. math::
        dx_d = dy_d\, H(x_d - t_d)                                                                      \tag{2}

    In t it is a step, so its derivative is 0 almost everywhere and would teach nothing. What does change smoothly
    with t is the *mean* over inputs: moving t up by h silences those x between t and t + h, a share h p(t) of them,
    each of which loses its output t. With C(y) for the cost as a function of this one output,

    .. math::
        \frac{\partial}{\partial t} E[C] = -p(t)\, E[C(y = t) - C(y = 0) \,|\, x = t]
            \approx E\Big[-\frac{t}{\epsilon} K\Big(\frac{x - t}{\epsilon}\Big) dy\Big],
            \qquad K(u) = \begin{cases} 1 & |u| < \tfrac12 \\ 0 & |u| \ge \tfrac12 \end{cases}          \tag{3}

    where the density p(t) is estimated as one does from a sample: the share of x within a window of width
    :math:`\epsilon`, the bandwidth, divided by that width. One half of the window lies below t, where y = 0 and dy is
    the slope of C at 0, the other above, where it is the slope at t. t times the mean of the two slopes is the
    difference of C by the trapezoid rule: exact for a squared error, near it for other costs, as
    :math:`\epsilon \to 0`. What stands in the expectation is the gradient used:

    .. math::
        dt_d = \sum -\frac{t_d}{\epsilon} K\Big(\frac{x_d - t_d}{\epsilon}\Big) dy_d                    \tag{4}

    summed over all leading axes. It is no derivative of (1) at any one x, and no difference quotient will agree with
    it; only its mean over many x is one, of the mean cost, as far as (3) is.

    Args:
        dy: gradient with respect to ``y``, the shape and dtype of ``y``.
        cache: from :func:`jump_relu_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        out: where to write them, by the argument's name; fresh arrays for those not named.

    Returns:
        ``dx`` and ``dthreshold``, shaped like the arguments.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.

    >>> import numpy as np
    >>> _, cache = jump_relu_forward(np.array([[0.9], [1.2], [3.0]]), np.array([1.0]), bandwidth=0.5)
    >>> dx, dthreshold = jump_relu_backward(np.array([[1.0], [10.0], [100.0]]), cache)
    >>> dx.ravel(), dthreshold  # 0.9 and 1.2 lie in the window 0.75 to 1.25: -1 / 0.5 * (1 + 10)
    (array([  0.,  10., 100.]), array([-22.]))
    """
    x, t, bandwidth = cache
    check_cotangent("jump_relu", dy, x.shape, x.dtype)
    xp, out = array_module(dy), out or {}
    dx = dt = None
    if "x" in needs:
        dx = xp.multiply(dy, x > t, out=output("jump_relu", out.get("x"), x.shape, x))  # (2)
    if "threshold" in needs:
        near = (x > t - bandwidth / 2) & (x < t + bandwidth / 2)
        dt = output("jump_relu", out.get("threshold"), t.shape, x)
        xp.sum(dy * near, axis=tuple(range(x.ndim - 1)), out=dt)
        dt *= -t / bandwidth  # (4)
    return dx, dt
