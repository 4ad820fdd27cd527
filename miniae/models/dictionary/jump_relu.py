"""The JumpReLU dictionary: sparse because every unit that speaks costs the same, whatever it says."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module
from miniae.backends import Backend
from miniae.context import Context
from miniae.layers.base import Parameter
from miniae.models.dictionary.base import Dictionary
from miniae.reduce import Reduce, local


class JumpReLUDictionary(Dictionary):
    r"""A dictionary whose units have thresholds, and a penalty on the number of units above theirs.

    .. math::
        a_{nh} &= z_{nh}\, H(z_{nh} - t_h), \qquad t_h = e^{\tau_h}                                     \tag{1} \\
        P &= \frac{\lambda}{m} \sum_n \sum_h H(z_{nh} - t_h)                                            \tag{2}

    The count is what an L1 penalty stands in for. It asks nothing of how large an activation is, so nothing pulls it
    down, and each unit learns its own threshold, below which it is not worth its price. Learned is its logarithm
    :math:`\tau`, so that it stays positive.

    Of (1) and (2) the threshold sees nothing but steps. Its gradient is the straight-through one: the derivative of
    the mean cost over many x, estimated from those z near the threshold; the derivation is in
    :func:`~miniae.ops.jump_relu.jump_relu_backward`. All other parameters get the gradient of (1) and
    the reconstruction alone: where they move a unit across its threshold the cost jumps, and no gradient says so.

    Args:
        in_features: inputs of an example.
        hidden: number of units.
        strength: lambda, the price of a unit, at least 0.
        bandwidth: of the estimate; small beside the activations, and large enough for some z of a batch to be within.
        initial: threshold of every unit at the start.
        seed, dtype, backend: see :class:`~miniae.models.dictionary.base.Dictionary`.

    Raises:
        ValueError: if a number is out of its range.

    >>> import numpy as np
    >>> model = JumpReLUDictionary(8, 32, strength=0.1, initial=0.5)
    >>> x = np.random.default_rng(0).normal(size=(5, 8))
    >>> codes = model.encode(x)
    >>> bool(((codes == 0) | (codes > 0.5)).all())
    True

    Source: Rajamanoharan et al. (2024), "Jumping ahead: improving reconstruction fidelity with JumpReLU sparse
    autoencoders".
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        *,
        strength: float,
        bandwidth: float = 0.001,
        initial: float = 0.001,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        if not 0 <= strength < float("inf"):
            raise ValueError(f"JumpReLUDictionary: strength must be finite and not negative, got {strength}")
        for name, value in (("bandwidth", bandwidth), ("initial", initial)):
            if not 0 < value < float("inf"):
                raise ValueError(f"JumpReLUDictionary: {name} must be finite and positive, got {value}")
        tau = Parameter((hidden,), lambda _, shape: np.full(shape, np.log(initial)))
        super().__init__(in_features, hidden, {"log_threshold": tau}, seed=seed, dtype=dtype, backend=backend)
        self.strength, self.bandwidth = float(strength), float(bandwidth)

    @property
    def thresholds(self) -> Array:
        """What each unit has to exceed, (H,), with the current theta."""
        return self.backend.xp.exp(self.layout.views(self.theta)["log_threshold"])

    def activate(self, params: Mapping[str, Array], z: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """(1) and (2)."""
        t = self.backend.xp.exp(params["log_threshold"])
        a, jump_relu = self.backend.pairs["jump_relu"].forward(z, t, bandwidth=self.bandwidth)  # (1)
        penalty, dt = l0_penalty(z, t, self.strength, self.bandwidth, ctx.reduce)  # (2)
        return a, penalty, (jump_relu, t, dt)

    def activate_backward(self, da: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        r"""Two gradients of the threshold, through the code and through the count; :math:`d\tau = t\, dt`."""
        jump_relu, t, dt_penalty = cache
        dz, dt = self.backend.pairs["jump_relu"].backward(da, jump_relu)
        return dz, {"log_threshold": t * (dt + dt_penalty)}


def l0_penalty(
    z: Float[Array, "N H"], t: Float[Array, " H"], strength: float, bandwidth: float, reduce: Reduce = local
) -> tuple[Any, Float[Array, " H"]]:
    r"""The price of the units above their thresholds, (2), and its straight-through gradient.

    Moving t up by h silences those z between t and t + h, a share h p(t) of them, and saves lambda on each. With the
    density p(t) estimated by the window K of width :math:`\epsilon`, as in
    :func:`~miniae.ops.jump_relu.jump_relu_backward`,

    .. math::
        dt_h = -\frac{\lambda}{m} \sum_n \frac{1}{\epsilon} K\Big(\frac{z_{nh} - t_h}{\epsilon}\Big)    \tag{3}

    Args:
        z: pre-activations, (N, H).
        t: thresholds, (H,).
        strength: lambda.
        bandwidth: :math:`\epsilon`.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.

    Returns:
        The penalty (0-d) and ``dt``.

    >>> import numpy as np
    >>> penalty, dt = l0_penalty(np.array([[0.9], [1.2], [3.0]]), np.array([1.0]), strength=1.5, bandwidth=0.5)
    >>> float(penalty), dt  # two of three are above; 0.9 and 1.2 lie in the window: -1.5 / 3 * 2 / .5
    (1.0, array([-2.]))
    """
    total, m = reduce((z > t).sum(), len(z))
    near = array_module(z).absolute(z - t) < bandwidth / 2
    dt = near.sum(axis=0).astype(z.dtype)
    dt *= -strength / (m * bandwidth)  # (3)
    return (total * strength / m).astype(z.dtype), dt
