"""Whether CUDA can be used here, and if not, why not and what to do about it.

CuPy can be imported without any GPU, so that says nothing. This allocates, which is what everything else will do.
Nothing is imported before :func:`why_not` is called.
"""

import importlib
import importlib.util
from typing import Any

INSTALL = 'pip install "miniae[cuda13]" (or miniae[cuda12], where the driver is one for CUDA 12)'


def why_not() -> str | None:
    """The first thing that keeps CUDA from being used, in one sentence with its remedy; None where nothing does.

    In order: CuPy, Numba's CUDA target, the driver, its version, a device, memory on it. What is missing further down
    shows only once the first is put right.

    Returns:
        The sentence, without a full stop, or None.
    """
    try:
        cupy = importlib.import_module("cupy")
    except ModuleNotFoundError as error:
        if error.name == "cupy":
            return f"CuPy is not installed: {INSTALL}"
        return f"CuPy is installed but lacks {error.name}: {INSTALL}"
    except ImportError as error:
        return f"CuPy is installed but cannot be imported ({first_line(error)}): install it anew, {INSTALL}"
    for module in ("numba", "numba_cuda"):
        if importlib.util.find_spec(module) is None:
            return f"{module.replace('_', '-')} is not installed: {INSTALL}"
    driver, runtime = driver_and_runtime(cupy)
    if driver == 0:
        return "no NVIDIA driver was found: install one (https://www.nvidia.com/drivers), or use a machine with a GPU"
    if driver < 1000 * (runtime // 1000):  # any driver of the same major version will do
        return (
            f"the NVIDIA driver is for CUDA up to {version(driver)} but the installed CuPy is built for CUDA "
            f'{version(runtime)}: update the driver, or pip install "miniae[cuda{driver // 1000}]"'
        )
    return _cannot_allocate(cupy)


def driver_and_runtime(cupy: Any) -> tuple[int, int]:
    """The CUDA version that the driver supports (0 without one) and the one CuPy was built for: 13020 is 13.2."""
    return cupy.cuda.runtime.driverGetVersion(), cupy.cuda.runtime.runtimeGetVersion()


def version(number: int) -> str:
    """A CUDA version as it is written.

    >>> version(13020)
    '13.2'
    """
    return f"{number // 1000}.{number % 1000 // 10}"


def first_line(error: Exception) -> str:
    """What an error says, in one line; its class where it says nothing.

    >>> first_line(ValueError("too long: and then a page of details"))
    'too long: and then a page of details'
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _cannot_allocate(cupy: Any) -> str | None:
    hidden = "if there is one, see that CUDA_VISIBLE_DEVICES does not hide it"
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return f"no CUDA device was found: {hidden}"
        cupy.zeros(1)
    except Exception as error:  # of CuPy's own classes, which differ between its versions
        if "cudaErrorNoDevice" in str(error):
            return f"no CUDA device was found: {hidden}"
        if "cudaErrorMemoryAllocation" in str(error) or type(error).__name__ == "OutOfMemoryError":
            return "the GPU has no free memory: end what else runs on it (nvidia-smi lists it), or choose another GPU"
        return f"the GPU cannot be used ({first_line(error)}): see whether nvidia-smi works"
    return None
