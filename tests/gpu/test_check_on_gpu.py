"""Gradients checked where they are computed: theta goes there, the cost comes back, differences are taken on the host.

Under ``gpu`` it is the CUDA backend's kernels that are checked.
"""

import numpy as np
import pytest

from miniae.backends import backend
from miniae.gradcheck import check, check_against, check_function
from miniae.layers import Dense, Sigmoid, Tanh
from miniae.losses import squared_error
from miniae.models import Autoencoder, SoftmaxRegression, SparseAutoencoder
from miniae.network import Sequential

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 0.9, size=(4, 3))


class Halved(Tanh):
    """A layer whose backward forgets half of what it should."""

    def backward(self, dy, cache, grads, ctx):
        return 0.5 * super().backward(dy, cache, grads, ctx)


def passes(report):
    assert report.passed, f"\n{report}"
    assert all(type(c.analytic) is np.ndarray for c in report.evidence.compared)
    return [block.name for block in report.blocks]


def test_a_model_on_its_kernels(gpu):
    """And its gradient in float32 against the one just checked. What is frozen is left out."""
    model, single = (SoftmaxRegression(1, 2, dtype=dtype, backend="cuda") for dtype in ("float64", "float32"))
    model.freeze("b1")
    x, labels = gpu.asarray(X[:2, :1]), gpu.asarray(np.array([0, 1]))
    assert passes(check(model, x, labels)) == ["w1"]
    single.freeze("b1")
    _, reference = model.cost_and_grad(model.theta, x, labels)
    _, gradient = single.cost_and_grad(single.theta, x.astype(np.float32), labels)
    assert passes(check_against(gradient, reference.get(), layout=model.layout, zero=("b1",))) == ["w1", "b1"]


def test_a_loss_of_the_backend(gpu):
    y, target = gpu.asarray(X[:2, :1]), gpu.asarray(X[2:, :1])
    assert passes(check(backend("cuda").costs["squared_error"], y, target)) == ["y"]


def test_a_network(cupy, on_cupy):
    assert passes(check(Sequential([Dense(3, 2), Sigmoid()], on_cupy), cupy.asarray(X))) == ["x", "w1", "b1"]


def test_a_penalty_whose_gradient_is_one_row(cupy):
    assert passes(check(backend("numpy").costs["kl_sparsity"], cupy.asarray(X), 0.1, 3.0)) == ["a"]


def test_a_wrong_backward_fails_and_the_mistake_is_named(cupy, on_cupy):
    model = Autoencoder([Dense(3, 2), Halved()], [Dense(2, 3)], backend=on_cupy)
    report = check(model, cupy.asarray(X))
    assert report.names("fail") == ("w1", "b1")
    assert "1/2 of the right gradient" in str(report.diagnosis)
    assert "the calculation was rebuilt" in report.diagnosis.seen


def test_a_function_of_ones_own_is_held_to_the_same_rules(cupy):
    theta = cupy.asarray(np.array([1.0, -2.0]))
    assert check_function(lambda t: ((t * t).sum(), 2 * t), theta).passed
    assert check_function(lambda t: (t * t).sum(), theta, gradient=lambda t: 2 * t, context={"x": theta}).passed

    def changes(t):
        t *= 1.01
        return (t * t).sum(), 2 * t

    report = check_function(changes, theta)
    assert report["theta"].verdict == "fail"
    assert "the function changed theta" in report["theta"].reason
    assert "None (was it left out" in check_function(lambda t: ((t * t).sum(), None), theta)["theta"].reason
    np.testing.assert_array_equal(theta.get(), [1.0, -2.0])


@pytest.mark.bad_input
def test_what_cannot_be_checked_there_says_what_to_do(cupy, on_cupy):
    x = cupy.asarray(X)
    with pytest.raises(TypeError, match=r"the model is on the GPU but x is not: pass cupy\.asarray\(x\)"):
        check(SparseAutoencoder(3, 2, backend=on_cupy), X)
    with pytest.raises(TypeError, match="must be a float64 array, got float32: .* check_against takes a float32"):
        check(SparseAutoencoder(3, 2, dtype="float32", backend=on_cupy), x.astype(np.float32))
    with pytest.raises(TypeError, match=r"on NumPy arrays; on the GPU: check\(Sequential\(\[layer\], 'cuda'\), x\)"):
        check(Dense(3, 2), x)
    with pytest.raises(TypeError, match="convert one: cupy"):
        check(Sequential([Dense(3, 2)], on_cupy), X)
    with pytest.raises(TypeError, match="convert one: cupy"):
        check(squared_error, x, X)
