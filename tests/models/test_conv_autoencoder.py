"""The convolutional autoencoder: its shapes, its gradients, tied and untied, and what it refuses."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.layers import Conv2d, ConvTranspose2d
from miniae.models import ConvAutoencoder

X = np.random.default_rng(0).uniform(size=(3, 8, 4, 1))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("loss", ["binary_cross_entropy_with_logits", "mean_squared_error"])
def test_gradients(tied, loss):
    model = ConvAutoencoder((8, 4, 1), (3, 2), tied=tied, loss=loss, weight_decay=0.01)
    model.theta = model.theta + 0.1 * np.random.default_rng(1).standard_normal(model.theta.size)
    report = check(model, X, kinks=0.2)
    assert report.passed, f"\n{report}"


def test_code_and_reconstruction_have_the_shapes_they_should():
    model = ConvAutoencoder((8, 4, 1), (3, 2))
    assert model.encode(X).shape == (3, 2, 1, 2)
    again = model.reconstruct(X)
    assert again.shape == X.shape
    assert ((again > 0) & (again < 1)).all()  # probabilities, though it trains on logits


def test_the_decoder_mirrors_the_encoder():
    layers = ConvAutoencoder((8, 8, 3), (5, 7), kernel_size=5).network.layers
    there = [(layer.in_channels, layer.out_channels) for layer in layers if isinstance(layer, Conv2d)]
    back = [(layer.out_channels, layer.in_channels) for layer in layers if isinstance(layer, ConvTranspose2d)]
    assert there == [(3, 5), (5, 7)] == back[::-1]


def test_it_learns():
    x = np.zeros((64, 8, 8, 1))
    for k in range(64):  # a bar, somewhere
        x[k, :, k % 8] = 1
    model = ConvAutoencoder((8, 8, 1), (8,), seed=1)
    history = fit(model, x, epochs=30, batch_size=16, optimizer="adam", progress=False)
    assert history["cost"][-1] < 0.5 * history["cost"][0]


def test_colouring_has_other_channels_out():
    model = ConvAutoencoder((8, 4, 1), (3,), out_channels=3)
    target = np.random.default_rng(2).uniform(size=(3, 8, 4, 3))
    assert check(model, X, target, kinks=0.2).passed
    assert model.reconstruct(X).shape == (3, 8, 4, 3)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConvAutoencoder((28, 28)), r"image must be \(height, width, channels\), got \(28, 28\)"),
        (lambda: ConvAutoencoder((28, 28, 1), (8, 8, 8)), r"28 x 28 is not divisible by 2\^3 = 8"),
        (lambda: ConvAutoencoder((28, 28, 1), ()), "0 stages"),
        (lambda: ConvAutoencoder((28, 28, 1), out_channels=3, tied=True), "tied kernels give back 1 channels, not 3"),
    ],
)
def test_specifications_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()
