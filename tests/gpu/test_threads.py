"""The runner of kernels: which thread runs when, and what a kernel may be made of."""

import doctest
import functools
import importlib.util
import linecache
import math
import sys
from math import exp
from types import SimpleNamespace

import greenlet
import numpy as np
import pytest
from numba import cuda, float32

from miniae_kernels import threads
from miniae_kernels.threads import BadLaunch, runner, scalars


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


# --- what a thread knows of itself


def test_each_thread_has_its_place_in_a_grid_of_three_axes():
    def places(y, sizes):
        x, k, z = cuda.grid(3)
        y[z, k, x, 0] = cuda.blockIdx.x * 100 + cuda.blockIdx.y * 10 + cuda.blockIdx.z
        y[z, k, x, 1] = cuda.threadIdx.x * 100 + cuda.threadIdx.y * 10 + cuda.threadIdx.z
        if x + k + z == 0:
            sizes[0], sizes[1], sizes[2] = cuda.gridsize(3)
            sizes[3] = cuda.gridsize(1)
            sizes[4] = cuda.gridDim.y * 100 + cuda.blockDim.z

    y, sizes = zeros(4, 6, 6, 2, dtype=np.int32), zeros(5, dtype=np.int64)
    threads.run_all_orders(places, (2, 3, 1), (3, 2, 4), (y, sizes))
    z, k, x = np.indices((4, 6, 6))
    np.testing.assert_array_equal(y[..., 0], x // 3 * 100 + k // 2 * 10 + z // 4)
    np.testing.assert_array_equal(y[..., 1], x % 3 * 100 + k % 2 * 10 + z % 4)
    assert sizes.tolist() == [6, 6, 4, 6, 304]


def test_the_lanes_of_a_warp_follow_x_first():
    def lanes(y):
        y[cuda.threadIdx.y, cuda.threadIdx.x] = cuda.laneid

    y = zeros(4, 12, dtype=np.int32)
    threads.run(lanes, 1, (12, 4), (y,))
    np.testing.assert_array_equal(y.ravel(), np.arange(48) % 32)


@pytest.mark.parametrize(("order", "expected"), [("forward", [0, 1, 2, 3, 4, 5]), ("reversed", [5, 4, 3, 2, 1, 0])])
def test_blocks_and_threads_run_in_the_order_asked_for(order, expected):
    ran = []

    def note():
        ran.append(cuda.grid(1))

    threads.run(note, 2, 3, (), order)
    assert ran == expected


def test_a_seed_shuffles_blocks_and_threads_the_same_way_each_time():
    ran = []

    def note():
        ran.append((cuda.blockIdx.x, cuda.threadIdx.x))

    for seed in (0, 0, 1):
        threads.run(note, 20, 10, (), seed)
    first, again, other = ran[:200], ran[200:400], ran[400:]
    assert first == again != other
    assert sorted(first) == sorted(other) == [(block, thread) for block in range(20) for thread in range(10)]
    assert [block for block, _ in first[::10]] != sorted(block for block, _ in first[::10])


def test_only_a_kernel_that_waits_needs_greenlets():
    seen = []

    @cuda.jit(device=True)
    def barrier():
        cuda.syncthreads()

    def alone():
        seen.append(greenlet.getcurrent().parent)

    def together():
        seen.append(greenlet.getcurrent().parent)
        barrier()

    threads.run(alone, 1, 1, ())
    threads.run(together, 1, 1, ())
    assert seen[0] is None
    assert seen[1] is not None


# --- what a kernel is made of


@cuda.jit(device=True, inline="always")
def square(x):
    return x * x


@cuda.jit(device=True, inline="always")
def fourth_power(x):
    return square(square(x))


def test_device_functions_and_constants_of_a_closure_are_followed():
    def scaled(factor, power):
        def body(x, y):
            i = cuda.grid(1)
            y[i] = factor * power(x[i])

        return body

    y = zeros(3)
    threads.run(scaled(float32(10), fourth_power), 1, 3, (np.float32([1, 2, 3]), y))
    assert y.tolist() == [10, 160, 810]


def test_a_kernel_may_come_as_an_object_or_wrapped_or_compiled():
    def one(y):
        y[0] = float32(1)

    @functools.wraps(one)
    def checked(*args):
        raise AssertionError("the wrapper is for the host")

    def calls_another(y):
        one_on_device(y)

    one_on_device = SimpleNamespace(py_func=checked)
    for kernel in (one, checked, calls_another, SimpleNamespace(body=one, types=("float32[::1]",)), cuda.jit(one)):
        y = zeros(1)
        threads.run(kernel, 1, 1, (y,))
        assert y[0] == 1


def test_an_array_may_come_as_an_object_with_a_view_of_the_host():
    def one(y):
        y[0] = float32(1)

    y = zeros(1)
    threads.run_all_orders(one, 1, 1, (SimpleNamespace(host=y),))
    assert y[0] == 1


def test_what_the_runner_has_nothing_for_is_named():
    from numba.cuda import libdevice

    def kernel(y):
        y[0] = libdevice.rsqrtf(y[0])

    with pytest.raises(TypeError, match="the runner has nothing for libdevice"):
        threads.run(kernel, 1, 1, (zeros(1),))


@pytest.mark.parametrize(
    ("used", "name"),
    [
        (lambda y: cuda.threadfence(), "cuda.threadfence"),
        (lambda y: cuda.atomic.cas(y, 0, 0, 1), "cuda.atomic.cas"),
        (lambda y: math.gamma(y[0]), "math.gamma"),
    ],
)
def test_a_part_that_the_runner_does_not_have_is_named_as_numba_has_it(used, name):
    with pytest.raises(AttributeError, match=f"the runner has nothing for {name}"):
        threads.run(used, 1, 1, (zeros(1),))


def test_a_function_of_math_is_the_devices_by_its_own_name_too():
    def kernel(y, wide):
        y[0] = exp(y[0])  # Python's raises OverflowError
        wide[0] = exp(y[1])  # float32, as its argument

    y, wide = np.float32([1000, 0.1]), zeros(1, dtype=np.float64)
    threads.run(kernel, 1, 1, (y, wide))
    assert y[0] == np.inf
    assert wide[0] == np.exp(np.float32(0.1))


def test_an_array_that_is_no_argument_is_a_constant():
    """Numba reads it when it compiles; nobody watches it here."""
    table = np.float32([2, 3])

    def reads(y):
        y[0] = table[1]

    def writes(y):
        table[0] += y[0]

    y = zeros(1)
    threads.run(reads, 1, 1, (y,))
    assert y[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        threads.run(writes, 1, 1, (y,))
    assert table[0] == 2


@pytest.mark.parametrize("kernel", [print, 5], ids=["print", "5"])
def test_a_kernel_is_a_function(kernel):
    with pytest.raises(TypeError, match="a kernel is a function, got"):
        threads.run(kernel, 1, 1, ())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([1.0], zeros(1)), "kernel: x must be a NumPy array or a number, got list"),
        ((None, zeros(1)), "kernel: x must be a NumPy array or a number, got NoneType"),
        (zeros(2), r"kernel: the arguments must be a tuple, got one array; is it \(x\) for \(x,\)?"),
    ],
)
def test_arguments_of_other_types_are_refused(args, message):
    with pytest.raises(TypeError, match=message):
        threads.run(copying_kernel(), 1, 1, args)


def test_too_few_arguments_are_refused():
    with pytest.raises(TypeError, match=r"kernel: takes 2 arguments \(x, y\), got 1"):
        threads.run(copying_kernel(), 1, 1, (zeros(1),))


def copying_kernel():
    def kernel(x, y):
        y[0] = x[0]

    return kernel


def test_an_error_of_pythons_own_says_which_thread_it_was():
    def kernel(y):
        y[cuda.grid(1)] = 1 // (1 - cuda.threadIdx.x)

    with pytest.raises(ZeroDivisionError) as info:
        threads.run(kernel, 1, 2, (zeros(2),))
    assert info.value.__notes__ == ["in kernel, block 0, thread 1"]


# --- launches


@pytest.mark.parametrize(
    ("blocks", "in_a_block", "message"),
    [
        (0, 1, "blocks must be from 1 to"),
        (1, 0, "threads must be from 1 to"),
        ((1, 65536), 1, "blocks must be from 1 to"),
        (1, (1, 1, 65), "threads must be from 1 to"),
        (1, 1025, "threads must be from 1 to"),
        (1, (32, 33), r"at most 1024 threads, got \(32, 33, 1\)"),
    ],
)
def test_launches_that_no_gpu_allows(blocks, in_a_block, message):
    with pytest.raises(BadLaunch, match=message):
        threads.run(copying_kernel(), blocks, in_a_block, (zeros(1), zeros(1)))


@pytest.mark.parametrize("size", [8 / 4, (2.0, 2), (1, 1, 1, 1), ()])
def test_sizes_that_are_no_integers_are_refused(size):
    with pytest.raises(TypeError, match="blocks must be an integer"):
        threads.run(copying_kernel(), size, 1, (zeros(1), zeros(1)))


# --- what a user reads


def test_a_notebooks_line_is_shown_as_it_stands_there():
    path, cell = "/tmp/ipykernel_17/123456.py", "def kernel(y):\n    y[2] = 1  # too far\n"
    found = {}
    exec(compile(cell, path, "exec"), found)
    linecache.cache[path] = len(cell), None, cell.splitlines(keepends=True), path
    try:
        with pytest.raises(threads.OutOfBounds, match=r"at line 2 of a cell \(y\[2\] = 1  # too far\): writes y\[2\]"):
            threads.run(found["kernel"], 1, 1, (zeros(2),))
    finally:
        del linecache.cache[path]


@pytest.mark.parametrize("module", [runner, scalars], ids=["runner", "scalars"])
def test_the_examples_are_right(module):
    failed, tried = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    assert tried > 0


@pytest.mark.parametrize("package", ["greenlet", "numba"])
def test_a_missing_package_is_named_with_its_remedy(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # Python's way to say: not there
    spec = importlib.util.spec_from_file_location("threads_afresh", threads.__file__)
    with pytest.raises(ImportError, match=rf'needs {package}, which is not installed: .*"miniae\[threads\]"'):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
