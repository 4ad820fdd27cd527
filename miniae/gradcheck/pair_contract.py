"""The rules a forward/backward pair must keep beside its numbers."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from miniae.gradcheck.contract import as_gradient, gradient_breach, noted, same
from miniae.gradcheck.evidence import Breach, PairCall
from miniae.gradcheck.numeric import generator

Arguments = Mapping[str, Any]


class Pair(NamedTuple):
    """A pair under test: the functions, and the arguments whose gradients ``backward`` returns, in its order."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    wrt: tuple[str, ...]

    def run(self, args: Arguments) -> tuple[Any, Any]:
        """The output and the cache of ``forward``.

        Raises:
            TypeError: if it returns something else than two.
        """
        given = ", ".join(f"{name} {_kind(value)}" for name, value in args.items())
        with noted(f"check_pair: this was forward, given {given}"):
            both = self.forward(*args.values())
        if not isinstance(both, tuple | list) or len(both) != 2:
            kind = f"{len(both)} values" if isinstance(both, tuple | list) else type(both).__name__
            raise TypeError(f"check_pair: forward must return (y, cache), got {kind}")
        return both[0], both[1]

    def output(self, args: Arguments) -> np.ndarray:
        """What ``forward`` computes."""
        return np.asarray(self.run(args)[0])

    def gradients(self, args: Arguments, dy: np.ndarray) -> tuple[Any, ...]:
        """What ``backward`` returns after a forward of its own, one for each of ``wrt``."""
        return self.back(dy, self.run(args)[1])

    def back(self, dy: np.ndarray, cache: Any) -> tuple[Any, ...]:
        """What ``backward`` returns, one for each of ``wrt``.

        Raises:
            ValueError: if it returns another number of gradients.
        """
        with noted(f"check_pair: this was backward, given dy {np.shape(dy)} and what forward returned as the cache"):
            gradients = self.backward(dy, cache)
        gradients = tuple(gradients) if isinstance(gradients, tuple | list) else (gradients,)
        if len(gradients) != len(self.wrt):
            raise ValueError(
                f"check_pair: backward returned {len(gradients)} gradients, wrt names {len(self.wrt)}: {self.wrt}"
            )
        return gradients


def copied(args: Arguments) -> dict[str, Any]:
    """The arguments, every array a fresh copy; one that is not contiguous stays so."""
    return {name: _copied(value) if isinstance(value, np.ndarray) else value for name, value in args.items()}


def _kind(value: Any) -> Any:
    """What an argument is, for a message: an array's shape, or its type where it is none."""
    return value.shape if hasattr(value, "shape") else type(value).__name__


def _copied(array: np.ndarray) -> np.ndarray:
    return array.copy() if array.flags.c_contiguous else scattered(array)


def pair_breaches(
    pair: Pair, args: Arguments, seed: int, linear: tuple[str, ...]
) -> tuple[PairCall, tuple[np.ndarray, ...], list[Breach]]:
    """Run a pair a few times, and look at what it does besides computing.

    - ``forward`` and ``backward`` change neither the arguments nor the cotangent;
    - each gradient is an array of its argument's dtype, and stays what it was when ``backward`` is called again;
    - the same arguments give the same output and gradients again;
    - a backward is linear in the cotangent, :math:`g(dy_1 + 2 dy_2) = g(dy_1) + 2 g(dy_2)`, as every derivative is;
    - in an argument declared linear the forward is, and the backward is its adjoint:
      :math:`\\langle dy, J v \\rangle = \\langle J^T dy, v \\rangle`.

    Args:
        pair: the functions.
        args: the arguments by name.
        seed: of the cotangents and directions.
        linear: names in which the forward is declared linear.

    Returns:
        The call, the gradients it gave, and the rules it breaks.
    """
    rng = generator(seed)
    given = copied(args)
    output, cache = pair.run(given)
    y = np.array(output)
    broken = _changed("forward", given, args)
    given = copied(args) if broken else given  # of each change, accuse the one who made it
    cotangent = rng.standard_normal(y.shape)
    dy = cotangent.copy()
    returned = pair.back(dy, cache)
    gradients = tuple(as_gradient(gradient).copy() for gradient in returned)
    if not broken:
        broken += _changed("backward", given, args)
    if not np.array_equal(dy, cotangent):
        broken.append(Breach("", "backward changed the cotangent dy it was given; it belongs to the caller"))
    for name, gradient in zip(pair.wrt, returned, strict=True):
        breach = gradient_breach(name, gradient, np.asarray(args[name]))
        broken += [breach] if breach else []
    again = [as_gradient(g).copy() for g in pair.gradients(copied(args), cotangent.copy())]
    if not same(y, pair.output(copied(args))):
        broken.append(Breach("", "forward gives another output when called again (is something drawn at random?)"))
    random = [name for name, one, two in zip(pair.wrt, gradients, again, strict=True) if not same(one, two)]
    broken += [
        Breach(name, f"backward gives another gradient of {name} when called again (is something drawn at random?)")
        for name in random
    ]
    dy2 = rng.standard_normal(y.shape)
    second = [as_gradient(g).copy() for g in pair.gradients(copied(args), dy2.copy())]
    both = [as_gradient(g).copy() for g in pair.gradients(copied(args), cotangent + 2 * dy2)]
    for name, kept, one, two, together in zip(pair.wrt, returned, gradients, second, both, strict=True):
        if not np.array_equal(as_gradient(kept), one, equal_nan=True):
            text = f"a later backward overwrote the gradient of {name} an earlier one returned; return fresh arrays"
            broken.append(Breach(name, text))
        comparable = one.shape == two.shape and name not in random
        if comparable and not same(one + 2 * two, together, np.abs(one) + 2 * np.abs(two)):
            text = (
                f"the gradient of {name} is not linear in dy, as every derivative is (dy must be a factor everywhere)"
            )
            broken.append(Breach(name, text))
    for name in linear:
        if name in pair.wrt:
            broken += _adjoint(pair, args, name, y, cotangent, gradients[pair.wrt.index(name)], rng)
    return PairCall(pair.forward, pair.backward, args, y, cotangent), gradients, broken


def _changed(who: str, given: Arguments, args: Arguments) -> list[Breach]:
    """The arguments that are no longer what they were."""
    return [
        Breach(name, f"{who} changed its argument {name}; it belongs to the caller")
        for name, value in args.items()
        if isinstance(value, np.ndarray) and not np.array_equal(given[name], value, equal_nan=value.dtype.kind in "fc")
    ]


def _adjoint(
    pair: Pair,
    args: Arguments,
    name: str,
    y: np.ndarray,
    dy: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
) -> list[Breach]:
    """Whether the forward is linear in an argument as declared, and the backward its adjoint there."""
    v = rng.standard_normal(args[name].shape)
    plus, minus = (pair.output({**copied(args), name: args[name] + sign * v}) for sign in (1, -1))
    if not same(plus - y, y - minus, np.abs(plus) + np.abs(minus)):
        return [Breach(name, f"forward is declared linear in {name} but is not")]
    there = dy * (plus - minus) / 2  # dy times J v: exact, for the forward is linear
    if gradient.shape != v.shape:
        return []
    back = gradient * v
    size = max(float(np.abs(there).sum()), float(np.abs(back).sum()))
    if abs(float(there.sum()) - float(back.sum())) > 1e-12 * size:
        text = f"backward is not the adjoint of forward in {name}: <dy, J v> is not <J^T dy, v>"
        return [Breach(name, text, numeric=True)]
    return []


def layout_breaches(check_again: Callable[[Arguments], Any], args: Arguments, batch: tuple[str, ...]) -> list[Breach]:
    """The same check on arrays that are not contiguous, and on the first example alone.

    Args:
        check_again: checks the pair on other arguments and returns the report.
        args: the arguments by name.
        batch: names of the arguments whose rows are examples.
    """
    cases = {
        "arrays that are not contiguous": {
            name: scattered(value) if isinstance(value, np.ndarray) else value for name, value in args.items()
        }
    }
    if batch:
        cases["one example"] = {name: value[:1] if name in batch else value for name, value in args.items()}
    broken = []
    for what, arguments in cases.items():
        try:
            found = check_again(arguments)
        except Exception as error:  # whatever a user's pair raises
            broken.append(Breach("", f"given {what} it raises {type(error).__name__}: {error}"))
            continue
        broken += [
            Breach(block.name, f"given {what} it fails: {block.reason or f'error {block.error:.1e}'}")
            for block in found.blocks
            if block.verdict == "fail" and block.why != "zero"
        ]
    return broken


def scattered(array: np.ndarray) -> np.ndarray:
    """The same numbers, every second place of a larger array in each dimension.

    >>> scattered(np.ones((2, 3))).flags.c_contiguous
    False
    """
    view = np.zeros([2 * n for n in array.shape], array.dtype)[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view
