"""``info``: what miniae finds on this machine, what is missing, and how to get it."""

import importlib
import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import miniae
from miniae.data.folders import data_folder
from miniae_kernels.cuda.available import driver_and_runtime, first_line, version, why_not

# What OpenBLAS calls its kernels, by the widest registers they use; others, of other makers, are left alone.
KERNELS = {
    "AVX-512": ("skylakex", "cooperlake", "sapphirerapids"),
    "AVX2": ("haswell", "zen", "excavator"),
    "AVX": ("sandybridge", "bulldozer", "piledriver", "steamroller"),
    "SSE": ("prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "barcelona", "bobcat", "generic"),
}
# NumPy's names for the same: since version 2.4 it counts in levels of x86-64.
SIMD = {"AVX-512": ("X86_V4", "AVX512F", "AVX512_SKX"), "AVX2": ("X86_V3", "AVX2"), "AVX": ("AVX",)}


def info() -> dict[str, Any]:
    """Look around. Nothing is raised: what is missing is told.

    Returns:
        Strings, numbers, lists and dicts, ready for JSON, under ``miniae``, ``python``, ``platform``, ``processor``,
        ``numpy``, ``blas`` (an entry for each pool of threads), ``warnings``, ``data``, ``packages`` (by extra of
        miniae, with a version, or None where missing; None where miniae is not installed but found on the path) and
        ``gpu`` (memory in bytes).

    >>> found = info()
    >>> found["numpy"] == np.__version__, found["processor"]["usable"] >= 1
    (True, True)
    """
    simd, pools = _simd(), _blas()
    folder = data_folder(None)
    return {
        "miniae": miniae.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": {
            "name": _processor_name(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "usable": usable(),
            "simd": simd,
        },
        "numpy": np.__version__,
        "blas": pools,
        "warnings": blas_warnings(simd, pools, os.environ),
        "data": {"MINIAE_DATA": str(folder) if folder else None, "found": _found(folder)},
        "packages": _packages(),
        "gpu": _gpu(),
    }


def usable() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas_warnings(simd: Sequence[str], pools: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> list[str]:
    """What makes the BLAS slower than the processor.

    Args:
        simd: what the processor and NumPy know, in NumPy's names.
        pools: as in :func:`info`.
        environment: the environment variables.

    >>> pool = {"library": "openblas", "architecture": "Haswell"}
    >>> blas_warnings(["X86_V3", "X86_V4"], [pool], {})
    ['OpenBLAS uses its Haswell kernels (AVX2) on a processor with AVX-512, at about half its speed: it was built so']
    """
    found = []
    widths = [*SIMD, "SSE"]
    best = widths.index(widest(simd))
    coretype = environment.get("OPENBLAS_CORETYPE")
    for kernels in dict.fromkeys(p["architecture"] for p in pools if p["library"] == "openblas" and p["architecture"]):
        width = next((width for width, names in KERNELS.items() if kernels.lower() in names), None)
        if width and widths.index(width) > best:
            remedy = f"unset OPENBLAS_CORETYPE, which is {coretype}" if coretype else "it was built so"
            found.append(
                f"OpenBLAS uses its {kernels} kernels ({width}) on a processor with {widths[best]}, "
                f"at about half its speed: {remedy}"
            )
    if coretype and not found:
        found.append(f"OPENBLAS_CORETYPE={coretype} chooses OpenBLAS's kernels: unset it to let OpenBLAS choose")
    size = environment.get("OPENBLAS_L2_SIZE")
    if size:
        found.append(f"OPENBLAS_L2_SIZE={size} sets the block sizes of OpenBLAS: unset it to let OpenBLAS choose")
    return found


def widest(simd: Sequence[str]) -> str:
    """The widest SIMD registers among NumPy's names for extensions; ``"SSE"`` where it has no name for wider ones.

    >>> widest(["X86_V2", "X86_V3"])
    'AVX2'
    """
    return next((width for width, names in SIMD.items() if set(names) & set(simd)), "SSE")


def text(found: Mapping[str, Any]) -> str:
    """What :func:`info` found, for reading."""
    lines = [
        ("miniae", found["miniae"]),
        ("Python", found["python"]),
        ("platform", found["platform"]),
        ("processor", processor_line(found["processor"])),
        ("NumPy", found["numpy"]),
        *(("BLAS", blas_line(pool)) for pool in found["blas"]),
        *(("", "not known in detail: threadpoolctl is missing; see below") for _ in [0] if not found["blas"]),
        *(("WARNING", warning) for warning in found["warnings"]),
        ("data", _data_line(found["data"])),
        *_extras(found["packages"]),
        *(("GPU", line) for line in _gpu_lines(found["gpu"])),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {line}" for name, line in lines)


def processor_line(processor: Mapping[str, Any]) -> str:
    """The processor in one line."""
    usable = "" if processor["usable"] == processor["cores"] else f", {processor['usable']} of them usable"
    simd = ", ".join(processor["simd"]) or "none known"
    if processor["machine"].lower() in ("x86_64", "amd64"):
        simd = f"{widest(processor['simd'])} ({simd})"
    return f"{processor['name']} ({processor['machine']}), {processor['cores']} cores{usable}; SIMD: {simd}"


def blas_line(pool: Mapping[str, Any]) -> str:
    """A pool of BLAS threads in one line."""
    kernels = f", {pool['architecture']} kernels" if pool["architecture"] else ""
    return f"{pool['library']} {pool['version'] or 'of unknown version'}{kernels}, threads: {pool['threads']}"


def _simd() -> list[str]:
    """The SIMD extensions of this processor that NumPy makes use of, in NumPy's names."""
    known: Any = np.show_config(mode="dicts")
    extensions = known.get("SIMD Extensions", {})
    return [*extensions.get("baseline", []), *extensions.get("found", [])]


def _blas() -> list[dict[str, Any]]:
    """The BLAS pools in this process: NumPy's, and those of whatever else was imported."""
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError:
        return []
    return [
        {
            "library": pool["internal_api"],
            "version": pool["version"],
            "architecture": pool.get("architecture"),
            "threads": pool["num_threads"],
            "file": pool["filepath"],
        }
        for pool in pools
        if pool["user_api"] == "blas"
    ]


def _processor_name() -> str:
    try:
        names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    return next(iter(names), "") or platform.processor() or "of unknown name"


def _found(folder: Path | None) -> list[str] | None:
    """The folders in the data folder; None where there is no such folder."""
    if folder is None or not folder.is_dir():
        return None
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir())


def _packages() -> dict[str, dict[str, str | None]] | None:
    """What each extra of miniae brings, with the version that is installed; None where miniae itself is not."""
    extras: dict[str, dict[str, str | None]] = {}
    if _installed("miniae") is None:
        return None
    for requirement in metadata.requires("miniae") or ():
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", requirement)
        if name and extra:
            extras.setdefault(extra[1], {})[name[0]] = _installed(name[0])
    return extras


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _gpu() -> dict[str, Any]:
    """What there is of CUDA, and why it cannot be used if it cannot."""
    found: dict[str, Any] = {
        "why_not": why_not(),
        "driver": None,
        "runtime": None,
        "cupy": None,
        "numba-cuda": _installed("numba-cuda"),
        "nvmath-python": _installed("nvmath-python"),
        "why_not_captured": None,
        "devices": [],
    }
    if not found["why_not"]:
        found["why_not_captured"] = _why_not_captured()
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        return found
    driver, runtime = driver_and_runtime(cupy)
    found |= {"cupy": cupy.__version__, "runtime": version(runtime), "driver": version(driver) if driver else None}
    found["devices"] = _devices(cupy) if driver else []
    return found


def _why_not_captured() -> str | None:
    """What keeps a training step from being captured in a CUDA graph."""
    try:
        gemm = importlib.import_module("miniae_kernels.cuda.gemm")
    except ImportError as error:  # of Numba's, which asks for certain versions of NumPy
        return f"the kernels cannot be imported: {first_line(error)}"
    return gemm.why_not_captured()


def _devices(cupy: Any) -> list[dict[str, Any]]:
    """Every device with its memory in bytes; none where asking for them fails, which ``why_not`` explains."""
    devices = []
    try:
        for number in range(cupy.cuda.runtime.getDeviceCount()):
            properties = cupy.cuda.runtime.getDeviceProperties(number)
            free, total = cupy.cuda.Device(number).mem_info
            devices.append(
                {
                    "name": properties["name"].decode(),
                    "compute_capability": f"{properties['major']}.{properties['minor']}",
                    "free": int(free),
                    "total": int(total),
                }
            )
    except Exception:  # CuPy's own classes, which differ between its versions
        return []
    return devices


def _data_line(data: Mapping[str, Any]) -> str:
    folder, names = data["MINIAE_DATA"], data["found"]
    if folder is None:
        return "MINIAE_DATA is not set: data is downloaded, or set it to a folder with mnist/, natural-images/ ..."
    if names is None:
        return f"MINIAE_DATA is {folder}, which is no folder: set it to one with mnist/, natural-images/ ..."
    return f"MINIAE_DATA is {folder}: {', '.join(names) or 'empty'}"


def _extras(packages: Mapping[str, Mapping[str, str | None]] | None) -> list[tuple[str, str]]:
    if packages is None:
        return [("extras", "not known: this miniae is not installed, it was found in a folder of the path")]
    return [(f"[{extra}]", _packages_line(extra, brought)) for extra, brought in _shown(packages).items()]


def _shown(packages: Mapping[str, Mapping[str, str | None]]) -> Mapping[str, Mapping[str, str | None]]:
    """All extras; of those for CUDA 12, 13 ..., of which one environment can hold one, the one that is installed."""
    alternatives = [extra for extra in packages if re.fullmatch(r"cuda\d+", extra)]
    there = [
        extra for extra in alternatives if any(number for name, number in packages[extra].items() if "cupy" in name)
    ]
    hidden = set(alternatives) - set(there) if there else set()
    return {extra: brought for extra, brought in packages.items() if extra not in hidden}


def _packages_line(extra: str, packages: Mapping[str, str | None]) -> str:
    there = ", ".join(f"{name} {number}" for name, number in packages.items() if number)
    missing = ", ".join(name for name, number in packages.items() if not number)
    remedy = f'missing: {missing}: pip install "miniae[{extra}]"' if missing else ""
    return "; ".join(part for part in (there, remedy) if part)


def _gpu_lines(gpu: Mapping[str, Any]) -> list[str]:
    lines = [f"CUDA cannot be used: {gpu['why_not']}" if gpu["why_not"] else "CUDA can be used"]
    versions = [f"{name} {gpu[name]}" for name in ("cupy", "numba-cuda", "nvmath-python") if gpu[name]]
    if gpu["cupy"]:
        versions += [
            f"CUDA runtime {gpu['runtime']}",
            f"driver for CUDA {gpu['driver']}" if gpu["driver"] else "no driver",
        ]
    lines += [", ".join(versions)] if versions else []
    if gpu["why_not_captured"]:
        lines.append(f"training steps are not captured in a CUDA graph and take longer: {gpu['why_not_captured']}")
    return lines + [
        f"{number}: {device['name']}, compute capability {device['compute_capability']}, "
        f"{device['free'] / 2**30:.1f} of {device['total'] / 2**30:.1f} GiB free"
        for number, device in enumerate(gpu["devices"])
    ]
