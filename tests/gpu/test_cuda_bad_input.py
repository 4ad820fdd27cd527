"""What goes wrong around a GPU, and the one sentence that says so, before anything has changed."""

import subprocess
import sys

import numpy as np
import pytest

from miniae import fit
from miniae.backends import backend
from miniae.layers import Dense, Sigmoid
from miniae.models import Autoencoder, SparseAutoencoder
from miniae_kernels.cuda.launch import kernel

pytestmark = pytest.mark.bad_input
X = np.random.default_rng(0).uniform(size=(6, 4))


@kernel("real[:, ::1], real[::1], int64")
def add_bias(y, b, n):
    """Only launched with wrong arguments."""


def test_without_a_gpu_the_backend_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("miniae_kernels.cuda.available.why_not", lambda: "no NVIDIA driver was found: install one")
    with pytest.raises(RuntimeError, match="backend 'cuda': no NVIDIA driver was found: install one"):
        backend("cuda")
    model = SparseAutoencoder(4, 2)
    theta = model.theta
    with pytest.raises(RuntimeError, match="no NVIDIA driver"):
        model.to("cuda")
    assert model.theta is theta
    assert model.backend.name == "numpy"


def test_without_numba_that_is_said_and_nothing_of_it_is_imported():
    """In a Python of its own, where importing Numba fails."""
    code = "import sys; sys.modules['numba'] = None; from miniae.backends import backend; backend('cuda')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: backend 'cuda': ")
    assert "is not installed: pip install" in last


def test_numpy_data_for_a_model_on_the_gpu(gpu):
    model = SparseAutoencoder(4, 2, backend="cuda")
    before = model.theta.get()
    for call in (lambda: model.cost(model.theta, X), lambda: fit(model, X, progress=False), lambda: model.encode(X)):
        with pytest.raises(TypeError, match=r"the model is on the GPU but x is not: pass cupy\.asarray\(x\)"):
            call()
    np.testing.assert_array_equal(model.theta.get(), before)


def test_cupy_data_for_a_model_on_the_cpu(gpu):
    model = SparseAutoencoder(4, 2)
    with pytest.raises(TypeError, match=r"x is on the GPU but the model is not: .*x\.get\(\)"):
        model.cost(model.theta, gpu.asarray(X))


def test_a_numpy_array_among_an_ops_arguments(gpu):
    dense = backend("cuda").pairs["dense"]
    x, w = gpu.asarray(X), np.ones((4, 2))
    with pytest.raises(TypeError, match=r"dense: w is a NumPy array.* pass cupy\.asarray\(w\)"):
        dense.forward(x, w)


def test_an_array_with_gaps(gpu):
    dense = backend("cuda").pairs["dense"]
    x, w = gpu.asarray(X), gpu.asarray(np.ones((4, 2)))
    with pytest.raises(
        ValueError, match=r"dense: x of shape \(3, 4\) has strides .* pass cupy\.ascontiguousarray\(x\)"
    ):
        dense.forward(x[::2], w)
    with pytest.raises(ValueError, match=r"dense: w of shape \(2, 2\) has strides"):
        dense.forward(gpu.asarray(X[:, :2].copy()), w[::2])


def test_memory_offered_with_gaps(gpu):
    sigmoid, x = backend("cuda").pairs["sigmoid"], gpu.asarray(X)
    with pytest.raises(ValueError, match="sigmoid: out of shape"):
        sigmoid.forward(x, out=gpu.empty((6, 8))[:, ::2])


def test_an_array_on_another_device(gpu):
    if gpu.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two GPUs")
    sigmoid = backend("cuda").pairs["sigmoid"]
    with gpu.cuda.Device(1):
        x = gpu.asarray(X)
    with pytest.raises(ValueError, match=r"sigmoid: x lies on device 1 but the current device is 0.*Device\(1\)"):
        sigmoid.forward(x)


def test_a_kernel_holds_its_arguments_against_what_is_declared(gpu):
    y, b = gpu.zeros((2, 3)), gpu.zeros(3)
    launch = add_bias[1, 6]
    with pytest.raises(TypeError, match="add_bias: b must be an array of float64, got float32"):
        launch(y, b.astype("float32"), 6)
    with pytest.raises(TypeError, match="add_bias: b must be an array of float64, got int"):
        launch(y, 1, 6)
    with pytest.raises(ValueError, match="add_bias: y must be C-contiguous with 2 axes, got shape"):
        launch(y.T, b, 6)
    with pytest.raises(ValueError, match="with 2 axes"):
        launch(b, b, 6)


def test_a_model_of_tied_weights_runs_all_the_same(gpu):
    """Its decoder's weights are a transpose, which a product takes as it is."""
    encoder, decoder = [Dense(4, 2), Sigmoid()], [Dense(2, 4, tied="w1"), Sigmoid()]
    cpu = Autoencoder(encoder, decoder)
    model = Autoencoder(encoder, decoder, backend="cuda")
    expected, gradient = cpu.cost_and_grad(cpu.theta, X)
    cost, got = model.cost_and_grad(model.theta, gpu.asarray(X))
    assert cost == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(got.get(), gradient, rtol=1e-10, atol=1e-15)
