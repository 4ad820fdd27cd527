"""What only a GPU has, as functions of LLVM: special registers, meetings of threads, and libdevice.

Special registers are an array, which the runner fills before a thread has its turn. Meetings call :mod:`.meetings`. Of
libdevice, NVIDIA's library of mathematics, functions that round are NumPy's, as in :mod:`miniae_kernels.threads`; the
others, which do not or only in one way, are written out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_double, c_float
from typing import Any

import numpy as np

from . import meetings

MEETINGS = {"device.barrier0", "device.shfl.sync.i32", "device.vote.sync"}  # the functions that wait
SPECIAL = [f"{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"] + ["laneid"]

REGISTERS = f"""
@device.registers = global [{len(SPECIAL)} x i32] zeroinitializer
"""
REGISTER = """
define linkonce_odr i32 @device.read.ptx.sreg.{name}() {{
  %place = getelementptr i32, ptr @device.registers, i32 {number}
  %value = load i32, ptr %place
  ret i32 %value
}}
"""
MEETING = """
define linkonce_odr void @device.barrier0() {{
  call void {barrier}()
  ret void
}}
define linkonce_odr {{i32, i1}} @device.shfl.sync.i32(i32 %mask, i32 %mode, i32 %value, i32 %argument, i32 %clamp) {{
  %answer = call i32 {shuffle}(i32 %mode, i32 %value, i32 %argument)
  %result = insertvalue {{i32, i1}} poison, i32 %answer, 0
  ret {{i32, i1}} %result
}}
define linkonce_odr {{i32, i1}} @device.vote.sync(i32 %mask, i32 %mode, i1 %predicate) {{
  %own = zext i1 %predicate to i32
  %answer = call i32 {vote}(i32 %mode, i32 %own)
  %holds = icmp ne i32 %answer, 0
  %bits = insertvalue {{i32, i1}} poison, i32 %answer, 0
  %result = insertvalue {{i32, i1}} %bits, i1 %holds, 1
  ret {{i32, i1}} %result
}}
"""
ROUNDED = """
define linkonce_odr {type} @__nv_{name}{f}({type} %x) {{
  %y = call {type} {function}({type} %x)
  ret {type} %y
}}
"""
EXACT = """
declare {type} @llvm.sqrt.{bits}({type})
declare {type} @llvm.fabs.{bits}({type})
declare {type} @llvm.maxnum.{bits}({type}, {type})
declare {type} @llvm.minnum.{bits}({type}, {type})
define linkonce_odr {type} @__nv_sqrt{f}({type} %x) {{
  %y = call {type} @llvm.sqrt.{bits}({type} %x)
  ret {type} %y
}}
define linkonce_odr {type} @__nv_fabs{f}({type} %x) {{
  %y = call {type} @llvm.fabs.{bits}({type} %x)
  ret {type} %y
}}
define linkonce_odr {type} @__nv_fmax{f}({type} %a, {type} %b) {{
  %y = call {type} @llvm.maxnum.{bits}({type} %a, {type} %b)
  ret {type} %y
}}
define linkonce_odr {type} @__nv_fmin{f}({type} %a, {type} %b) {{
  %y = call {type} @llvm.minnum.{bits}({type} %a, {type} %b)
  ret {type} %y
}}
define linkonce_odr i32 @__nv_isnan{d}({type} %x) {{
  %is = fcmp uno {type} %x, %x
  %y = zext i1 %is to i32
  ret i32 %y
}}
define linkonce_odr i32 @__nv_{isfinite}({type} %x) {{
  %zero = fsub {type} %x, %x
  %is = fcmp ord {type} %zero, %zero
  %y = zext i1 %is to i32
  ret i32 %y
}}
"""


def pointer(function: Any) -> str:
    """A C function as LLVM calls it: by its address."""
    return f"inttoptr (i64 {ctypes.cast(function, ctypes.c_void_p).value} to ptr)"


def _as_c(function: np.ufunc, kind: Any, real: Callable[[float], Any]) -> Any:
    return CFUNCTYPE(kind, kind)(lambda x: function(real(x)))


def _mathematics() -> list[str]:
    parts = []
    for c, real, words in (
        (c_float, np.float32, {"type": "float", "bits": "f32", "f": "f", "d": "f", "isfinite": "finitef"}),
        (c_double, np.float64, {"type": "double", "bits": "f64", "f": "", "d": "d", "isfinite": "isfinited"}),
    ):
        parts.append(EXACT.format(**words))
        for function in (np.exp, np.expm1, np.log, np.log1p, np.tanh):
            KEPT.append(_as_c(function, c, real))
            parts.append(ROUNDED.format(**words, name=function.__name__, function=pointer(KEPT[-1])))
    return parts


KEPT: list[Any] = []  # C functions live as long as Python knows them
DEVICE = "".join(
    [
        REGISTERS,
        *(REGISTER.format(number=number, name=name) for number, name in enumerate(SPECIAL)),
        MEETING.format(**{name: pointer(getattr(meetings, name)) for name in ("barrier", "shuffle", "vote")}),
        *_mathematics(),
    ]
)
