"""Binary cross-entropy of probabilities: mean over elements.

Shapes: N batch, ``...`` the features of one example.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target, output
from miniae.reduce import Reduce, local


def binary_cross_entropy(
    y: Float[Array, "N ..."],
    target: Float[Array, "N ..."],
    *,
    reduce: Reduce = local,
    out: Float[Array, "N ..."] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N ..."]]:
    r"""Cross-entropy between targets and outputs, both probabilities, mean over elements.

    .. math::
        f(p)  &= -\big(t \log p + (1 - t) \log(1 - p)\big)                              \tag{1} \\
        f'(p) &= -\frac{t}{p} + \frac{1 - t}{1 - p} = \frac{p - t}{p\,(1 - p)}          \tag{2}

    (1) is infinite at 0 or 1, and (2) as well. Within eps of them (the dtype's machine epsilon) the loss continues
    along its tangent: finite, and never flat. With q the nearest point inside, n running over the batch and d over
    the features,

    .. math::
        L  &= \frac{1}{mD} \sum_n \sum_d f(q_{nd}) + f'(q_{nd})\,(y_{nd} - q_{nd}),
        \qquad q = \min(\max(y, \epsilon), 1 - \epsilon)                                \tag{3} \\
        dy &= \frac{1}{mD} f'(q)                                                        \tag{4}

    Where the outputs come from a sigmoid, train on the logits instead, with
    :func:`~miniae.losses.binary_cross_entropy_with_logits.binary_cross_entropy_with_logits`: there nothing is infinite.

    Args:
        y: outputs, (N, ...), in [0, 1].
        target: what they should be, the shape of ``y``, in [0, 1]; see
            :func:`~miniae.losses.targets.check_probabilities`.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``dy``; a fresh array when None.

    Returns:
        The loss (0-d) and its gradient ``dy`` with respect to ``y``.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ or there is no example.

    >>> import numpy as np
    >>> loss, dy = binary_cross_entropy(np.array([[0.5, 0.8]]), np.array([[1.0, 0.0]]))
    >>> print(f"{loss:.4f}")  # (log 2 + log 5) / 2
    1.1513
    >>> dy.round(12)  # (-1 / 0.5, 1 / 0.2) / 2
    array([[-1. ,  2.5]])

    Source: Vincent et al. (2010), "Stacked denoising autoencoders", section 2.2.
    """
    check_floats("binary_cross_entropy", y=y, target=target)
    check_target("binary_cross_entropy", y, target)
    xp = array_module(y)
    eps = xp.finfo(y.dtype).eps
    q = xp.clip(y, eps, 1 - eps)
    dy = output("binary_cross_entropy", out, y.shape, y)
    xp.log(q, out=dy)  # dy's memory first holds the two logarithms
    total = -xp.vdot(target, dy)
    xp.log1p(-q, out=dy)
    total -= xp.vdot(1 - target, dy)  # (1)
    xp.subtract(q, target, out=dy)
    dy /= q
    dy /= 1 - q  # (2)
    total += xp.vdot(dy, y - q)  # the tangent; nothing where q is y itself
    total, m = reduce(total, len(y))
    elements = m * (y.size // len(y))
    dy /= elements  # (4)
    return total / elements, dy  # (3)
