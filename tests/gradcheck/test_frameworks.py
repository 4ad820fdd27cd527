"""Hand-written backwards in PyTorch and JAX, checked from outside: arrays in, the same report out.

Each example is complete: a few lines turn the framework's function into one of NumPy arrays, and the checker does the
rest. Work in float64; what runs in float32 is then held against that with ``check_against``.
"""

import numpy as np
import pytest

from miniae.gradcheck import check_against, check_function, check_pair

X = np.random.default_rng(0).uniform(-2, 2, size=(4, 3))


def softplus_in_pytorch(torch, slope):
    """A custom autograd Function, with the derivative that is passed in."""

    class Softplus(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.log1p(torch.exp(x))

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * slope(x)

    return Softplus


def as_pair(torch, function):
    """A custom autograd Function as a forward and a backward of NumPy arrays. The cache is the graph."""

    def forward(*arrays):
        inputs = [torch.tensor(array, requires_grad=True) for array in arrays]  # tensor() copies
        output = function.apply(*inputs)
        return output.detach().numpy(), (output, inputs)

    def backward(dy, cache):
        output, inputs = cache
        return tuple(gradient.numpy() for gradient in torch.autograd.grad(output, inputs, torch.tensor(dy)))

    return forward, backward


def test_pytorch_custom_function():
    torch = pytest.importorskip("torch", reason="the example is one of PyTorch")
    right = softplus_in_pytorch(torch, torch.sigmoid)
    report = check_pair(*as_pair(torch, right), {"x": X}, contract=True, batch=("x",))
    assert report.passed, f"\n{report}"

    wrong = softplus_in_pytorch(torch, lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)))  # once too often
    report = check_pair(*as_pair(torch, wrong), {"x": X})
    assert report.verdict == "fail"
    assert report["x"].failing == 1


def test_pytorch_module_with_a_hand_written_backward():
    """A cost of all parameters, as one function of a flat theta: the layout names the parts."""
    torch = pytest.importorskip("torch", reason="the example is one of PyTorch")
    layout = {"w": (3, 2), "b": (2,)}

    def network(slope):
        softplus = softplus_in_pytorch(torch, slope)

        def cost_and_grad(theta):
            theta = torch.tensor(theta, requires_grad=True)
            w, b = theta[:6].reshape(3, 2), theta[6:]
            cost = (softplus.apply(torch.tensor(X) @ w + b) ** 2).mean()
            cost.backward()
            return cost.item(), theta.grad.numpy()

        return cost_and_grad

    theta = np.random.default_rng(1).normal(size=8)
    assert check_function(network(torch.sigmoid), theta, layout=layout).passed
    assert check_function(network(torch.tanh), theta, layout=layout).names("fail") == ("w", "b")


def test_pytorch_in_float32_against_float64():
    torch = pytest.importorskip("torch", reason="the example is one of PyTorch")

    def gradient(dtype, slope=torch.sigmoid):
        x = torch.tensor(X, dtype=dtype, requires_grad=True)
        softplus_in_pytorch(torch, slope).apply(x).sum().backward()
        return x.grad

    reference = gradient(torch.float64).numpy()
    assert check_against(gradient(torch.float32), reference).passed
    assert check_against(gradient(torch.float32, torch.tanh), reference).verdict == "fail"


def test_jax_custom_vjp():
    jax = pytest.importorskip("jax", reason="the example is one of JAX")
    jnp = jax.numpy

    def softplus_with(slope):
        @jax.custom_vjp
        def softplus(x):
            return jnp.log1p(jnp.exp(x))

        softplus.defvjp(lambda x: (softplus(x), x), lambda x, dy: (dy * slope(x),))
        return softplus

    def pair(function):
        def forward(*arrays):
            output, pull_back = jax.vjp(function, *map(jnp.asarray, arrays))
            return np.array(output), pull_back

        def backward(dy, pull_back):
            return tuple(map(np.array, pull_back(jnp.asarray(dy))))

        return forward, backward

    with jax.enable_x64(True):
        assert check_pair(*pair(softplus_with(jax.nn.sigmoid)), {"x": X}).passed
        assert check_pair(*pair(softplus_with(jnp.tanh)), {"x": X}).verdict == "fail"
