"""The kernels of the softmax cross-entropy, thread by thread: labels of every dtype, and labels that are none."""

import math

import numpy as np
import pytest

from miniae import losses as reference
from miniae_kernels.cuda import rows, softmax_cross_entropy, totals

SHAPES = [(1, 1), (5, 3), (3, 10), (2, 40), (3, 130)]  # 1, 1, 4, 16 and 32 lanes a row
KERNELS = softmax_cross_entropy.KERNELS


def example(shape, labels):
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape), rng.integers(0, shape[1], shape[0]).astype(labels)


@pytest.mark.parametrize("labels", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_naive(launch, shape, labels):
    y, target = example(shape, labels)
    dy, losses = np.full_like(y, np.nan), np.full(len(y), np.nan)
    launch(KERNELS[labels].naive, 3, 2, (y, target, dy, losses))
    cost, slopes = reference.softmax_cross_entropy(y, target)
    np.testing.assert_allclose(losses.mean(), cost, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dy, slopes, rtol=0, atol=1e-14)


@pytest.mark.parametrize("labels", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_pass(launch, shape, labels, monkeypatch):
    for module in (rows, softmax_cross_entropy, totals):
        monkeypatch.setattr(module, "THREADS", 32)
    y, target = example(shape, labels)
    blocks, threads_of_a_block = rows.grid_for(*shape)
    dy, partial = np.full_like(y, np.nan), np.full(blocks, np.nan)
    arguments = (y, target, dy, partial, np.float64(1 / len(y)))
    launch(KERNELS[labels].one_pass, blocks, threads_of_a_block, arguments)
    cost, slopes = reference.softmax_cross_entropy(y, target)
    np.testing.assert_allclose(partial.sum() / len(y), cost, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dy, slopes, rtol=0, atol=1e-14)


@pytest.mark.parametrize("labels", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_labels_may_be_any_integers(gpu, labels):
    y = np.log([[1.0, 3.0], [1.0, 1.0]])
    loss, dy = softmax_cross_entropy.softmax_cross_entropy(gpu.asarray(y), gpu.asarray(np.array([1, 0], labels)))
    np.testing.assert_allclose(loss.get(), (np.log(4 / 3) + np.log(2)) / 2, rtol=1e-14)
    np.testing.assert_allclose(dy.get(), [[0.125, -0.125], [-0.25, 0.25]], rtol=1e-14)


@pytest.mark.parametrize("labels", ["int32", "int64", "int8"])
def test_a_negative_label_counts_from_the_last_class(gpu, labels):
    y, target = example((5, 3), labels)
    ours = softmax_cross_entropy.softmax_cross_entropy
    for got, expected in zip(
        ours(gpu.asarray(y), gpu.asarray(target - np.array(3, labels))),
        ours(gpu.asarray(y), gpu.asarray(target)),
        strict=True,
    ):
        assert got.get().tobytes() == expected.get().tobytes()


@pytest.mark.parametrize(("classes", "label"), [(3, -4), (3, 3), (10, -11), (10, 2**31 - 1)])
def test_a_label_that_is_no_class_makes_the_loss_nan_and_reads_nothing(gpu, classes, label):
    """A read out of bounds would end the test: the runner refuses it."""
    y, target = example((5, classes), "int32")
    target[2] = label
    loss, dy = softmax_cross_entropy.softmax_cross_entropy(gpu.asarray(y), gpu.asarray(target))
    assert np.isnan(loss.get())
    np.testing.assert_allclose(dy.get()[2].sum(), 1 / 5, rtol=1e-14)  # the softmax, with nothing taken off


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes(gpu, dtype):
    y = np.array([[1e4, 0, -1e4]], dtype)
    for label, cost, slopes in [(0, 0, [0, 0, 0]), (1, 1e4, [1, -1, 0]), (2, 2e4, [1, 0, -1])]:
        loss, dy = softmax_cross_entropy.softmax_cross_entropy(gpu.asarray(y), gpu.asarray(np.array([label])))
        assert loss.get() == cost
        np.testing.assert_array_equal(dy.get(), [slopes])


def test_classes_ruled_out_by_minus_infinity(gpu):
    y = np.array([[-math.inf, 0.0, 0.0]])
    loss, dy = softmax_cross_entropy.softmax_cross_entropy(gpu.asarray(y), gpu.asarray(np.array([1])))
    np.testing.assert_allclose(loss.get(), np.log(2), rtol=1e-15)
    np.testing.assert_array_equal(dy.get(), [[0, -0.5, 0.5]])


def test_many_blocks_agree_with_the_reference(gpu):
    y, target = example((300, 2), "int64")  # 256 rows a block
    loss, dy = softmax_cross_entropy.softmax_cross_entropy(gpu.asarray(y), gpu.asarray(target))
    expected, slopes = reference.softmax_cross_entropy(y, target)
    np.testing.assert_allclose(loss.get(), expected, rtol=1e-12)
    np.testing.assert_allclose(dy.get(), slopes, rtol=0, atol=1e-14)
