"""Give a kernel's code other globals: those in which ``cuda``, ``math`` and the types are the runner's."""

from __future__ import annotations

import builtins
import inspect
import math
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import cuda, types

from miniae_kernels.threads.frames import ON_DEVICE
from miniae_kernels.threads.namespace import Cuda, Math, Numpy
from miniae_kernels.threads.scalars import scalar_type


def names_of(code: CodeType) -> set[str]:
    """The names of globals and attributes that some code uses, and functions nested in it."""
    return set(code.co_names).union(*(names_of(const) for const in code.co_consts if isinstance(const, CodeType)))


class Rebinder:
    """Make a kernel, and the device functions it calls, run in Python.

    Args:
        namespace: what stands for ``numba.cuda``.
    """

    def __init__(self, namespace: Cuda) -> None:
        self.namespace = namespace
        self.names: set[str] = set()  # that the functions rebound so far use
        self._done: dict[Any, FunctionType] = {}

    def rebind(self, function: Any) -> FunctionType:
        """A copy of a function, with the runner's objects for Numba's.

        Raises:
            TypeError: if it uses something of Numba's that the runner has nothing for.
        """
        function = inspect.unwrap(function)
        if function not in self._done:
            code = function.__code__
            fresh: dict[str, Any] = {"__builtins__": builtins, ON_DEVICE: True}
            cells = tuple(CellType() for _ in function.__closure__ or ())
            copy = FunctionType(code, fresh, function.__name__, function.__defaults__, cells)
            self._done[function] = copy  # before its globals: it may be among them
            self.names |= names_of(code)
            for name in names_of(code) & function.__globals__.keys():
                fresh[name] = self.stand_in(name, function.__globals__[name])
            for name, cell, old in zip(code.co_freevars, cells, function.__closure__ or (), strict=True):
                cell.cell_contents = self.stand_in(name, old.cell_contents)
        return self._done[function]

    def stand_in(self, name: str, value: Any) -> Any:
        """What the kernel gets for a value it uses: mostly the value itself."""
        if value is cuda:
            return self.namespace
        if value is math:
            return Math()
        if isinstance(value, BuiltinFunctionType) and value.__module__ == "math":
            return getattr(Math(), value.__name__)
        if value is np:
            return Numpy()
        if isinstance(value, np.ndarray):
            constant = value.view()
            constant.flags.writeable = False  # for Numba it is a constant: what a kernel is to change is an argument
            return constant
        if isinstance(value, types.Type) or (isinstance(value, type) and issubclass(value, np.generic)):
            return scalar_type(value)
        if hasattr(value, "py_func"):
            return self.rebind(value.py_func)
        home = value.__name__ if isinstance(value, ModuleType) else type(value).__module__
        if home.partition(".")[0] in ("numba", "numba_cuda"):
            known = "of Numba it knows cuda, and types such as float32, imported by these names"
            raise TypeError(f"the runner has nothing for {name}, which is {value!r}; {known}")
        return value
