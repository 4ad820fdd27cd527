"""What did unit 17 learn? Its figures in a table, and the input it responds to most.

Shapes: N examples, D hidden units.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from miniae.arrays import Array, moved
from miniae.context import Shape
from miniae.data.checks import check_finite_floats
from miniae.network import Sequential

HEAD = "unit", "mean", "std", "active", "largest", "at", "class", "selectivity"
STEPS = 200


class Unit(NamedTuple):
    """One hidden unit's activations over all examples.

    Attributes:
        number: which unit.
        mean, std: of its activations.
        active: fraction of the examples that activate it to more than half of its largest activation.
        largest: its largest activation.
        at: the example that causes it.
        preferred: the class with the largest mean activation; None without labels.
        selectivity: of that class against all other examples, from 0 (none) to 1 (silent for all others).
    """

    number: int
    mean: float
    std: float
    active: float
    largest: float
    at: int
    preferred: int | None = None
    selectivity: float | None = None


@dataclass(frozen=True)
class Units:
    """All units; ``print`` it. ``units.sorted_by("mean")`` puts those with the largest mean first."""

    rows: tuple[Unit, ...]

    def sorted_by(self, figure: str) -> "Units":
        """The same units, those first in which a figure, one of :class:`Unit`'s, is largest.

        Raises:
            ValueError: if there is no figure of that name.
        """
        if figure not in Unit._fields:
            raise ValueError(f"figure: {figure!r} is unknown; known: {', '.join(Unit._fields)}")
        if self.rows and getattr(self.rows[0], figure) is None:
            raise ValueError(f"figure: there is no {figure} without labels")
        return Units(tuple(sorted(self.rows, key=lambda unit: getattr(unit, figure), reverse=True)))

    def __str__(self) -> str:
        labelled = bool(self.rows) and self.rows[0].preferred is not None
        columns = HEAD if labelled else HEAD[:6]
        lines = [columns] + [
            (
                f"{u.number}",
                f"{u.mean:.3f}",
                f"{u.std:.3f}",
                f"{u.active:.1%}",
                f"{u.largest:.3f}",
                f"{u.at}",
                f"{u.preferred}",
                f"{u.selectivity:.2f}" if labelled else "",
            )[: len(columns)]
            for u in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines)


def units(a: Float[Array, "N D"], labels: Integer[Array, " N"] | None = None) -> Units:
    r"""The figures of every hidden unit.

    With labels, :math:`\mu_1` being the largest of a unit's mean activations in the classes, and :math:`\mu_2` its mean
    over all examples of the others:

    .. math::
        \text{selectivity} = \frac{\mu_1 - \mu_2}{\mu_1 + \mu_2}                            \tag{1}

    which lies from 0 to 1 for activations that are not negative; others have none, and NaN stands for it.

    Args:
        a: activations, (N, D), such as ``model.encode(x)``.
        labels: classes, (N,), whole numbers of at least 0.

    Returns:
        The table: ``print`` it.

    Raises:
        TypeError, ValueError: if the arrays do not fit.

    >>> a = np.array([[0.9, 0.0], [0.8, 0.1], [0.0, 0.3], [0.1, 0.4]])
    >>> print(units(a, np.array([3, 3, 5, 5])))
    unit   mean    std  active  largest  at  class  selectivity
       0  0.450  0.403   50.0%    0.900   0      3         0.89
       1  0.200  0.158   50.0%    0.400   3      5         0.75

    Source of (1): Morcos et al. (2018), "On the importance of single directions for generalization".
    """
    check_finite_floats("a", a)
    a, labels = moved(a, np), None if labels is None else moved(labels, np)
    if a.ndim != 2 or a.size == 0:
        raise ValueError(f"units: a must have shape (examples, units), at least one of each, got {a.shape}")
    if labels is not None and np.shape(labels) != (len(a),):
        raise ValueError(f"units: labels must have shape ({len(a)},), one for each example, got {np.shape(labels)}")
    if labels is not None and (np.asarray(labels).dtype.kind not in "iu" or np.min(labels) < 0):
        raise ValueError(f"units: labels must be whole numbers of at least 0, got {np.asarray(labels).dtype}")
    largest = a.max(axis=0)
    found = [
        Unit(j, float(a[:, j].mean()), float(a[:, j].std()), float((a[:, j] > largest[j] / 2).mean()),
             float(largest[j]), int(a[:, j].argmax()))
        for j in range(a.shape[1])
    ]  # fmt: skip
    if labels is None:
        return Units(tuple(found))
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"units: labels must name at least two classes, got only {classes.tolist()}")
    means = np.stack([a[labels == c].mean(axis=0) for c in classes])
    best = means.argmax(axis=0)
    rows = []
    for unit, k in zip(found, best, strict=True):
        first, others = means[k, unit.number], a[labels != classes[k], unit.number].mean()
        sound = a[:, unit.number].min() >= 0 and first > 0
        selectivity = float((first - others) / (first + others)) if sound else float("nan")  # (1)
        rows.append(unit._replace(preferred=int(classes[k]), selectivity=selectivity))
    return Units(tuple(rows))


def maximizing_input(
    network: Sequential, theta: Array, unit: int, shape: Shape, *, norm: float = 1.0, seed: int = 0
) -> Array:
    r"""The input, among all of one norm, to which a unit responds most: the picture it looks for.

    It is climbed to along the gradient of the activation a with respect to the *input*, which is what a backward pass
    leaves at its end, each step followed by a return to the sphere:

    .. math::
        g = \frac{\partial a}{\partial x}, \qquad
        x \leftarrow r \frac{x / r + \eta\, g / \|g\|}{\big\| x / r + \eta\, g / \|g\| \big\|}               \tag{1}

    with :math:`\eta` falling from 1 to 0. Of one dense layer the result is known: the weights into the unit,
    :math:`x = r\, w_j / \|w_j\|`, whatever the increasing activation behind it. Of a deep network (1) finds a maximum,
    which may be one of several; another seed starts elsewhere.

    Args:
        network: up to the layer in question, such as ``model.encoder`` or ``model.network.part(0, 2)``.
        theta: its parameters.
        unit: number of the output, counted through all axes of one example.
        shape: of one example going in.
        norm: r.
        seed: of the start.

    Returns:
        The input, shaped ``shape``, of theta's dtype.

    Raises:
        ValueError: if there is no such unit, ``norm`` is not positive, or the unit does not depend on its input where
            the climb stands (a ReLU that is off): there is no way up from there.

    >>> from miniae.layers import Dense, Sigmoid
    >>> network = Sequential([Dense(3, 2), Sigmoid()])
    >>> theta = np.array([3.0, 0, 4.0, 0, 0, 1.0, 0, 0])  # weights 3, 4, 0 into the first unit
    >>> maximizing_input(network, theta, unit=0, shape=(3,)).round(6)
    array([0.6, 0.8, 0. ])

    Source: Erhan et al. (2009), "Visualizing higher-layer features of a deep network"; UFLDL tutorial, "Visualizing a
    Trained Autoencoder", for one layer.
    """
    if not 0 < norm < np.inf:
        raise ValueError(f"maximizing_input: norm must be positive and finite, got {norm}")
    if not isinstance(unit, int | np.integer):
        raise ValueError(f"maximizing_input: unit must be a whole number, got {unit!r}")
    xp, ctx = network.backend.xp, network.context(network.initial_buffers(theta.dtype))
    x = xp.asarray(np.random.default_rng(seed).standard_normal((1, *shape)).astype(theta.dtype))
    x *= norm / xp.linalg.norm(x)
    for step in range(STEPS):
        y, records, _ = network.forward(theta, x, ctx)
        if not 0 <= unit < y.size:
            raise ValueError(f"maximizing_input: unit must lie in [0, {y.size}), got {unit}")
        dy = xp.zeros(y.size, y.dtype)
        dy[unit] = 1
        g = network.backward(dy.reshape(y.shape), records, xp.zeros_like(theta), ctx, needs_x=True)
        assert g is not None  # since needs_x
        length = xp.linalg.norm(g)
        if length == 0:
            raise ValueError(f"maximizing_input: unit {unit} does not depend on its input here; try another seed")
        x = x / norm + (1 - step / STEPS) * g / length
        x *= norm / xp.linalg.norm(x)  # (1)
    return x[0]
