"""The deep autoencoder: its shape, its gradient, and a loss curve equal to PyTorch's."""

import numpy as np
import pytest

from miniae import fit
from miniae.gradcheck import check
from miniae.layers import SELU, Dense
from miniae.models import DeepAutoencoder
from miniae.optimizers import SGD

X = np.random.default_rng(0).uniform(size=(40, 8))


def test_the_decoder_mirrors_the_encoder():
    layers = DeepAutoencoder((8, 5, 3, 2)).network.layers
    sizes = [(layer.in_features, layer.out_features) for layer in layers if isinstance(layer, Dense)]
    assert sizes == [(8, 5), (5, 3), (3, 2), (2, 3), (3, 5), (5, 8)]
    assert [type(layer) for layer in layers[1::2]] == [SELU] * 5  # none behind the output, which is logits
    assert {layer.init for layer in layers[::2]} == {"lecun_normal"}


def test_gradient():
    model = DeepAutoencoder((8, 5, 3), weight_decay=0.1, seed=1)
    assert check(model, X[:5], kinks=0.2).passed


def test_code_and_reconstruction():
    model = DeepAutoencoder((8, 5, 3))
    assert model.encode(X).shape == (40, 3)
    again = model.reconstruct(X)
    assert again.shape == X.shape
    assert ((again > 0) & (again < 1)).all()


def test_the_loss_curve_is_pytorch_s():
    """The article's rate of 1.5, the same weights, the same shuffles: equal to rounding after 10 epochs."""
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    model = DeepAutoencoder((8, 5, 3), seed=3)
    views = model.layout.views(model.theta)
    linears = [torch.nn.Linear(*views[f"w{k}"].shape, dtype=torch.float64) for k in range(1, 5)]
    for k, linear in enumerate(linears, 1):
        linear.weight.data, linear.bias.data = torch.tensor(views[f"w{k}"].T), torch.tensor(views[f"b{k}"])
    network = torch.nn.Sequential(
        linears[0], torch.nn.SELU(), linears[1], torch.nn.SELU(), linears[2], torch.nn.SELU(), linears[3]
    )
    optimizer = torch.optim.SGD(network.parameters(), lr=1.5)
    rng, data, wanted = np.random.default_rng(5), torch.tensor(X), []
    for _ in range(10):
        order, total = rng.permutation(len(X)), 0.0
        for first in range(0, len(X), 16):
            batch = data[order[first : first + 16]]
            optimizer.zero_grad()
            cost = torch.nn.functional.binary_cross_entropy_with_logits(network(batch), batch)
            cost.backward()
            optimizer.step()
            total += cost.item() * len(batch)
        wanted.append(total / len(X))
    history = fit(model, X, epochs=10, batch_size=16, optimizer=SGD(1.5), seed=5, progress=False)
    np.testing.assert_allclose(history["cost"], wanted, rtol=1e-10)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((8,), r"at least one layer, got \(8,\)"),
        ((8, 0), "out_features must be a whole number of at least 1, got 0"),
        ((8, 2.5), "whole number of at least 1, got 2.5"),
    ],
)
def test_errors(sizes, message):
    with pytest.raises(ValueError, match=message):
        DeepAutoencoder(sizes)
