"""Initialisers: bounds and variances, PyTorch's formulas, and signals that survive many layers."""

import math

import numpy as np
import pytest
from numpy.random import default_rng

from miniae.init import INITIALIZERS, fans, he_normal, he_uniform, initializer, lecun_normal, ufldl, zeros

DENSE, CONV = (120, 80), (3, 5, 12, 8)
SHAPES = [DENSE, CONV]

# Variances by hand: dense 120 in, 80 out; convolution 3 * 5 * 12 = 180 in, 3 * 5 * 8 = 120 out.
VARIANCES = {
    "ufldl": (2 / 201, 2 / 301),
    "glorot_uniform": (2 / 200, 2 / 300),
    "glorot_normal": (2 / 200, 2 / 300),
    "lecun_uniform": (1 / 120, 1 / 180),
    "lecun_normal": (1 / 120, 1 / 180),
    "he_uniform": (2 / 120, 2 / 180),
    "he_normal": (2 / 120, 2 / 180),
}
UNIFORM = ("ufldl", "glorot_uniform", "lecun_uniform", "he_uniform")


def test_every_initialiser_but_zeros_has_a_variance_here():
    assert set(VARIANCES) == set(INITIALIZERS) - {"zeros"}


def test_fans_of_other_ranks():
    assert fans((7, 3)) == (7, 3)
    assert fans((5, 4, 3)) == (20, 15)
    assert fans((2, 3, 4, 5)) == (24, 30)


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_mean_and_variance(name, shape):
    variance = VARIANCES[name][SHAPES.index(shape)]
    w = INITIALIZERS[name](default_rng(1), shape)
    n = w.size
    # Five standard deviations of the mean and of the mean square, whose variance is E[w^4] - variance^2:
    # 4/5 variance^2 for a uniform, 2 variance^2 for a normal distribution.
    spread = 4 / 5 if name in UNIFORM else 2
    assert abs(w.mean()) < 5 * math.sqrt(variance / n)
    assert abs((w**2).mean() - variance) < 5 * math.sqrt(spread / n) * variance


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_only_the_uniform_ones_are_bounded(name, shape):
    bound = math.sqrt(3 * VARIANCES[name][SHAPES.index(shape)])
    largest = abs(INITIALIZERS[name](default_rng(2), shape)).max()
    if name in UNIFORM:
        # All n draws stay below (1 - 10/n) of the bound with a probability of exp(-10).
        assert (1 - 10 / math.prod(shape)) * bound < largest <= bound
    else:
        # The bound is at sqrt(3) deviations; 8 percent of the draws lie beyond.
        assert largest > 1.5 * bound


def test_ufldls_range():
    w = ufldl(default_rng(0), (64, 25))  # sqrt(6) / sqrt(64 + 25 + 1) = 0.2582
    assert 0.255 < abs(w).max() <= 0.25820


@pytest.mark.parametrize("name", INITIALIZERS)
def test_float64_fresh_and_repeatable(name):
    w = INITIALIZERS[name](default_rng(3), CONV)
    assert w.dtype == np.float64
    assert w.shape == CONV
    np.testing.assert_array_equal(w, INITIALIZERS[name](default_rng(3), CONV))


def test_zeros_are_zeros_of_any_shape():
    assert not zeros(default_rng(0), (4,)).any()
    assert not zeros(default_rng(0), DENSE).any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", sorted(set(VARIANCES) - {"ufldl"}))
def test_same_numbers_as_pytorchs_formulas(name, shape):
    torch = pytest.importorskip("torch", reason="compares with PyTorch's initialisers")
    nn = torch.nn.init
    # PyTorch puts the axes the other way round: (out, in, KH, KW).
    weight = torch.empty(shape[::-1] if len(shape) == 2 else (shape[3], shape[2], shape[0], shape[1]))
    fan_in, fan_out = nn._calculate_fan_in_and_fan_out(weight)
    assert fans(shape) == (fan_in, fan_out)
    rule, _, distribution = name.partition("_")
    std = {
        "glorot": nn.calculate_gain("linear") * math.sqrt(2 / (fan_in + fan_out)),
        "lecun": nn.calculate_gain("linear") / math.sqrt(nn._calculate_correct_fan(weight, "fan_in")),
        "he": nn.calculate_gain("relu") / math.sqrt(nn._calculate_correct_fan(weight, "fan_in")),
    }[rule]
    if distribution == "uniform":
        expected = math.sqrt(3) * std * (2 * default_rng(4).random(shape) - 1)
    else:
        expected = std * default_rng(4).standard_normal(shape)
    # Near 0 the two ways of writing a uniform number differ by the rounding of numbers the size of its bound.
    np.testing.assert_allclose(INITIALIZERS[name](default_rng(4), shape), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("init", [he_uniform, he_normal])
def test_he_keeps_the_signal_through_twenty_relu_layers(init):
    layers, width, rng = 20, 400, default_rng(5)
    x = rng.standard_normal((1, width))
    start = (x**2).mean()
    for _ in range(layers):
        z = x @ init(rng, (width, width))
        x = np.maximum(z, 0)
    # Half of mean(z^2) survives ReLU, which He's 2 restores. relu(z)^2 has mean 1/2 and variance 3/2 - 1/4 for a unit
    # normal z: a mean over the width errs by sqrt(5 / width) of itself per layer, and the logarithms add up. Four
    # standard deviations are a factor of 7; with Glorot's variance, half as large, the factor would be a million.
    deviation = math.sqrt(layers * 5 / width)
    assert abs(math.log((z**2).mean() / 2 / start) + math.log(2)) < 4 * deviation


def test_lecun_keeps_the_signal_through_twenty_selu_layers():
    layers, width, rng = 20, 400, default_rng(6)
    scale, alpha = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. (2017)
    x = rng.standard_normal((1, width))
    for _ in range(layers):
        z = x @ lecun_normal(rng, (width, width))
        x = scale * np.where(z > 0, z, alpha * np.expm1(z))
    # Mean 0 and variance 1 are where SELU pulls every signal (Klambauer et al., section 2): a layer keeps 0.783 of a
    # deviation of x^2 from 1, so the layers' errors add up to 1 / sqrt(1 - 0.783^2) = 1.61 times one layer's. That one
    # is the error of a mean over the width, sqrt(1.51 / width), for E[selu(z)^4] = 2.504 by numerical integration;
    # the mean of x errs by sqrt(1 / width), of the last layer alone. Four standard deviations.
    assert abs(x.mean()) < 4 * math.sqrt(1 / width)
    assert abs((x**2).mean() - 1) < 4 * 1.61 * math.sqrt(1.51 / width)


def test_resolver():
    assert initializer("ufldl") is ufldl
    assert initializer(zeros) is zeros


@pytest.mark.bad_input
def test_unknown_names_and_shapeless_weights_are_refused():
    with pytest.raises(ValueError, match=r"'xavier' is unknown; known: ufldl, glorot_uniform, .*zeros"):
        initializer("xavier")
    for shape in (5,), (), (3, 0):
        with pytest.raises(ValueError, match=r"shaped \(in, out\) or \(KH, KW, in, out\)"):
            he_normal(default_rng(0), shape)
