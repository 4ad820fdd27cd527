"""Cross-entropy of class logits, the softmax folded in: mean over examples.

Shapes: N batch, K classes.
"""

from jaxtyping import Float, Integer

from miniae.arrays import Array, array_module, check_examples, check_floats, output
from miniae.reduce import Reduce, local


def softmax_cross_entropy(
    y: Float[Array, "N K"],
    target: Integer[Array, " N"],
    *,
    reduce: Reduce = local,
    out: Float[Array, "N K"] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N K"]]:
    r"""Minus the log-probability of the right class, mean over examples.

    With p the softmax of a row of logits and t its label,

    .. math::
        -\log p_t = \log \sum_k e^{y_k} - y_t = \log \sum_k e^{y_k - c} - (y_t - c), \qquad c = \max_k y_k  \tag{1}

    The derivative of the log-sum-exp is the softmax, that of :math:`y_t` is 1 at the label and 0 elsewhere:

    .. math::
        L       &= -\frac{1}{m} \sum_n \log p_{n t_n}                           \tag{2} \\
        dy_{nk} &= \frac{1}{m} \big(p_{nk} - [k = t_n]\big)                     \tag{3}

    Args:
        y: outputs, (N, K): logits, any real number.
        target: labels, (N,), integers from 0 to K - 1. Their range is not looked at here, which would mean waiting
            for the GPU at every step, and a negative one counts from the last class:
            :func:`~miniae.losses.targets.check_labels` does it once, beforehand.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``dy``; a fresh array when None.

    Returns:
        The loss (0-d) and its gradient ``dy`` with respect to ``y``.

    Raises:
        TypeError: if ``y`` is neither float32 nor float64 or ``target`` holds no integers.
        ValueError: if the shapes do not fit together or there is no example.

    >>> import numpy as np
    >>> loss, dy = softmax_cross_entropy(np.array([[0.0, np.log(3.0)], [5.0, 5.0]]), np.array([1, 0]))
    >>> print(f"{loss:.4f}")  # (log 4/3 + log 2) / 2
    0.4904
    >>> dy
    array([[ 0.125, -0.125], [-0.25 ,  0.25 ]])

    Source: UFLDL tutorial, "Softmax Regression".
    """
    check_softmax_cross_entropy(y, target)
    xp = array_module(y)
    label = xp.arange(len(y)), target  # picks one element of each row
    dy = xp.subtract(y, y.max(axis=1, keepdims=True), out=output("softmax_cross_entropy", out, y.shape, y))
    shifted = dy[label]  # y_t - c
    xp.exp(dy, out=dy)
    sums = dy.sum(axis=1, keepdims=True)
    total, m = reduce((xp.log(sums[:, 0]) - shifted).sum(), len(y))  # (1)
    dy /= sums  # the softmax
    dy[label] -= 1
    dy /= m  # (3)
    return total / m, dy  # (2)


def check_softmax_cross_entropy(y: Array, target: Array) -> None:
    """Refuse arguments of :func:`softmax_cross_entropy`, as it says there."""
    check_floats("softmax_cross_entropy", y=y)
    kind = getattr(target, "dtype", None)
    if kind is None or kind.kind not in "iu":
        found = type(target).__name__ if kind is None else kind
        raise TypeError(f"softmax_cross_entropy: target must be an array of integer labels, got {found}")
    if y.ndim != 2 or target.shape != y.shape[:1]:
        raise ValueError(
            f"softmax_cross_entropy: y must be (N, K) and target (N,), got y {y.shape} and target {target.shape}"
        )
    check_examples("softmax_cross_entropy", y)
