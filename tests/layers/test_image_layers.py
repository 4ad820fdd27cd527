"""Layers for images: their shapes are those of their ops, and what does not fit is refused by name."""

import numpy as np
import pytest

from miniae.gradcheck import check
from miniae.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Flatten,
    MaxPool2d,
    MaxUnpool2d,
    MeanPool2d,
    ReLU,
    Reshape,
    Sigmoid,
    Upsample2d,
)
from miniae.network import Sequential

X = np.random.default_rng(0).normal(size=(3, 7, 6, 2))
LAYERS = [
    Conv2d(2, 3),
    Conv2d(2, 3, (2, 3), stride=2, padding="same", bias=False),
    Conv2d(2, 1, 4, stride=(2, 1), padding=2),
    ConvTranspose2d(2, 3),
    ConvTranspose2d(2, 3, 4, stride=2, padding="same"),
    ConvTranspose2d(2, 3, (3, 2), stride=3, padding=1, output_padding=2, bias=False),
    MaxPool2d(),
    MaxPool2d(3, stride=1, padding="same"),
    MeanPool2d((3, 2), stride=2, padding=1),
    Upsample2d(),
    Upsample2d((1, 3), mode="bilinear"),
    Flatten(),
    Reshape((-1, 2, 3)),
    BatchNorm(2),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_the_shape_foretold_is_the_shape_that_comes(layer):
    network = Sequential([layer])
    assert network(network.initial(), X).shape == layer.output_shape(X.shape)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_gradients(layer):
    report = check(layer, X)
    assert report.passed, f"\n{report}"


def test_a_tied_decoder_has_the_encoder_s_kernel_and_its_gradient_both_ways():
    tied = [Conv2d(2, 3, padding="same"), Sigmoid(), ConvTranspose2d(3, 2, padding="same", tied="w1")]
    network = Sequential(tied)
    assert [slot.name for slot in network.layout] == ["w1", "b1", "b2"]
    report = check(network, X)
    assert report.passed, f"\n{report}"
    # The same network with two kernels: where they are equal, the tied gradient is the sum of the two.
    free = Sequential([*tied[:2], ConvTranspose2d(3, 2, padding="same")])
    theta = network.initial()
    both = np.zeros(free.layout.size)
    for name, view in free.layout.views(both).items():
        view[...] = network.layout.views(theta)["w1" if name == "w2" else name]
    dy = np.random.default_rng(1).normal(size=X.shape)

    def gradient(which, theta):
        ctx, found = which.context(which.initial_buffers()), np.zeros(theta.size)
        _, records, _ = which.forward(theta, X, ctx)
        which.backward(dy, records, found, ctx)
        return which.layout.views(found)

    apart, together = gradient(free, both), gradient(network, theta)
    np.testing.assert_allclose(together["w1"], apart["w1"] + apart["w2"], rtol=1e-12)


def test_a_tied_kernel_is_the_flipped_and_transposed_one():
    """Masci's words: the convolution with the kernel flipped in both directions, channels in and out exchanged."""
    network = Sequential([Conv2d(2, 3, padding="same"), ConvTranspose2d(3, 2, padding="same", tied="w1", bias=False)])
    theta = network.initial()
    w = network.layout.views(theta)["w1"]
    hidden = network.part(0, 1)(theta, X)
    flipped = Sequential([Conv2d(3, 2, padding="same", bias=False)])
    expected = flipped(np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2)).ravel(), hidden)
    np.testing.assert_allclose(network(theta, X), expected, rtol=1e-12, atol=1e-14)


class TestUnpooling:
    layers = Conv2d(2, 3), MaxPool2d(2, switches="first"), Sigmoid(), MaxUnpool2d("first"), ConvTranspose2d(3, 2)

    def test_values_go_back_to_where_the_largest_stood(self):
        network = Sequential([MaxPool2d(2, switches="p"), MaxUnpool2d("p")])
        x = np.array([[1.0, 5, 2, 0], [3, 4, 7, 6]]).reshape(1, 2, 4, 1)
        expected = np.array([[0.0, 5, 0, 0], [0, 0, 7, 0]]).reshape(1, 2, 4, 1)
        np.testing.assert_array_equal(network(network.initial(), x), expected)

    def test_gradients_and_shapes(self):
        network = Sequential(self.layers)
        x = X[:, :6]  # 4 x 4 behind the convolution: pooled without a rest
        report = check(network, x)
        assert report.passed, f"\n{report}"
        shape = x.shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
        assert shape == network(network.initial(), x).shape

    def test_without_its_pooling_it_says_so(self):
        network = Sequential([MaxPool2d(2, switches="p"), MaxUnpool2d("q")])
        with pytest.raises(ValueError, match="no pooling with switches='q' has run in this pass; known: p"):
            network(network.initial(), X)


class TestBatchNorm:
    def run(self, layer, x, buffers, training=True):
        network = Sequential([layer])
        new = buffers.copy()
        ctx = network.context(buffers, new, training=training)
        y, records, _ = network.forward(network.initial(), x, ctx)
        return network, y, records, new, ctx

    def test_agrees_with_pytorch_over_several_batches_and_afterwards(self):
        torch = pytest.importorskip("torch", reason="PyTorch is the independent source")
        theirs = torch.nn.BatchNorm2d(2, dtype=torch.float64)
        layer = BatchNorm(2)
        buffers = Sequential([layer]).initial_buffers()
        rng = np.random.default_rng(0)
        for _ in range(3):
            x = rng.normal(2, 3, size=X.shape)
            _, y, _, buffers, _ = self.run(layer, x, buffers)
            expected = theirs(torch.tensor(x.transpose(0, 3, 1, 2)))
            np.testing.assert_allclose(y, expected.detach().numpy().transpose(0, 2, 3, 1), rtol=1e-10, atol=1e-12)
        kept = theirs.running_mean.numpy(), theirs.running_var.numpy()
        np.testing.assert_allclose(buffers, np.concatenate(kept), rtol=1e-12)
        theirs.eval()
        _, y, _, after, _ = self.run(layer, X, buffers, training=False)
        expected = theirs(torch.tensor(X.transpose(0, 3, 1, 2))).detach().numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(y, expected, rtol=1e-10)
        np.testing.assert_array_equal(after, buffers)

    def test_frozen_parameters_and_an_input_that_wants_no_gradient(self):
        network, y, records, _, ctx = self.run(BatchNorm(2), X, np.array([0.0, 0, 1, 1]))
        gradient = np.zeros(4)
        assert network.backward(y, records, gradient, ctx, frozen=["gamma1"]) is None
        assert not gradient[:2].any()
        assert gradient[2:].all()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Conv2d(1, 4), (10, 1, 28, 28), r"Conv2d\(.*: the input must have shape \(N, H, W, 1\), got .*channels first"),
        (Conv2d(1, 4), (10, 28, 28), r"images of one channel are x\[..., None\]"),
        (Conv2d(1, 4), (10, 784), r"x.reshape\(len\(x\), H, W, C\) or a Reshape layer"),
        (Conv2d(1, 4, 5), (10, 4, 8, 1), r"output height = floor\(\(4 \+ 0 \+ 0 - 5\) / 1\) \+ 1 = 0"),
        (MaxPool2d(3), (10, 2, 8, 1), r"MaxPool2d\(.*no window of 3 fits into an image's height of 2"),
        (ConvTranspose2d(1, 4, 3, padding=2), (10, 1, 8, 1), r"output height = \(1 - 1\) 1 \+ 3 - 4 \+ 0 = -1"),
        (Reshape((3, 5)), (10, 4, 4), r"Reshape\(shape=\(3, 5\)\): an example of shape \(4, 4\) has 16 elements"),
        (BatchNorm(3), (10, 4), r"BatchNorm\(.*must have shape \(N, ..., 3\), got \(10, 4\)"),
    ],
)
def test_shapes_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.output_shape(shape)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(0, 4), "Conv2d: in_channels must be a whole number of at least 1, got 0"),
        (lambda: Conv2d(1, 4, kernel_size=0), "Conv2d: kernel_size must be a whole number of at least 1"),
        (lambda: ConvTranspose2d(1, 4, stride=(1, 0)), "ConvTranspose2d: stride must be"),
        (lambda: MaxPool2d(2, stride=0), "MaxPool2d: stride must be a whole number of at least 1"),
        (lambda: Upsample2d(mode="cubic"), "Upsample2d: mode must be 'nearest' or 'bilinear', got 'cubic'"),
        (lambda: BatchNorm(3, momentum=0.0), r"BatchNorm: momentum must lie in \(0, 1\], got 0"),
        (lambda: BatchNorm(3, eps=0.0), "BatchNorm: eps must lie"),
        (
            lambda: Sequential([Conv2d(1, 4), ReLU(), ConvTranspose2d(4, 2, tied="w1")]),
            r"no earlier parameter 'w1' of shape \(3, 3, 2, 4\) to share as its w; .*: w1 \(3, 3, 1, 4\)",
        ),
        (lambda: Sequential([Dense(2, 2), ConvTranspose2d(4, 1, tied="w9")]), "no earlier parameter 'w9'"),
    ],
)
def test_fields_that_mean_nothing(make, message):
    with pytest.raises(ValueError, match=message):
        make()
