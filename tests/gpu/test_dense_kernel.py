"""Dense and the activations on the GPU backend, kernels thread by thread, against the reference in float64."""

import numpy as np
import pytest

from miniae.ops import OPS
from miniae_kernels.cuda import bias_activation, columns
from miniae_kernels.cuda.activations import ACTIVATIONS
from miniae_kernels.cuda.dense import activation, dense

RNG = np.random.default_rng(0)
SHAPES = [(1, 1), (5, 3), (3, 70), (300, 2)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}  # a few roundings of sums of at most 300 numbers of size 1


def numbers(*shape, dtype="float64"):
    return RNG.standard_normal(shape).astype(dtype)


def close(got, expected, dtype):
    np.testing.assert_allclose(np.asarray(got), expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("shape", SHAPES)
def test_column_sums_naive_and_walking(launch, launch_once, shape):
    x, sums = numbers(*shape), np.empty(shape[1])
    launch(columns.naive, -(-shape[1] // 32), 32, (x, sums, np.float64(0.5)))
    np.testing.assert_allclose(sums, 0.5 * x.sum(axis=0), rtol=0, atol=1e-12)
    for stride in (shape[1], 2 * shape[1]):
        partial, sums = np.full((stride // shape[1], shape[1]), np.nan), np.full(shape[1], np.nan)
        launch(columns.walk, 1, stride, (x.ravel(), partial.reshape(-1), np.int64(stride)))
        launch_once(columns.finish, shape[1], columns.THREADS, (partial, sums, np.float64(1)))
        np.testing.assert_allclose(sums, x.sum(axis=0), rtol=0, atol=1e-12)


def test_a_tree_of_sums_is_the_same_in_every_order(launch):
    partial, sums = numbers(600, 2), np.full(2, np.nan)  # more rows than threads
    launch(columns.finish, 2, columns.THREADS, (partial, sums, np.float64(1)))
    np.testing.assert_allclose(sums, partial.sum(axis=0), rtol=0, atol=1e-12)


def test_partial_sums_of_more_rows_than_a_block_has_threads(gpu):
    partial, sums = numbers(columns.MOST_ROWS + 5, 1), gpu.empty(1)
    columns.add_up(gpu.asarray(partial), sums, 0.5)
    np.testing.assert_allclose(sums.get(), 0.5 * partial.sum(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 24, 25, 1000, 10**7])
@pytest.mark.parametrize("features", [1, 25, 300_000])
def test_a_stride_is_a_whole_number_of_rows(n, features):
    stride = columns.stride_for(n, features)
    assert stride % features == 0
    assert features <= stride <= max(features, columns.MOST_THREADS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_kernels_of_every_activation(launch, name):
    reference, p = OPS[name], ACTIVATIONS[name].default
    x, b, dy = numbers(9, 3), numbers(3), numbers(9, 3)
    x[0, 0] = -b[0]  # the kink
    expected, cache = reference.forward(x + b)
    dx = reference.backward(dy, cache)
    of = bias_activation.KERNELS[name]
    y, got, db = np.empty_like(x), np.empty_like(x), np.empty(3)
    launch(of.naive_forward, (1, 3), (4, 4), (x, b, y, np.float64(p)))
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)
    launch(of.naive_backward, 1, 4, (dy, y, got, db, np.float64(p)))
    np.testing.assert_allclose(got, dx, rtol=0, atol=1e-14)
    np.testing.assert_allclose(db, dx.sum(axis=0), rtol=0, atol=1e-14)

    for stride in (6, 12):  # a thread has 5 or 4 elements, as many as it reads ahead and one more; or 3 or 2
        flat = x.ravel().copy()
        launch(of.forward, 3, 4, (flat, b, flat, np.float64(p), np.int64(stride)))  # in place
        np.testing.assert_allclose(flat.reshape(9, 3), expected, rtol=0, atol=1e-14)
        flat, partial = dy.ravel().copy(), np.full(stride, np.nan)
        launch(of.backward_with_bias, 3, 4, (flat, y.ravel(), flat, partial, np.float64(p), np.int64(stride)))
        np.testing.assert_allclose(flat.reshape(9, 3), dx, rtol=0, atol=1e-14)
        np.testing.assert_allclose(partial.reshape(-1, 3).sum(axis=0), dx.sum(axis=0), rtol=0, atol=1e-14)
    flat = np.empty(27)
    launch(of.backward, 7, 4, (dy.ravel(), y.ravel(), flat, np.float64(p)))
    np.testing.assert_allclose(flat.reshape(9, 3), dx, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])
def test_activations_agree_with_the_reference(gpu, name, dtype):
    x, dy = numbers(3, 2, 5, dtype=dtype), numbers(3, 2, 5, dtype=dtype)
    expected, cache = OPS[name].forward(x.astype(float))
    pair = activation(name)
    y, kept = pair.forward(gpu.asarray(x))
    dx = pair.backward(gpu.asarray(dy), kept)
    assert y.dtype == dx.dtype == dtype
    close(y.get(), expected, dtype)
    close(dx.get(), OPS[name].backward(dy.astype(float), cache), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_with_any_activation_agrees_with_the_reference(gpu, name, bias, dtype):
    x, w, b, dy = (numbers(*shape, dtype=dtype) for shape in ((7, 4), (4, 3), (3,), (7, 3)))
    b = b if bias else None
    z, dense_cache = OPS["dense"].forward(*(None if a is None else a.astype(float) for a in (x, w, b)))
    expected, cache = OPS[name].forward(z)
    gradients = OPS["dense"].backward(OPS[name].backward(dy.astype(float), cache), dense_cache)

    pair = dense(name)
    y, kept = pair.forward(*(None if a is None else gpu.asarray(a) for a in (x, w, b)))
    close(y.get(), expected, dtype)
    for got, right in zip(pair.backward(gpu.asarray(dy), kept), gradients, strict=True):
        if right is None:
            assert got is None
        else:
            assert got.dtype == dtype
            close(got.get(), right, dtype)


def test_only_what_is_needed_is_computed_and_into_the_memory_offered(gpu):
    x, w, b, dy = (gpu.asarray(numbers(*shape)) for shape in ((7, 4), (4, 3), (3,), (7, 3)))
    y = gpu.empty((7, 3))
    got, cache = dense("sigmoid").forward(x, w, b, out=y)
    assert got is y
    dw = gpu.empty((4, 3))
    dx, got_dw, db = dense("sigmoid").backward(dy, cache, needs=("w",), out={"w": dw})
    assert (dx, db) == (None, None)
    assert got_dw is dw
    assert np.isfinite(dw.get()).all()


def test_weights_may_be_a_transpose(gpu):
    """As those of a decoder that is tied to its encoder are."""
    x, w, dy = numbers(7, 4), numbers(3, 4), numbers(7, 3)
    y, cache = dense().forward(gpu.asarray(x), gpu.asarray(w).T)
    np.testing.assert_allclose(y.get(), x @ w.T, rtol=0, atol=1e-14)
    dx, dw, _ = dense().backward(gpu.asarray(dy), cache)
    np.testing.assert_allclose(dx.get(), dy @ w, rtol=0, atol=1e-14)
    np.testing.assert_allclose(dw.get(), x.T @ dy, rtol=0, atol=1e-14)
