"""``summary``: a network as a table, before it has seen any data."""

import math
from dataclasses import MISSING, dataclass, fields
from typing import Any

from miniae.context import Shape
from miniae.layers.base import Layer


@dataclass(frozen=True)
class Row:
    """One layer.

    Attributes:
        layer: its name with its fields.
        output_shape: of one example.
        parameters: how many numbers it learns; 0 for those it shares with an earlier layer.
        multiply_adds: products of weights and inputs added up, for one example.
        field: height and width of what one of its outputs sees of the input image; None where that is all of it.
    """

    layer: str
    output_shape: Shape
    parameters: int
    multiply_adds: int
    field: tuple[int, int] | None


@dataclass(frozen=True)
class Summary:
    """The layers of a network in order; ``print`` it."""

    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Of one forward pass of one example; a backward pass takes about twice as many."""
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        head = ("layer", "output shape", "parameters", "multiply-adds", "sees")
        cells = [head, *(_cells(row) for row in self.rows)]
        cells.append(("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", ""))
        widths = [max(len(line[k]) for line in cells) for k in range(len(head))]
        lines = [
            "  ".join([*(c.ljust(w) for c, w in zip(line[:2], widths, strict=False)),
                       *(c.rjust(w) for c, w in zip(line[2:], widths[2:], strict=True))]).rstrip()
            for line in cells
        ]  # fmt: skip
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def summary(network: Any, shape: Shape) -> Summary:
    """Follow one example through a network without computing anything, and find where its shapes do not fit.

    Args:
        network: a :class:`~miniae.network.Sequential`, or a model that has one as ``network``.
        shape: of one example: ``(64,)`` or ``(28, 28, 1)``.

    Returns:
        The table: ``print`` it.

    Raises:
        ValueError: if a layer cannot take what the one before hands it; the message names both.

    >>> from miniae.layers import Conv2d, Dense, Flatten, MaxPool2d, ReLU
    >>> from miniae.network import Sequential
    >>> network = Sequential([Conv2d(1, 4, padding="same"), ReLU(), MaxPool2d(), Flatten(), Dense(784, 10)])
    >>> print(summary(network, (28, 28, 1)))
    layer                         output shape  parameters  multiply-adds  sees
    ----------------------------  ------------  ----------  -------------  ----
    Conv2d(1, 4, padding='same')  28x28x4               40         28,224   3x3
    ReLU()                        28x28x4                0              0   3x3
    MaxPool2d()                   14x14x4                0              0   4x4
    Flatten()                     784                    0              0   all
    Dense(784, 10)                10                 7,850          7,840   all
    ----------------------------  ------------  ----------  -------------  ----
    total                                            7,890         36,064
    """
    network = getattr(network, "network", network)
    shape, before = (1, *shape), "the input"
    field: tuple[float, float] | None = (1.0, 1.0)
    step = (1.0, 1.0)
    rows = []
    for place, layer in enumerate(network.layers):
        try:
            after = layer.output_shape(shape)
        except ValueError as error:
            raise ValueError(f"layer {place + 1} of {len(network.layers)}, behind {before}: {error}") from None
        sight = layer.sight()
        if sight is None or field is None:
            field = None
        else:
            (f, g), (k, l), (s, t) = field, sight.window, step
            field = f + (k - 1) * s, g + (l - 1) * t
            step = s * sight.step[0], t * sight.step[1]
        parameters = sum(math.prod(p.shape) for p in layer.parameters().values() if not p.shared)
        seen = None if field is None else (math.ceil(field[0]), math.ceil(field[1]))
        rows.append(Row(_called(layer), after[1:], parameters, layer.multiply_adds(shape), seen))
        shape, before = after, _called(layer)
    return Summary(tuple(rows))


def _called(layer: Layer) -> str:
    """The layer as one writes it: without the fields that have their default.

    >>> from miniae.layers import Conv2d
    >>> _called(Conv2d(1, 16, kernel_size=5))
    'Conv2d(1, 16, kernel_size=5)'
    """
    words = []
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.default is MISSING:
            words.append(repr(value))
        elif value != field.default:
            words.append(f"{field.name}={value!r}")
    return f"{type(layer).__name__}({', '.join(words)})"


def _cells(row: Row) -> tuple[str, ...]:
    shape = "x".join(map(str, row.output_shape))
    seen = "all" if row.field is None else f"{row.field[0]}x{row.field[1]}"
    return row.layer, shape, f"{row.parameters:,}", f"{row.multiply_adds:,}", seen
