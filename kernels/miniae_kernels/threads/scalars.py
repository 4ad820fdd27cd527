"""Numba's scalar types and arithmetic, where NumPy's or Python's differ.

A float is a NumPy scalar: float32 with float32 gives float32 in both worlds.

A signed integer is a Python int: Numba computes with 64 bits whatever the widths of the operands.
An unsigned one is an :class:`Unsigned`, by Numba's rules: of uint32 and uint32 it makes uint64 (so a product of
two does not wrap at 32 bits), of unsigned and signed, an integer literal among them, int64. Both wrap at 64 bits.

What cannot be seen here: ``2 * x`` and ``0.5 * x`` are float64 on the device for a float32 ``x``, and NumPy's float32.

Source: what Numba compiles; a test compares.
"""

import operator
from typing import Any

import numpy as np


def wrapped(value: int, bits: int, signed: bool) -> int:
    """``value`` as it comes back from a register of so many bits.

    >>> wrapped(2**32 + 5, 32, signed=False), wrapped(2**31, 32, signed=True)
    (5, -2147483648)
    """
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


class Unsigned(int):
    """A uint64, what every unsigned integer is in Numba's arithmetic.

    >>> Unsigned(3) - Unsigned(5) == 2**64 - 2, Unsigned(3) - 5
    (True, -2)
    """

    __slots__ = ()

    def __neg__(self) -> "Unsigned":
        # of a uint32 Numba takes 32 bits here, and which width this one had is not known any more
        raise TypeError("- depends on the width of an unsigned integer: write uint64(0) - ...")

    def __invert__(self) -> "Unsigned":
        raise TypeError("~ depends on the width of an unsigned integer: write ^ uint64(...) with the bits you mean")


def _let_compute(name: str) -> None:
    """Let :class:`Unsigned` compute ``+``, ``>>`` and so on with the type of result that Numba has."""
    compute = getattr(operator, name)
    is_shift = name.endswith("shift")

    def method(self: int, other: object) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        if is_shift or isinstance(other, Unsigned):
            return Unsigned(wrapped(compute(int(self), int(other)), 64, signed=False))
        return wrapped(compute(_signed(self), other), 64, signed=True)

    def reflected(self: int, other: object) -> Any:
        return wrapped(compute(other, _signed(self)), 64, signed=True) if isinstance(other, int) else NotImplemented

    name = name.strip("_")
    setattr(Unsigned, f"__{name}__", method)
    setattr(Unsigned, f"__r{name}__", reflected)


def _signed(value: int) -> int:
    return wrapped(int(value), 64, signed=True)


for _name in ("add", "sub", "mul", "floordiv", "mod", "and_", "or_", "xor", "lshift", "rshift"):
    _let_compute(_name)


class ScalarType:
    """``float32``, ``uint64``, ...: what a kernel calls to convert a number, and names to say what an array holds.

    >>> ScalarType("uint8")(300), ScalarType("int32")(-1.5), ScalarType("float32")(0.1)
    (44, -1, np.float32(0.1))
    """

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)

    def __call__(self, value: Any) -> Any:
        """``value`` as this type: integers wrap, floats are cut off towards zero."""
        if self.dtype.kind not in "iu":
            return self.dtype.type(value)
        signed = self.dtype.kind == "i"
        value = wrapped(int(value), 8 * self.dtype.itemsize, signed)
        return value if signed else Unsigned(value)

    def __repr__(self) -> str:
        return str(self.dtype)


SCALAR_TYPES = {
    np.dtype(kind).name: ScalarType(kind) for kind in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
}


def scalar_type(what: Any) -> ScalarType:
    """The type that a dtype, a Numba type or one of these stands for.

    Raises:
        TypeError: if it is none of those that a kernel may use.
    """
    if isinstance(what, ScalarType):
        return what
    name = str(what) if hasattr(what, "bitwidth") else np.dtype(what).name
    if name not in SCALAR_TYPES:
        raise TypeError(f"no scalar type of a kernel: {what!r}")
    return SCALAR_TYPES[name]
