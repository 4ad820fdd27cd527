"""Binary cross-entropy of logits, the sigmoid folded in: mean over elements.

Shapes: N batch, ``...`` the features of one example.
"""

from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats, check_target, output
from miniae.ops.sigmoid import sigmoid_forward
from miniae.reduce import Reduce, local


def binary_cross_entropy_with_logits(
    y: Float[Array, "N ..."],
    target: Float[Array, "N ..."],
    *,
    reduce: Reduce = local,
    out: Float[Array, "N ..."] | None = None,
) -> tuple[Float[Array, ""], Float[Array, "N ..."]]:
    r"""Cross-entropy between targets and the sigmoid of the outputs, mean over elements.

    With p the sigmoid of y, :math:`\log p = y - \log(1 + e^y)` and :math:`\log(1 - p) = -\log(1 + e^y)`, so

    .. math::
        -\big(t \log p + (1 - t) \log(1 - p)\big)
        = \log(1 + e^y) - y t
        = \max(y, 0) - y t + \log(1 + e^{-|y|})                                             \tag{1}

    where the last form cannot overflow. The derivative of log(1 + e^y) is the sigmoid, and nothing is divided by
    p (1 - p): with m examples of D features

    .. math::
        L  &= \frac{1}{mD} \sum_n \sum_d \max(y_{nd}, 0) - y_{nd} t_{nd} + \log(1 + e^{-|y_{nd}|})  \tag{2} \\
        dy &= \frac{1}{mD} (\sigma(y) - t)                                                  \tag{3}

    Args:
        y: outputs, (N, ...): logits, any real number.
        target: what their sigmoids should be, the shape of ``y``, in [0, 1]; see
            :func:`~miniae.losses.targets.check_probabilities`.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.
        out: where to write ``dy``; a fresh array when None.

    Returns:
        The loss (0-d) and its gradient ``dy`` with respect to ``y``.

    Raises:
        TypeError: if the arrays are not float32 or float64, both alike.
        ValueError: if the shapes differ or there is no example.

    >>> import numpy as np
    >>> loss, dy = binary_cross_entropy_with_logits(np.array([[0.0, 1000.0]]), np.array([[1.0, 0.0]]))
    >>> print(f"{loss:.4f}")  # (log 2 + 1000) / 2
    500.3466
    >>> dy
    array([[-0.25,  0.5 ]])

    Source: Bishop (2006), "Pattern Recognition and Machine Learning", section 4.3.2.
    """
    check_floats("binary_cross_entropy_with_logits", y=y, target=target)
    check_target("binary_cross_entropy_with_logits", y, target)
    xp = array_module(y)
    dy = output("binary_cross_entropy_with_logits", out, y.shape, y)
    tail = xp.absolute(y)
    xp.negative(tail, out=tail)
    xp.exp(tail, out=tail)
    xp.log1p(tail, out=tail)  # log(1 + exp(-|y|)), the last term of (1)
    xp.subtract(y > 0, target, out=dy)
    dy *= y  # max(y, 0) - y t is y ([y > 0] - t): without the difference of two large numbers
    dy += tail  # (1), in dy's memory
    total, m = reduce(dy.sum(), len(y))
    elements = m * (y.size // len(y))
    sigmoid_forward(y, out=dy)
    dy -= target
    dy /= elements  # (3)
    return total / elements, dy  # (2)
