"""What Numba makes of a kernel before NVIDIA's compiler takes over: intermediate representation of LLVM, as text."""

from typing import Any

import numpy as np
from numba import types
from numba.cuda import compiler

from miniae_kernels.cuda.compile import ARCHITECTURES
from miniae_kernels.cuda.launch import Kernel


def lowered(kernel: Kernel, real: Any) -> tuple[str, list[str]]:
    """The name of the function that a kernel becomes for one dtype, and the modules of that and of what it calls.

    These are the steps of ``cuda.compile_ptx`` but the last, which hands the text to NVIDIA's compiler.
    """
    signature = kernel.signature(np.dtype(real))
    result = compiler.compile_cuda(kernel.body, types.void, signature, cc=ARCHITECTURES["sm_90"])
    name = result.fndesc.llvm_func_name
    compiler.kernel_fixup(result.library.get_function(name), debug=False)
    return name, [str(module) for module in result.library.modules]
