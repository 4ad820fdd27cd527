"""Launches on a device, by the stand-in and on a real one: what arrives there, what comes back, and what is refused."""

import numpy as np
import on_device
import pytest
from numba import cuda

from miniae_kernels.cuda import compile as gate
from miniae_kernels.cuda import launch as launches
from miniae_kernels.cuda.launch import device, kernel
from miniae_kernels.threads import GuardBandDamaged

OUTER, INNER = 4, 5


@device
def tripled():
    return 3 * INNER


@kernel("int64[::1]")
def note(y):
    y[0], y[1] = OUTER, tripled()


@kernel("real[:, ::1], real[::1], int32[::1], real")
def scale(x, y, places, factor):
    i = cuda.grid(1)
    if i < places.size:
        y[places[i]] = factor * x[i, 0]


@kernel("real[::1], real[::1]")
def shift(x, y):
    for i in range(1, x.size):
        y[i] = x[i - 1]


def test_results_come_back_and_what_is_not_written_stays(gpu):
    x, y, places = np.float32([[1, 7], [2, 7]]), np.full(4, np.nan, np.float32), np.int32([3, 0])
    places.flags.writeable = False
    on_device.launch(scale, 1, 32, (x, y, places, 0.1))  # a Python float, which arrives as float32
    np.testing.assert_array_equal(y, np.float32([0.2, np.nan, np.nan, 0.1]))
    np.testing.assert_array_equal(x, [[1, 7], [2, 7]])


def test_an_array_that_is_passed_twice_is_one_on_the_device_too(gpu):
    x, y = np.array([1.0, 2, 3]), np.zeros(3)
    on_device.launch(shift, (1, 1), 1, (x, y))
    np.testing.assert_array_equal(y, [0, 1, 2])
    on_device.launch(shift, 1, (1, 1), (x, x))
    np.testing.assert_array_equal(x, [1, 1, 1])


@pytest.mark.parametrize(("place", "message"), [(-1, "the byte 1 before y"), (24, "the byte 1 after y")])
def test_what_is_written_beside_an_array_is_seen(gpu, monkeypatch, place, message):
    def beside(kernel, blocks, threads, arguments):
        arguments[1].fill(7)
        gpu.ndarray(1, "uint8", arguments[1].data + place).fill(0)

    monkeypatch.setattr(launches, "run", beside)
    y = np.zeros(3)
    with pytest.raises(GuardBandDamaged, match=f"shift: {message} was changed"):
        on_device.launch(shift, 1, 1, (np.zeros(3), y))
    assert not y.any()


def test_arguments_of_other_types_than_declared_are_refused(gpu):
    with pytest.raises(TypeError, match="note: y must be an array of int64, got float64"):
        on_device.launch(note, 1, 1, (np.zeros(2),))
    with pytest.raises(ValueError, match="shift: y must be contiguous"):
        on_device.launch(shift, 1, 1, (np.zeros(2), np.zeros(4)[::2]))


def test_constants_that_a_test_sets_arrive_in_the_kernel_and_in_what_it_calls(gpu, monkeypatch):
    y = np.zeros(2, np.int64)
    for outer, inner in ((4, 5), (4, 7), (6, 7), (4, 5)):
        monkeypatch.setattr(f"{__name__}.OUTER", outer)
        monkeypatch.setattr(f"{__name__}.INNER", inner)
        on_device.launch(note, 1, 1, (y,))
        np.testing.assert_array_equal(y, [outer, 3 * inner])


@pytest.mark.parametrize(("name", "compiled"), [("OUTER", "12345"), ("INNER", "37035")])
def test_it_is_compiled_anew_with_other_constants_and_only_then(monkeypatch, name, compiled):
    pytest.importorskip("nvidia.cu13", reason='needs the CUDA compiler: pip install "miniae[cuda-compile]"')
    before = on_device.as_it_stands(note)
    assert compiled not in gate.ptx_of(before, "sm_90", "float64")
    monkeypatch.setattr(f"{__name__}.{name}", 12345)
    assert compiled in gate.ptx_of(on_device.as_it_stands(note), "sm_90", "float64")
    monkeypatch.undo()
    assert on_device.as_it_stands(note) is before
