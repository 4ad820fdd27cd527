"""A stand-in for CuPy: the same names on NumPy's arrays, refusing what CuPy refuses.

Most code that is to run on a GPU can be wrong in ways that NumPy lets pass: an array of the host among those of the
device, a function or parameter that CuPy does not have, a number read back in the middle of a recorded step, memory
that was never written. :func:`install` puts a module in the place of ``cupy`` that raises in all these cases, and
:data:`MACHINE` pretends the rest: no driver, little memory, a second device.

Where CuPy itself is more lenient than is good for miniae, the stand-in is not: NumPy's functions, given one of its
arrays, raise, though CuPy would find its own function of that name.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from standin import functions, machine, memory, streams
from standin.array import launch, ndarray
from standin.machine import MACHINE, CUDARuntimeError, Device
from standin.memory import MemoryPool, OutOfMemoryError

__all__ = [
    "MACHINE",
    "CUDARuntimeError",
    "MemoryPool",
    "OutOfMemoryError",
    "cupy_module",
    "install",
    "ndarray",
    "record",
]

SHARED = """
    bool_ complex128 complex64 dtype e finfo float16 float32 float64 iinfo inf int16 int32 int64 int8 intp nan
    newaxis pi promote_types result_type uint16 uint32 uint64 uint8
"""  # what CuPy takes from NumPy as it is


def record(function: Callable[..., Any], *arrays: ndarray) -> None:
    """Run a piece of work of one's own on the current stream: now, or at every launch while the stream captures.

    Args:
        function: called with the NumPy buffers of ``arrays``; what it writes there is what the device's memory holds.
        arrays: what it reads and writes. They must be on the current device, and live as long as the graph.
    """
    if not arrays:
        streams.submit(function)
    else:
        launch(function, arrays[0], *arrays)


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(names)
    return module


def cupy_module() -> dict[str, ModuleType]:
    """The stand-in, a fresh module, and the modules in it, by the names under which they are imported."""
    runtime = _module(
        "cupy.cuda.runtime",
        CUDARuntimeError=CUDARuntimeError,
        deviceSynchronize=machine.device_synchronize,
        driverGetVersion=machine.driver_version,
        getDevice=machine.get_device,
        getDeviceCount=machine.device_count,
        getDeviceProperties=machine.device_properties,
        memGetInfo=machine.memory_info,
        runtimeGetVersion=machine.runtime_version,
        setDevice=machine.set_device,
    )
    pools = {
        "MemoryPointer": memory.MemoryPointer,
        "MemoryPool": MemoryPool,
        "OutOfMemoryError": OutOfMemoryError,
    }
    memory_module = _module("cupy.cuda.memory", **pools)
    cuda = _module(
        "cupy.cuda",
        Device=Device,
        Event=streams.Event,
        Graph=streams.Graph,
        MemoryPointer=memory.MemoryPointer,
        MemoryPool=MemoryPool,
        Stream=streams.Stream,
        get_allocator=memory.get_allocator,
        get_current_stream=streams.current_stream,
        get_elapsed_time=streams.elapsed_time,
        is_available=machine.is_available,
        memory=memory_module,
        runtime=runtime,
        using_allocator=memory.using_allocator,
    )
    stride_tricks = _module("cupy.lib.stride_tricks", as_strided=functions.as_strided)
    lib = _module("cupy.lib", stride_tricks=stride_tricks)
    linalg = _module("cupy.linalg", **functions.LINALG)
    cupy = _module(
        "cupy",
        __version__="14.2.0",
        __path__=[],
        cuda=cuda,
        get_default_memory_pool=memory.get_default_memory_pool,
        lib=lib,
        linalg=linalg,
        ndarray=ndarray,
        ufunc=functions.ufunc,
        **{name: getattr(np, name) for name in SHARED.split()},
        **functions.FUNCTIONS,
    )
    return {module.__name__: module for module in (cupy, cuda, runtime, memory_module, lib, stride_tricks, linalg)}


def install(monkeypatch: Any) -> ModuleType:
    """Put the stand-in in the place of CuPy for the time of a test, on a plain machine; ``monkeypatch`` is pytest's."""
    MACHINE.reset()
    memory.get_default_memory_pool().set_limit()
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    modules = cupy_module()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return modules["cupy"]
