"""The evidence with what can be read off it: what is wrong, the numbers m and n_outputs, the calculation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from miniae.gradcheck.diagnosis.chain import Chain
from miniae.gradcheck.diagnosis.images import Convolution, Pooling, find_convolution, find_poolings
from miniae.gradcheck.diagnosis.rebuild import TARGET_NAMES, X_NAMES, named, rebuild
from miniae.gradcheck.evidence import Compared, Evidence
from miniae.gradcheck.numeric import Difference


class Constant(NamedTuple):
    """A number by which gradients are often off, and what that would mean.

    Attributes:
        value: the number.
        what: in words: "there are 10 examples"; empty where the number speaks for itself.
        missing: the cause where the gradient is ``value`` times too large.
        doubled: the cause where it is ``value`` times too small.
    """

    value: float
    what: str
    missing: str
    doubled: str


@dataclass(frozen=True)
class Clues(Evidence):
    """Evidence, and what hypotheses want to know of it.

    Attributes:
        failing: names of the blocks that fail.
        places: of blocks too large to be measured entry by entry, which entries were; those are all that is compared.
    """

    failing: tuple[str, ...] = ()
    places: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, failing: tuple[str, ...]) -> "Clues":
        """The evidence of a check, with the names of the blocks that fail."""
        clues = cls(**{f.name: getattr(evidence, f.name) for f in fields(Evidence)}, failing=failing)
        where = {c.name: c.projected.measured for c in evidence.compared if c.projected is not None}

        def again() -> dict[str, np.ndarray]:
            assert evidence.again is not None
            return {
                name: np.ravel(gradient)[where[name]] if name in where else gradient
                for name, gradient in evidence.again().items()
            }

        measured = tuple(_measured(c) for c in evidence.compared)
        return replace(clues, compared=measured, places=where, again=again if evidence.again is not None else None)

    @cached_property
    def wrong(self) -> tuple[Compared, ...]:
        """The failing blocks with an error to explain: of the right shape, with finite numbers, not the same ones."""
        return tuple(
            c
            for c in self.compared
            if c.name in self.failing
            and c.analytic.shape == c.difference.gradient.shape
            and c.analytic.size
            and np.isfinite(c.analytic).all()
            and np.isfinite(c.difference.gradient).all()
            and (c.analytic != c.difference.gradient).any()
        )

    @cached_property
    def chain(self) -> Chain | None:
        """The calculation under test, rebuilt; None where the evidence does not suffice."""
        return rebuild(self)

    @cached_property
    def convolution(self) -> Convolution | None:
        """The convolution that the pair is; None where it is none."""
        return find_convolution(self) if self.chain is None else None  # a dense op's w is no kernel

    @cached_property
    def poolings(self) -> list[Pooling]:
        """The poolings that the pair may be, the likeliest first; none where it is none."""
        return find_poolings(self) if self.chain is None else []

    @cached_property
    def images(self) -> Convolution | Pooling | None:
        """The convolution or pooling that the pair is."""
        return self.convolution or next(iter(self.poolings), None)

    def axes(self, name: str) -> str:
        """Letters for the axes of an argument, (H)eight and (W)idth among them; empty where they are not known."""
        known = None if name in self.places else self.images
        return "" if known is None else known.letters.get(name, "")

    @cached_property
    def examples(self) -> int | None:
        """m, the number of examples; None where nothing tells."""
        if self.chain is not None:
            return len(self.chain.x) if self.chain.x.ndim > 0 else None
        if self.data:
            return len(self.data[0])
        if self.pair is not None:
            first = next(iter(self.pair.args.values()))
            return len(first) if np.ndim(first) > 1 else None
        x = named(self.context, ("m", *X_NAMES))
        return int(x) if x is not None and np.ndim(x) == 0 else None if x is None else len(x)

    @cached_property
    def outputs(self) -> int | None:
        """n_outputs, how many numbers come out for each example; None where nothing tells."""
        if self.chain is not None:
            shape = self.chain.signals[-1].shape
            return int(np.prod(shape[1:])) if len(shape) > 1 else None
        if self.pair is not None:
            shape = np.shape(self.pair.y)
            return int(np.prod(shape[1:])) if len(shape) > 1 else None
        target = named(self.context, TARGET_NAMES)
        return None if target is None or np.ndim(target) != 2 else int(np.shape(target)[1])

    @cached_property
    def constants(self) -> list[Constant]:
        """Known numbers by which a gradient may be off, the likeliest first."""
        m, n = self.examples, self.outputs
        found = []
        # Of a pair that is not known, only the shapes are: whether rows are examples, nobody said.
        unsure = self.pair is not None and self.chain is None
        if m and m > 1:
            what = f"its first argument has {m} rows" if unsure else f"there are {m} examples"
            found.append(Constant(float(m), what, "missing-1/m", "doubled-1/m"))
        if n and n > 1:
            what = f"the output has {n} columns" if unsure else f"every example has {n} outputs"
            found.append(Constant(float(n), what, "missing-1/n-outputs", "doubled-1/n-outputs"))
        if m and n and m > 1 and n > 1:
            what = f"there are {m} examples with {n} outputs each, {m * n} elements"
            found.append(Constant(float(m * n), what, "missing-1/mn", "doubled-1/mn"))
        found.append(Constant(2.0, "", "missing-half", "doubled-half"))
        return found

    @property
    def hint(self) -> str:
        """What would let more be said."""
        if self.model is not None or self.pair is not None or self.context:
            return ""
        return (
            'More can be said with what the cost was computed from: pass context={"x": x, "lam": lam}, and rho and '
            "beta or the target if it has them."
        )

    @property
    def seen(self) -> str:
        """What there was to go by, in words."""
        has = "theta, its layout and the two gradients"
        if self.model is not None:
            has = "the model, its data and the two gradients"
        elif self.pair is not None:
            has = "the pair, its arguments and the two gradients"
        elif self.context:
            has += f", and the context ({', '.join(self.context)})"
        if self.chain is not None:
            return has + "; the calculation was rebuilt from them and agrees with the cost"
        return has if self.images is None else f"{has}; the forward was recognised as {self.images}"


def _measured(compared: Compared) -> Compared:
    """Of a block too large to be measured entry by entry, the entries that were, in a row."""
    if compared.projected is None:
        return compared
    where = compared.projected.measured
    value, analytic = compared.value.ravel()[where], compared.analytic.ravel()[where]
    difference = Difference(*(part.ravel()[where] for part in compared.difference))
    return Compared(compared.name, value, analytic, difference, compared.tolerance)


def is_bias(compared: Compared) -> bool:
    """Whether a block looks like a bias: a vector called b, b1, bias ..."""
    return compared.name.lower().startswith("b") and sum(n > 1 for n in compared.value.shape) <= 1


def close(a: np.ndarray, b: np.ndarray, compared: Compared) -> bool:
    """Whether two gradients of a block are the same within what the numerical one may be off."""
    numeric, uncertainty, _ = compared.difference
    slack = 20 * uncertainty + compared.tolerance * float(np.abs(numeric).max(initial=0.0))
    return bool((np.abs(a - b) <= slack).all())


def factor(compared: Compared) -> float | None:
    """The constant by which the gradient of a block is off, if it is off by one."""
    numeric, analytic = compared.difference.gradient, compared.analytic
    square = float(np.vdot(numeric, numeric))
    if square == 0:
        return None
    ratio = float(np.vdot(numeric, analytic)) / square
    left = float(np.linalg.norm(analytic - ratio * numeric))
    doubt = float(np.linalg.norm(compared.difference.uncertainty))
    return ratio if left <= (1 + abs(ratio)) * (20 * doubt + 1e-9 * square**0.5) else None
