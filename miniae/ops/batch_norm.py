"""Batch normalisation: every feature brought to mean 0 and variance 1 over the batch, then scaled and shifted.

Shapes: C features (the last axis: columns of a dense layer, channels of images); ``...`` all other axes, m entries of
each feature in all.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_cotangent, check_examples, check_floats, output
from miniae.reduce import Reduce, local


class BatchNormCache(NamedTuple):
    """What the backward needs: normalised inputs, 1 / sigma, gamma, and m where the statistics were the batch's.

    ``statistics``, mean and variance, are for whoever keeps running ones.
    """

    normal: Float[Array, "... C"]
    scale: Float[Array, " C"]
    gamma: Float[Array, " C"]
    m: int | None
    statistics: tuple[Float[Array, " C"], Float[Array, " C"]]


def batch_norm_forward(
    x: Float[Array, "... C"],
    gamma: Float[Array, " C"],
    beta: Float[Array, " C"],
    *,
    statistics: tuple[Array, Array] | None = None,
    eps: float = 1e-5,
    reduce: Reduce = local,
    out: Float[Array, "... C"] | None = None,
) -> tuple[Float[Array, "... C"], BatchNormCache]:
    r"""Normalise each feature, then scale and shift it.

    .. math::
        \mu_c &= \frac1m \sum_i x_{ic}, \qquad \sigma_c^2 = \frac1m \sum_i (x_{ic} - \mu_c)^2            \tag{1} \\
        \hat x_{ic} &= \frac{x_{ic} - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}}, \qquad
        y_{ic} = \gamma_c \hat x_{ic} + \beta_c                                                          \tag{2}

    i runs over all axes but the last: examples, and the pixels of images. With ``statistics``, those stand in for (1).

    Args:
        x: any shape, features last.
        gamma: scale, (C,).
        beta: shift, (C,).
        statistics: mean and variance, (C,) each, to use in place of the batch's (when not training).
        eps: keeps a constant feature from dividing by zero.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``y``; a fresh array when None.

    Returns:
        ``y``, shaped like ``x``, and the cache for :func:`batch_norm_backward`.

    Raises:
        TypeError: if the arrays are not float32 or float64, all alike.
        ValueError: if one of the others has not one entry for each feature, or there is nothing to average.

    >>> import numpy as np
    >>> y, _ = batch_norm_forward(np.array([[1.0], [3.0]]), np.array([10.0]), np.array([5.0]), eps=0.0)
    >>> y.ravel()
    array([-5., 15.])

    Source: Ioffe and Szegedy (2015), "Batch normalization".
    """
    check_floats("batch_norm", x=x, gamma=gamma, beta=beta)
    mean, variance = (None, None) if statistics is None else statistics
    check_floats("batch_norm", x=x.real, mean=mean, variance=variance)  # real even in the checker's complex step
    for name, each in {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}.items():
        if each is not None and (x.ndim == 0 or each.shape != x.shape[-1:]):
            raise ValueError(
                f"batch_norm: {name} must have one entry for each feature, the last axis of x {x.shape}, "
                f"got {each.shape}"
            )
    xp, m = array_module(x), None
    if statistics is None:
        check_examples("batch_norm", x)
        statistics, m = batch_statistics(x, reduce)
    mean, variance = statistics
    scale = 1 / xp.sqrt(variance + x.dtype.type(eps))
    y = output("batch_norm", out, x.shape, x)
    normal = x - mean
    normal *= scale
    xp.multiply(normal, gamma, out=y)
    y += beta  # (2)
    return y, BatchNormCache(normal, scale, gamma, m, statistics)


def batch_statistics(x: Float[Array, "... C"], reduce: Reduce = local) -> tuple[tuple[Array, Array], int]:
    """Mean and variance (1) of each feature over the batch of all workers, and m."""
    axes = tuple(range(x.ndim - 1))
    total, m = reduce(x.sum(axis=axes), x.size // x.shape[-1])
    mean = total / x.dtype.type(m)
    squares, _ = reduce(((x - mean) ** 2).sum(axis=axes), x.size // x.shape[-1])
    return (mean, squares / x.dtype.type(m)), m


def batch_norm_backward(
    dy: Float[Array, "... C"],
    cache: BatchNormCache,
    *,
    needs: Collection[str] = ("x", "gamma", "beta"),
    reduce: Reduce = local,
    out: Mapping[str, Array] | None = None,
) -> tuple[Float[Array, "... C"] | None, Float[Array, " C"] | None, Float[Array, " C"] | None]:
    r"""Gradients of the cost with respect to ``x``, ``gamma`` and ``beta``.

    .. math::
        d\gamma_c = \sum_i dy_{ic}\, \hat x_{ic}, \qquad d\beta_c = \sum_i dy_{ic}                       \tag{3}

    An entry of x reaches the cost in three ways: through its own :math:`\hat x`, through the mean, and through the
    variance, the last two shared by all entries of the feature. With :math:`s = 1/\sqrt{\sigma^2 + \epsilon}`, and
    :math:`\sum_i \hat x_i = 0` (so that the mean does not move the variance),

    .. math::
        \frac{\partial \hat x_j}{\partial x_i} &= s \Big(\delta_{ij} - \frac1m - \frac{\hat x_j \hat x_i}{m}\Big)
        \tag{4} \\
        dx_{ic} &= \gamma_c s_c \Big(dy_{ic} - \frac{d\beta_c}{m} - \hat x_{ic} \frac{d\gamma_c}{m}\Big) \tag{5}

    Where the statistics were given, they do not move: :math:`dx = \gamma\, s\, dy`.

    Args:
        dy: gradient with respect to ``y``.
        cache: from :func:`batch_norm_forward`.
        needs: the arguments whose gradients are wanted; the others come back as None.
        reduce: as in the forward. The gradients of gamma and beta are the local ones; (5) takes the sums of all.
        out: where to write them, by the argument's name; fresh arrays for those not named.

    Returns:
        ``dx``, ``dgamma``, ``dbeta``, shaped like the arguments.

    Raises:
        TypeError, ValueError: if ``dy`` has not the dtype and shape of ``y``.
    """
    normal, scale, gamma, m, _ = cache
    check_cotangent("batch_norm", dy, normal.shape, normal.dtype)
    xp, out, axes = array_module(dy), out or {}, tuple(range(dy.ndim - 1))
    dx = None
    dgamma = xp.sum(dy * normal, axis=axes, out=output("batch_norm", out.get("gamma"), gamma.shape, dy))  # (3)
    dbeta = xp.sum(dy, axis=axes, out=output("batch_norm", out.get("beta"), gamma.shape, dy))
    if "x" in needs:
        dx = output("batch_norm", out.get("x"), dy.shape, dy)
        if m is None:
            xp.multiply(dy, gamma * scale, out=dx)
        else:
            count = dy.size // dy.shape[-1]
            mean_dy, mean_dy_normal = (reduce(total, count)[0] / dy.dtype.type(m) for total in (dbeta, dgamma))
            xp.multiply(normal, -mean_dy_normal, out=dx)
            dx += dy
            dx -= mean_dy
            dx *= gamma * scale  # (5)
    return dx, dgamma if "gamma" in needs else None, dbeta if "beta" in needs else None
