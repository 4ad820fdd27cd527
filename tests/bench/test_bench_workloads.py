"""The workloads' sizes, against numbers counted by hand."""

import numpy as np
import pytest

from miniae.bench.workloads import WORKLOADS, chosen, work


# D1: 64*25 + 25 + 25*64 + 64 weights and biases; 10,000 examples times 64*25 for each of the five matrix products.
# C1: kernels 3*3*C*O + O; out of the first convolution come 28*28*16 numbers of 9 products, and so on.
@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        ("D1", 64 * 25 * 2 + 25 + 64, 5 * 10_000 * 64 * 25),
        ("D2", 784 * 200 * 2 + 200 + 784, 5 * 256 * 784 * 200),
        ("D3", 784 * 256 * 2 + 256 + 784, 5 * 64 * 784 * 256),
        ("D4", 784 * 1000 * 2 + 1000 + 784, 5 * 256 * 784 * 1000),
        ("D5", 2704 * 128 * 2 + 128 + 2704, 5 * 256 * 2704 * 128),
        (
            "C1",
            (144 + 16) + (1152 + 8) + (576 + 8) + (1152 + 16) + (144 + 1),
            128 * (2 * 784 * 9 * 16 + 3 * (196 * 1152 + 49 * 576 + 196 * 1152 + 784 * 144)),
        ),
        (
            "C2",
            (432 + 16) + (4608 + 32) + (18432 + 64) + (18432 + 32) + (4608 + 16) + (432 + 3),
            64 * (2 * 2304 * 432 + 3 * (576 * 4608 + 144 * 18432 + 144 * 18432 + 576 * 4608 + 2304 * 432)),
        ),
        ("L1", 784 * 4096 * 2 + 4096 + 784, 5 * 8192 * 784 * 4096),
        ("L2", 2 * (36864 + 64), 5 * 256 * 4096 * 36864),
    ],
)
def test_counts(name, parameters, multiply_adds):
    counted = work(WORKLOADS[name])
    assert (counted.parameters, counted.multiply_adds) == (parameters, multiply_adds)
    averages = 1 if name.startswith("C") else 2  # RMSProp keeps one, Adam two
    assert counted.optimizer_bytes == 4 * parameters * (3 + 2 * averages)


def test_the_limit_adds_the_time_of_the_arithmetic_and_of_the_optimisers_memory():
    counted = work(WORKLOADS["D4"])
    # 1.00352e9 multiply-adds at 500 GFLOP/s, and 7 passes over 1,569,784 floats at 50 GB/s
    assert counted.limit(500e9, 50e9) == pytest.approx(4.01408 + 0.879079, rel=1e-5)


def test_a_batch_is_the_same_every_time_and_fits_the_model():
    for workload in WORKLOADS.values():
        if not workload.large:
            x = workload.data()
            assert x.dtype == np.float32
            assert x.shape == (workload.batch, *workload.example)
            assert 0.1 <= x.min() < x.max() <= 0.9
            np.testing.assert_array_equal(x, workload.data())


def test_rows_are_chosen_by_name():
    assert list(chosen([], with_large=False)) == ["D1", "D2", "D3", "D4", "D5", "C1", "C2"]
    assert list(chosen(["L1"], with_large=False)) == ["L1"]
    assert list(chosen(["L2", "C1", "D4"], with_large=False)) == ["L2", "C1", "D4"]
    with pytest.raises(ValueError, match="row: 'D9' is unknown; known: D1, D2"):
        chosen(["D1", "D9"], with_large=False)
