"""The runner of kernels: numbers and arrays are what a GPU would show."""

import itertools
import math
import operator
from types import SimpleNamespace

import numpy as np
import pytest
import test_compile
from numba import cuda, float32, int32, int64, njit, types, uint32, uint64

from miniae_kernels import threads
from miniae_kernels.threads import GuardBandDamaged, OutOfBounds, Race, Uninitialised
from miniae_kernels.threads.scalars import Unsigned, scalar_type


def copying_kernel():
    def kernel(x, y):
        y[0] = x[0]

    return kernel


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


# --- numbers


def all_operations(a, b, shift):
    return a + b, a - b, a * b, a & b, a | b, a ^ b, a // b, a % b, a < b, a == b, a << shift, a >> shift


@pytest.mark.parametrize(
    ("left", "right"),
    [("uint32", "uint32"), ("uint32", "int64"), ("int32", "uint64"), ("uint64", "int64"), ("uint64", "uint64")],
)
def test_integers_are_what_numba_makes_of_them(left, right):
    """On the CPU, where it can be run: Numba infers types by the same rules for both."""
    compiled = njit(all_operations, error_model="numpy")
    for a, b in itertools.product([0, 1, 5, 2**31 - 1, 2**32 - 1, 2**63, 2**64 - 1], [1, 3, 2**31, 2**32 - 1, -7]):
        ours = scalar_type(left)(a), scalar_type(right)(b), scalar_type(right)(7)
        numbas = (np.dtype(kind).type(int(v)) for kind, v in zip((left, right, right), ours, strict=True))
        assert compiled(*numbas) == all_operations(*ours), (a, b)


@pytest.mark.parametrize(("operation", "sign"), [(operator.neg, "-"), (operator.invert, "~")])
def test_what_depends_on_the_width_of_an_unsigned_integer_is_refused(operation, sign):
    with pytest.raises(TypeError, match=f"{sign} depends on the width of an unsigned integer"):
        operation(scalar_type("uint32")(1))


@test_compile.pytestmark
def test_32_bits_times_32_bits_is_64_on_the_gpu_too():
    for right, product in ((types.uint32, types.uint64), (types.int64, types.int64)):
        _, returned = cuda.compile_ptx(lambda a, b: a * b, (types.uint32, right), device=True, cc=(9, 0))
        assert returned == product
        assert isinstance(scalar_type(types.uint32)(2) * scalar_type(right)(3), Unsigned) is not product.signed


def test_unsigned_integers_wrap_silently():
    def kernel(words, wide, narrow):
        product = uint64(words[0]) * uint64(words[1])
        wide[0] = product
        wide[1] = wide[1] * wide[1]
        wide[2] = uint64(0) - uint64(1)
        narrow[0] = uint32(product >> uint64(32))
        narrow[1] = uint32(words[0] + words[1])
        narrow[2] = -1

    a, b, c = 0xD2511F53, 0x9E3779B9, 0x9E3779B97F4A7C15
    words, wide, narrow = np.uint32([a, b]), np.uint64([0, c, 0]), zeros(3, dtype=np.uint32)
    threads.run(kernel, 1, 1, (words, wide, narrow))
    assert wide.tolist() == [a * b, c * c % 2**64, 2**64 - 1]
    assert narrow.tolist() == [a * b >> 32, (a + b) % 2**32, 2**32 - 1]


def test_signed_integers_are_cut_off_where_they_are_stored():
    def kernel(x, y):
        y[0] = x[0] * x[0]  # 64 bits wide on the way
        y[1] = int32(x[0] * x[0])
        y[2] = int32(-1.5)

    y = zeros(3, dtype=np.int32)
    threads.run(kernel, 1, 1, (np.int32([70000]), y))
    assert y.tolist() == [70000**2 - 2**32, 70000**2 - 2**32, -1]


def test_float32_stays_float32():
    def kernel(x, y, wide):
        i = cuda.grid(1)
        one = y.dtype.type(1)
        wide[0, i] = one / (one + math.exp(-x[i]))
        wide[1, i] = math.sqrt(x[i]) + math.tanh(x[i]) * float32(0.1)
        wide[2, i] = math.erf(x[i])

    x = np.random.default_rng(0).random(5, np.float32)
    wide = zeros(3, 5, dtype=np.float64)
    threads.run(kernel, 1, 5, (x, zeros(1), wide))
    np.testing.assert_array_equal(wide[0], 1 / (1 + np.exp(-x)))
    np.testing.assert_array_equal(wide[1], np.sqrt(x) + np.tanh(x) * np.float32(0.1))
    np.testing.assert_array_equal(wide[2], np.float32([math.erf(v) for v in x]))


def test_a_float_given_as_an_argument_is_a_float64():
    def kernel(x, y, a):
        y[0] = a * x[0]

    y = zeros(1, dtype=np.float64)
    threads.run(kernel, 1, 1, (np.float32([0.1]), y, 0.1))
    assert y[0] == 0.1 * np.float64(np.float32(0.1))


def test_inf_and_nan_come_without_a_warning_with_and_without_greenlets():
    def kernel(x, y):
        y[0] = math.exp(x[0])
        y[1] = math.log(x[1])
        y[2] = x[0] / x[1]
        y[3] = x[1] / x[1]
        y[4] = x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0] * x[0]

    def with_barrier(x, y):
        cuda.syncthreads()
        kernel_on_device(x, y)

    kernel_on_device = SimpleNamespace(py_func=kernel)
    for body in (kernel, with_barrier):
        y = zeros(5)
        threads.run(body, 1, 1, (np.float32([1000, 0]), y))
        np.testing.assert_array_equal(y, [np.inf, -np.inf, np.inf, np.nan, np.inf])


# --- arrays


def test_a_row_is_an_array():
    @cuda.jit(device=True)
    def total(row):
        s = float32(0)
        for k in range(row.shape[0]):
            s += row[k]
        return s

    def kernel(x, y):
        i = cuda.grid(1)
        y[i] = total(x[1, i])

    x, y = np.arange(24, dtype=np.float32).reshape(2, 3, 4), zeros(3)
    threads.run(kernel, 1, 3, (x, y))
    np.testing.assert_array_equal(y, x[1].sum(1))


def test_a_loop_goes_through_rows_and_elements():
    def kernel(x, y):
        for i, row in enumerate(x):
            for value in row:
                y[i] += value

    x, y = np.arange(6, dtype=np.float32).reshape(2, 3), zeros(2)
    threads.run(kernel, 1, 1, (x, y))
    assert y.tolist() == [3, 12]


@pytest.mark.parametrize("function", [math.exp, np.max], ids=["math.exp", "np.max"])
def test_a_row_is_no_number(function):
    def kernel(x, y):
        y[0] = function(x[1])

    with pytest.raises(TypeError, match=r"kernel, block 0, thread 0, at .*: x is an array, not a number: write a loop"):
        threads.run(kernel, 1, 1, (zeros(2, 3), zeros(1)))


def test_a_row_has_bounds_of_its_own():
    def kernel(x, y):
        y[0] = x[1][4]

    with pytest.raises(OutOfBounds, match=r"reads x\[4\] of the part that begins at x\[1, 0\], but its"):
        threads.run(kernel, 1, 1, (zeros(3, 4), zeros(1)))


def test_a_flat_index_that_stays_in_the_array_is_still_out_of_bounds():
    def kernel(x):
        x[0, 4] = float32(1)

    with pytest.raises(OutOfBounds, match=r"writes x\[0, 4\], but its shape is \(3, 4\)"):
        threads.run(kernel, 1, 1, (zeros(3, 4),))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (1.0, "x: an index is made of integers here, got 1.0"),
        (slice(0, 2), r"x: an index is made of integers here, got slice\(0, 2, None\)"),
        ((0, 0), "x: has 1 axes"),
    ],
)
def test_an_index_that_is_no_integer_is_refused(index, message):
    def kernel(x):
        x[index] = float32(1)

    with pytest.raises(TypeError, match=message):
        threads.run(kernel, 1, 1, (zeros(3),))


def test_arrays_must_be_contiguous():
    with pytest.raises(ValueError, match=r"y must be contiguous, got strides \(8,\)"):
        threads.run(copying_kernel(), 1, 1, (zeros(2), zeros(4)[::2]))


def test_an_array_without_elements_has_no_elements():
    def kernel(x, y):
        y[cuda.threadIdx.x] = float32(x.size)
        if cuda.threadIdx.x == 1:
            y[1] = x[0]

    y = np.ones(2, np.float32)
    threads.run(kernel, 1, 1, (zeros(0), y))
    assert y[0] == 0
    with pytest.raises(OutOfBounds, match=r"reads x\[0\], but its shape is \(0,\)"):
        threads.run(kernel, 1, 2, (zeros(0), y))


def test_one_array_given_twice_is_one_memory():
    def shifted(x, y, n):
        i = cuda.grid(1)
        if i < n - 1:
            y[i] = x[i + 1]

    def doubled(x, y, n):
        i = cuda.grid(1)
        y[i] = x[i] + x[i]

    x = np.arange(4, dtype=np.float32)
    threads.run_all_orders(doubled, 1, 4, (x, x, 4))
    assert x.tolist() == [0, 2, 4, 6]
    threads.run_all_orders(shifted, 1, 4, (x, x.copy(), 4))
    with pytest.raises(Race):
        threads.run(shifted, 1, 4, (x, x, 4))


def test_arrays_that_overlap_are_refused():
    x = zeros(8)
    with pytest.raises(ValueError, match="kernel: y and x overlap"):
        threads.run(copying_kernel(), 1, 1, (x[:5], x[4:]))
    threads.run(copying_kernel(), 1, 1, (x[:4], x[4:]))


@pytest.mark.parametrize(("at", "where"), [(-3, "the byte 3 before y"), (8, "the byte 1 after y")])
def test_what_goes_around_the_watched_arrays_meets_a_guard_band(at, where):
    def kernel(y):
        y.memory.flat.base[threads.guards.BAND + at] = 0

    y = zeros(2)
    with pytest.raises(GuardBandDamaged, match=f"kernel: {where} was changed"):
        threads.run(kernel, 1, 1, (y,))


def test_what_a_kernel_may_not_write_stays_as_it_is():
    x = np.ones(1, np.float32)
    x.flags.writeable = False
    y = zeros(1)
    threads.run_all_orders(copying_kernel(), 1, 1, (x, y))
    assert y[0] == 1
    with pytest.raises(ValueError, match="kernel: y is a read-only array, and the kernel changed it"):
        threads.run(copying_kernel(), 1, 1, (zeros(1), x))
    assert x[0] == 1


# --- shared and local memory


def test_each_line_makes_a_shared_array_of_its_own():
    @cuda.jit(device=True, inline="always")
    def reversed_in_block(value):
        s = cuda.shared.array(4, int64)
        t = cuda.threadIdx.x
        s[t] = value
        cuda.syncthreads()
        return s[3 - t]

    def kernel(y):
        a, b = cuda.shared.array(4, int64), cuda.shared.array(4, int64)
        t = cuda.threadIdx.x
        a[t], b[t] = t, 10 * t
        cuda.syncthreads()
        once = reversed_in_block(a[t])
        y[t] = once + reversed_in_block(b[t])  # no barrier between: the second call's array is another

    y = zeros(4, dtype=np.int64)
    threads.run_all_orders(kernel, 1, 4, (y,))
    assert y.tolist() == [33, 22, 11, 0]


def test_shared_memory_is_new_in_each_block():
    def kernel(y):
        s = cuda.shared.array(1, int64)
        if cuda.blockIdx.x == 0:
            s[0] = 1
        y[cuda.blockIdx.x] = s[0]

    with pytest.raises(Uninitialised, match=r"block 1, thread 0, at .*: reads shared s\[0\]"):
        threads.run(kernel, 2, 1, (zeros(2, dtype=np.int64),))


def test_local_memory_is_each_threads_own():
    def kernel(y):
        i = cuda.grid(1)
        mine = cuda.local.array((2, 2), int64)
        mine[0, 1] = i
        cuda.syncthreads()
        y[i] = mine[0, 1]

    y = zeros(4, dtype=np.int64)
    threads.run_all_orders(kernel, 2, 2, (y,))
    assert y.tolist() == [0, 1, 2, 3]


def test_local_memory_does_not_begin_with_zeros():
    def kernel(y):
        mine = cuda.local.array(2, float32)
        mine[0] = 1
        y[0] = mine[0] + mine[1]

    with pytest.raises(Uninitialised, match=r"reads local mine\[1\] before .* there; it does not begin with zeros"):
        threads.run(kernel, 1, 1, (zeros(1),))


def test_shared_arrays_have_a_size_known_beforehand():
    def kernel():
        cuda.shared.array(0, float32)

    with pytest.raises(ValueError, match="shared array must have a shape of positive integers"):
        threads.run(kernel, 1, 1, ())
