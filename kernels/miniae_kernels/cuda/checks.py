"""What every kernel of the table is held to: arrays of this device, their elements side by side.

The reference takes any array. A kernel is handed an address and goes on from there, so that a wrong array would not be
an error but wrong numbers.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from miniae_kernels.cuda.gemm import is_transpose


def checked(op: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, refusing arrays that its kernels cannot take before anything is done.

    Caches are not looked at: what is in them has been through here. None and whatever is no array is passed over.

    Raises (when called):
        TypeError: if an argument is a NumPy array.
        ValueError: if an array is not C-contiguous or lies on another device.
    """
    names = tuple(inspect.signature(function).parameters)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            for each in value.values() if isinstance(value, Mapping) else (value,):
                check_device_array(op, name, each)
        return function(*args, **kwargs)

    return call


def check_device_array(op: str, name: str, value: Any) -> None:
    """Refuse an array that kernels cannot take; see :func:`checked`.

    Weights may be stored as their transpose, as those tied to another layer's are: a product takes them either way.
    """
    if isinstance(value, np.ndarray):
        raise TypeError(
            f"{op}: {name} is a NumPy array, and the CUDA backend takes CuPy arrays: pass cupy.asarray({name}), or "
            "take the model to the CPU with model.to('numpy')"
        )
    if not hasattr(value, "__cuda_array_interface__"):
        return
    import cupy

    if not value.flags.c_contiguous and not (name == "w" and is_transpose(value)):
        raise ValueError(
            f"{op}: {name} of shape {value.shape} has strides {value.strides}, gaps between its elements or another "
            f"order than row after row: pass cupy.ascontiguousarray({name})"
        )
    here = cupy.cuda.Device().id
    if value.device.id != here:
        raise ValueError(
            f"{op}: {name} lies on device {value.device.id} but the current device is {here}: work inside "
            f"'with cupy.cuda.Device({value.device.id})', or copy it"
        )
