"""The table of a network: against numbers worked out by hand, and mistakes found before any data."""

import pytest

from miniae.layers import Conv2d, ConvTranspose2d, Dense, Flatten, MaxPool2d, ReLU, Upsample2d
from miniae.models import ConvAutoencoder, SparseAutoencoder
from miniae.network import Sequential
from miniae.summary import summary


def test_counts_of_a_dense_network():
    table = summary(SparseAutoencoder(64, 25, rho=0.1), (64,))
    assert table.parameters == 64 * 25 + 25 + 25 * 64 + 64 == 3289
    assert table.multiply_adds == 2 * 64 * 25
    assert table.rows[0].field is None


def test_counts_of_convolutions():
    table = summary(Sequential([Conv2d(3, 8, (3, 5), stride=2), ConvTranspose2d(8, 3, 4, stride=2)]), (11, 13, 3))
    assert [row.output_shape for row in table.rows] == [(5, 5, 8), (12, 12, 3)]
    assert [row.parameters for row in table.rows] == [3 * 5 * 3 * 8 + 8, 4 * 4 * 8 * 3 + 3]
    assert [row.multiply_adds for row in table.rows] == [5 * 5 * 8 * 3 * 5 * 3, 5 * 5 * 8 * 4 * 4 * 3]


def test_receptive_fields():
    """Two 3x3 see 5x5; a pooling in between doubles what the second adds; dense layers see all."""
    two = summary(Sequential([Conv2d(1, 1), Conv2d(1, 1)]), (8, 8, 1))
    assert [row.field for row in two.rows] == [(3, 3), (5, 5)]
    pooled = summary(Sequential([Conv2d(1, 1), MaxPool2d(), ReLU(), Conv2d(1, 1)]), (12, 12, 1))
    assert [row.field for row in pooled.rows] == [(3, 3), (4, 4), (4, 4), (8, 8)]
    back = summary(Sequential([MaxPool2d(), Upsample2d(), Conv2d(1, 1)]), (12, 12, 1))
    assert [row.field for row in back.rows] == [(2, 2), (2, 2), (4, 4)]
    flat = summary(Sequential([Conv2d(1, 1), Flatten(), Dense(36, 2), ReLU()]), (8, 8, 1))
    assert [row.field for row in flat.rows] == [(3, 3), None, None, None]


def test_shared_kernels_are_counted_once():
    free, tied = (summary(ConvAutoencoder((8, 8, 1), (4,), tied=tied), (8, 8, 1)) for tied in (False, True))
    assert free.parameters - tied.parameters == 3 * 3 * 4
    assert tied.parameters == ConvAutoencoder((8, 8, 1), (4,), tied=True).theta.size


def test_a_mistake_is_found_with_the_layer_and_the_one_before():
    network = Sequential([Conv2d(1, 4), ReLU(), Flatten(), Dense(100, 10)])
    with pytest.raises(
        ValueError,
        match=r"layer 4 of 4, behind Flatten\(\): Dense\(.*the input must have shape \(N, 100\), got \(1, 144\)",
    ):
        summary(network, (8, 8, 1))
    with pytest.raises(ValueError, match="layer 1 of 4, behind the input: Conv2d.*channels first"):
        summary(network, (1, 8, 8))
