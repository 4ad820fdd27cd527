"""The pretended machine: how many devices, how much memory, what is current, and how a host may not touch it.

Everything a test may want to set stands in :data:`MACHINE`; :meth:`Machine.reset` brings it back to a plain machine
with two devices.
"""

from typing import Any

# Status codes of the CUDA runtime that the stand-in raises.
NO_DEVICE, INVALID_DEVICE, CAPTURE_UNSUPPORTED, CAPTURE_INVALIDATED = 100, 101, 900, 901
MESSAGES = {
    NO_DEVICE: "cudaErrorNoDevice: no CUDA-capable device is detected",
    INVALID_DEVICE: "cudaErrorInvalidDevice: invalid device ordinal",
    CAPTURE_UNSUPPORTED: "cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing",
    CAPTURE_INVALIDATED: "cudaErrorStreamCaptureInvalidated: operation failed due to a previous error during capture",
}


class CUDARuntimeError(RuntimeError):
    """What CuPy raises for an error of the CUDA runtime; ``status`` is its number."""

    def __init__(self, status: int) -> None:
        super().__init__(MESSAGES[status])
        self.status = status


class Machine:
    """What there is, and what is current.

    Attributes:
        available: whether there are a driver and a device at all.
        devices: number of devices.
        memory: bytes of each device.
        driver, runtime: versions, as CUDA writes them: 1000 times the major plus 10 times the minor one.
        capability: compute capability of every device.
        device: the current device.
        used: bytes in use on each device.
        streams: current stream of each device; one that is missing is the null stream.
        allocators: the functions that hand out memory, the one in use last.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to a plain machine with nothing on it."""
        self.available, self.devices, self.memory = True, 2, 2**33
        self.driver, self.runtime, self.capability = 13000, 13000, (9, 0)
        self.device = 0
        self.used: dict[int, int] = {}
        self.streams: dict[int, Any] = {}
        self.allocators: list[Any] = []

    def check(self, device: int | None = None) -> None:
        """Refuse to go on without a device, or with the number of one that does not exist."""
        if not self.available:
            raise CUDARuntimeError(NO_DEVICE)
        if device is not None and not 0 <= device < self.devices:
            raise CUDARuntimeError(INVALID_DEVICE)


MACHINE = Machine()


class Device:
    """A device: ``with Device(1): ...`` or ``Device(1).use()`` makes it the current one."""

    def __init__(self, device: int | None = None) -> None:
        self.id = MACHINE.device if device is None else int(device)
        self._before: list[int] = []

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def __enter__(self) -> "Device":
        self._before.append(MACHINE.device)
        self.use()
        return self

    def __exit__(self, *_: object) -> None:
        MACHINE.device = self._before.pop()

    def use(self) -> None:
        """Make this the current device."""
        MACHINE.check(self.id)
        MACHINE.device = self.id

    def synchronize(self) -> None:
        """Wait for all work: refused while the device's current stream captures."""
        MACHINE.check(self.id)
        stream = MACHINE.streams.get(self.id)
        if stream is not None:
            stream.synchronize()

    @property
    def compute_capability(self) -> str:
        """Such as ``"90"``."""
        MACHINE.check(self.id)
        return "{}{}".format(*MACHINE.capability)

    @property
    def mem_info(self) -> tuple[int, int]:
        """Bytes free and bytes in all."""
        MACHINE.check(self.id)
        return MACHINE.memory - MACHINE.used.get(self.id, 0), MACHINE.memory


def driver_version() -> int:
    """The newest CUDA that the driver knows; 0 without a driver."""
    return MACHINE.driver if MACHINE.available else 0


def runtime_version() -> int:
    """The CUDA that CuPy was built for."""
    return MACHINE.runtime


def device_count() -> int:
    """Number of devices."""
    MACHINE.check()
    return MACHINE.devices


def get_device() -> int:
    """Number of the current device."""
    MACHINE.check()
    return MACHINE.device


def set_device(device: int) -> None:
    """Make a device the current one."""
    Device(device).use()


def device_properties(device: int) -> dict[str, Any]:
    """The few of CUDA's properties that anybody asks for here."""
    MACHINE.check(device)
    major, minor = MACHINE.capability
    return {
        "name": b"Stand-in GPU",
        "totalGlobalMem": MACHINE.memory,
        "multiProcessorCount": 132,
        "major": major,
        "minor": minor,
        "clockRate": 1_980_000,
        "memoryClockRate": 3_201_000,
        "memoryBusWidth": 6144,
        "l2CacheSize": 62_914_560,
    }


def memory_info() -> tuple[int, int]:
    """Bytes free and bytes in all on the current device."""
    return Device().mem_info


def is_available() -> bool:
    """Whether there is a device."""
    return MACHINE.available


def device_synchronize() -> None:
    """Wait for the current device."""
    Device().synchronize()
