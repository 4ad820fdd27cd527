"""A kernel as machine code of this computer."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from miniae_kernels.cuda.launch import Kernel

from .device import DEVICE, MEETINGS, SPECIAL
from .lowered import lowered

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

POISON = 0xA5  # the bytes of shared memory that nobody has written


class Native:
    """A kernel for one dtype: its address, whether its threads wait for each other, and the memory that they share.

    Raises:
        TypeError: if it calls a function of the device that has no body here.
    """

    def __init__(self, kernel: Kernel, real: Any) -> None:
        name, texts = lowered(kernel, real)
        modules = [llvm.parse_assembly(for_this_computer(text)) for text in texts]
        shared = [(v.name, v.global_value_type) for module in modules for v in module.global_variables if is_shared(v)]
        module, *others = modules
        for other in (*others, llvm.parse_assembly(DEVICE)):
            module.link_in(other)
        module.verify()
        missing = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
        if missing:
            raise TypeError(f"{kernel.label}: no body for {', '.join(missing)}")
        self.waits = any(f.name in MEETINGS for f in module.functions)  # only what is called has been linked
        machine = llvm.Target.from_default_triple().create_target_machine(opt=0, jit=True)
        self._engine = llvm.create_mcjit_compiler(module, machine)  # the code lives as long as it does
        self._engine.finalize_object()
        place = self._engine.get_global_value_address
        self.address = self._engine.get_function_address(name)
        self._registers = (ctypes.c_int32 * len(SPECIAL)).from_address(place("device.registers"))
        self._shared = [(place(name), machine.target_data.get_abi_size(kind)) for name, kind in shared]

    def set_registers(self, *values: int) -> None:
        """Say which thread is running."""
        self._registers[:] = values

    def forget(self) -> None:
        """Poison shared memory: a new block begins."""
        for address, size in self._shared:
            ctypes.memset(address, POISON, size)


def for_this_computer(text: str) -> str:
    """A module of a GPU's without what says so: its target, and names that LLVM takes for a GPU's instructions."""
    return re.sub(r"^target .*$", "", text, flags=re.MULTILINE).replace('@"llvm.nvvm.', '@"device.')


def is_shared(variable: Any) -> bool:
    """Whether a global variable lies in a block's shared memory."""
    return "addrspace(3)" in str(variable).partition(" global ")[0]


@cache
def native(kernel: Kernel, real: Any) -> Native:
    """A kernel's machine code for one dtype, made once."""
    return Native(kernel, real)
