"""The TopK dictionary: sparse because no more than k units may speak; those long silent learn from what is left."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from miniae.arrays import Array
from miniae.backends import Backend
from miniae.context import Context
from miniae.layers.base import Parameter
from miniae.layers.images import whole
from miniae.models.dictionary.base import Dictionary, Tape
from miniae.network import Parameters
from miniae.ops import Pair
from miniae.reduce import Reduce, local


class TopKDictionary(Dictionary):
    r"""A dictionary that keeps the k largest positive activations, and moves dead units by an auxiliary cost.

    .. math::
        a &= \operatorname{top}_k(\max(z, 0)), \qquad P = \alpha\, L_{aux}                              \tag{1} \\
        L_{aux} &= \frac{1}{2m} \sum_n \|\hat e_n - e_n\|^2, \qquad e = x - \hat x, \qquad
            \hat e = \operatorname{top}_{k'}(\max(z, 0) \odot \text{dead})\, D                          \tag{2}

    No penalty, so nothing pulls the activations down: L0 is set, not sought. But a unit that is never among the k
    largest gets no gradient, and stays as it is. A unit counts as dead when it has been silent for ``dead_after``
    training steps. The k' most active of the dead try to explain what the others left over, the residual e, and so
    learn something that is missing. Where no unit is dead, :math:`L_{aux}` is 0.

    Two points are easily missed. The residual is a target: e is what it is, and the cost (2) does not try to make it
    easier by changing the reconstruction. No gradient goes back through it; what :meth:`cost_and_grad` returns is
    the gradient of the cost *with e held fixed*, and a difference quotient must hold it too. And the bias
    :math:`b_2` is already in :math:`\hat x`: e contains none of it, so :math:`\hat e` must not add it again.

    Args:
        in_features: inputs of an example.
        hidden: number of units.
        k: how many speak at most, 1 to ``hidden``.
        aux_k: k', how many dead units try at most, 1 to ``hidden``; half of ``in_features`` when None.
        aux_strength: alpha, weight of (2).
        dead_after: silent steps after which a unit counts as dead.
        seed, dtype, backend: see :class:`~miniae.models.dictionary.base.Dictionary`.

    Attributes:
        buffers: ``silent``, the steps since each unit was last active; training keeps it.

    Raises:
        ValueError: if a number is out of its range.

    >>> import numpy as np
    >>> model = TopKDictionary(8, 32, k=3)
    >>> x = np.random.default_rng(0).normal(size=(5, 8))
    >>> np.count_nonzero(model.encode(x), axis=1)
    array([3, 3, 3, 3, 3])

    Source: Gao et al. (2024), "Scaling and evaluating sparse autoencoders", sections 2.3 and A.2.
    """

    def __init__(
        self,
        in_features: int,
        hidden: int,
        k: int,
        *,
        aux_k: int | None = None,
        aux_strength: float = 1 / 32,
        dead_after: int = 200,
        seed: int = 0,
        dtype: Any = "float64",
        backend: str | Backend = "numpy",
    ) -> None:
        whole("TopKDictionary", in_features=in_features, hidden=hidden)
        aux_k = min(max(1, in_features // 2), hidden) if aux_k is None else aux_k
        for name, value in (("k", k), ("aux_k", aux_k)):
            if not isinstance(value, int) or not 1 <= value <= hidden:
                raise ValueError(f"TopKDictionary: {name} must be from 1 to the {hidden} units, got {value!r}")
        if not 0 <= aux_strength < float("inf"):
            raise ValueError(f"TopKDictionary: aux_strength must be finite and not negative, got {aux_strength}")
        if dead_after < 1:
            raise ValueError(f"TopKDictionary: dead_after must be at least 1 step, got {dead_after}")
        silent = Parameters({"silent": Parameter((hidden,))})
        super().__init__(in_features, hidden, buffers=silent, seed=seed, dtype=dtype, backend=backend)
        self.k, self.aux_k, self.aux_strength, self.dead_after = k, aux_k, float(aux_strength), dead_after

    @property
    def dead(self) -> Array:
        """Which units have been silent for too long, (H,), True or False."""
        return self.buffers_layout.views(self.buffers)["silent"] >= self.dead_after

    @property
    def decoder(self) -> Pair:
        """For the codes of this model: see :func:`sparse_dense`."""
        return sparse_dense(self.backend, self.k)

    def activate(self, params: Mapping[str, Array], z: Array, ctx: Context) -> tuple[Array, Any, Any]:
        """(1) without the auxiliary cost, which needs the reconstruction."""
        positive, relu = self.backend.pairs["relu"].forward(z)
        a, top_k = self.backend.pairs["top_k"].forward(positive, self.k)
        return a, 0.0, (relu, top_k)

    def activate_backward(self, da: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        """Back through the choice, then through the ReLU."""
        relu, top_k = cache
        return self.backend.pairs["relu"].backward(self.backend.pairs["top_k"].backward(da, top_k), relu), {}

    def forward(self, theta: Array, x: Array, target: Array, ctx: Context) -> tuple[Any, Tape]:
        """The cost with P of (1), and the tape; while training, who was silent is counted."""
        cost, tape = super().forward(theta, x, target, ctx)
        silent = ctx.buffers["silent"]
        dead = silent >= self.dead_after
        if ctx.training:
            active, _ = ctx.reduce((tape.a != 0).sum(axis=0), len(x))
            ctx.new_buffers["silent"][...] = (silent + 1) * (active == 0)
        if self.backend.xp is np and not dead.any():  # saves work; a GPU does not ask, for the host would have to wait
            return cost, tape
        residual = target - tape.y
        auxiliary, dz, dd = auxiliary_cost(tape.z, tape.d, residual, dead, self.aux_k, self.backend, ctx.reduce)
        dz *= self.aux_strength
        dd *= self.aux_strength
        return cost + self.aux_strength * auxiliary, tape._replace(dz=dz, dd=dd)


def sparse_dense(backend: Backend, k: int) -> Pair:
    """``dense`` for codes of which no more than ``k`` entries are positive and the others 0, as (1) makes them.

    To choose the k largest of such a code changes nothing. So where a backend has ``top_k`` followed by ``dense`` as
    one op, which for each example reads k rows of D instead of all, that op does it.
    """
    fused = backend.pairs.get("top_k_dense")
    if fused is None:
        return backend.pairs["dense"]
    return fused._replace(forward=partial(fused.forward, k=k))


def auxiliary_cost(
    z: Float[Array, "N H"],
    d: Float[Array, "H D"],
    residual: Float[Array, "N D"],
    dead: Bool[Array, " H"],
    k: int,
    backend: Backend,
    reduce: Reduce = local,
) -> tuple[Any, Float[Array, "N H"], Float[Array, "H D"]]:
    r"""How far the dead units are from explaining the residual, :math:`L_{aux}` of (2), and its gradients.

    It is an autoencoder's cost with another target, and its backward pass is the same. With
    :math:`b = \operatorname{top}_{k'}(r)`, :math:`r = \max(z, 0) \odot \text{dead}`, :math:`\hat e = b D` and
    :math:`d\hat e = (\hat e - e) / m`,

    .. math::
        dD = b^T d\hat e, \qquad db = d\hat e\, D^T, \qquad
        dz = db \text{ where } b \text{ was kept, } z > 0 \text{ and the unit is dead, else } 0          \tag{3}

    The residual is an argument here: to differentiate this function numerically is to hold it fixed.

    Where no unit is dead b is 0, and with it both gradients. Of the cost, the size of the residual would be left: it is
    multiplied by 0.

    Args:
        z: pre-activations, (N, H).
        d: the dictionary, (H, D).
        residual: e, (N, D).
        dead: which units are, (H,).
        k: k'.
        backend: whose functions run.
        reduce: adds sums and counts over all workers; see :mod:`miniae.reduce`.

    Returns:
        The cost (0-d), ``dz`` and ``dd``.
    """
    relu, top_k, dense = backend.pairs["relu"], backend.pairs["top_k"], sparse_dense(backend, k)
    positive, slopes = relu.forward(z)
    b, chosen = top_k.forward(positive * dead, k)
    e_hat, decoding = dense.forward(b, d)
    cost, de_hat = backend.costs["squared_error"](e_hat, residual, reduce=reduce)  # (2)
    db, dd, _ = dense.backward(de_hat, decoding)
    dz = relu.backward(top_k.backward(db, chosen) * dead, slopes)  # (3)
    return cost * dead.any(), dz, dd
