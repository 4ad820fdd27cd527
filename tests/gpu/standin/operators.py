"""The operators of the stand-in's array: those of CuPy, on arrays of the device and numbers."""

from typing import Any

import numpy as np

from standin.array import SCALARS, kernel, ndarray
from standin.streams import refuse_while_capturing

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}


def _operator(name: str, ufunc: np.ufunc, swapped: bool = False, in_place: bool = False) -> None:
    """Give the class the method ``__name__``."""

    def method(self: ndarray, other: Any) -> ndarray:
        if not isinstance(other, (ndarray, *SCALARS)):
            raise TypeError(f"Unsupported type {type(other)}")
        pair = (other, self) if swapped else (self, other)
        return kernel(ufunc, *pair, out=self) if in_place else kernel(ufunc, *pair)

    setattr(ndarray, f"__{name}__", method)


def matmul(x1: ndarray, x2: ndarray, *, out: ndarray | None = None) -> ndarray:
    """The product of matrices. CuPy takes it to cuBLAS, and refuses that while a stream captures."""
    for x in (x1, x2):
        if not isinstance(x, ndarray):
            raise TypeError(f"Unsupported type {type(x)}")
        if x.ndim == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
    refuse_while_capturing("CuPy's calls of cuBLAS", NotImplementedError)
    return kernel(np.matmul, x1, x2, out=out)


for _name, _ufunc in BINARY.items():
    _operator(_name, _ufunc)
    _operator("r" + _name, _ufunc, swapped=True)
    _operator("i" + _name, _ufunc, in_place=True)
for _name, _ufunc in COMPARISONS.items():
    _operator(_name, _ufunc)
for _name, _ufunc in UNARY.items():
    setattr(ndarray, f"__{_name}__", lambda self, ufunc=_ufunc: kernel(ufunc, self))
ndarray.__matmul__ = matmul
