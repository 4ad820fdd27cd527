"""Arrays of the host among those of the GPU, and work that only the CPU does: one clear sentence, nothing changed."""

import numpy as np
import pytest
from on_cupy import LABELLED, MODELS, batch, moved

from miniae import fit, lbfgs
from miniae.models import SoftmaxRegression, SparseCoding
from miniae.ops import OPS
from miniae.optimizers import OPTIMIZERS


@pytest.fixture
def there(on_cupy):
    return SoftmaxRegression(6, 3, backend=on_cupy)


ON_GPU = r"the model is on the GPU but {0} is not: pass cupy\.asarray\({0}\), or move the model, model\.to\('numpy'\)"
ON_CPU = r"{0} is on the GPU but the model is not: move the model, model\.to\('cuda'\), or pass {0}\.get\(\)"


@pytest.mark.bad_input
def test_a_model_on_the_gpu_refuses_data_of_the_host(cupy, there):
    (x, target), theta = batch("SoftmaxRegression", "float64"), there.theta.get()
    for call in (
        lambda: there.cost(there.theta, x, target),
        lambda: there.cost_and_grad(there.theta, x, cupy.asarray(target)),
        lambda: there.predict(x),
        lambda: fit(there, x, target, progress=False),
        lambda: fit(there, *moved(cupy, (x, target)), validation=(x, target), progress=False),
    ):
        with pytest.raises(TypeError, match=ON_GPU.format("x")):
            call()
    with pytest.raises(TypeError, match=ON_GPU.format("target")):
        fit(there, cupy.asarray(x), target, progress=False)
    with pytest.raises(TypeError, match=ON_GPU.format("theta")):
        there.cost(theta, cupy.asarray(x), cupy.asarray(target))
    np.testing.assert_array_equal(there.theta.get(), theta)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", sorted(set(MODELS) - LABELLED - {"GenerativeAdversarialNetwork"}))
def test_so_does_every_encoder(cupy, on_cupy, name):
    x = batch(name, "float64")[0]
    for model, data, message in ((MODELS[name](backend=on_cupy), x, ON_GPU), (MODELS[name](), cupy.asarray(x), ON_CPU)):
        for method in (model.encode, model.reconstruct):
            with pytest.raises(TypeError, match=message.format("x")):
                method(data)


@pytest.mark.bad_input
def test_a_model_of_the_host_refuses_data_on_the_gpu(cupy):
    (x, target), model = batch("SoftmaxRegression", "float64"), SoftmaxRegression(6, 3)
    with pytest.raises(TypeError, match=ON_CPU.format("x")):
        fit(model, cupy.asarray(x), target, progress=False)
    with pytest.raises(TypeError, match=ON_CPU.format("target")):
        fit(model, x, cupy.asarray(target), progress=False)


@pytest.mark.bad_input
def test_an_op_refuses_arrays_of_both(cupy):
    x, w = np.ones((2, 3)), np.ones((3, 4))
    with pytest.raises(TypeError, match=r"dense: x is a numpy array but w is a cupy array; convert one: cupy\.asarray"):
        OPS["dense"].forward(x, cupy.asarray(w))
    rule, theta = OPTIMIZERS["sgd"](), cupy.asarray(x)
    state = rule.start(theta)
    with pytest.raises(TypeError, match="SGD: theta is a cupy array but gradient is a numpy array"):
        rule.update(theta, x, state)


@pytest.mark.bad_input
def test_what_runs_on_the_cpu_alone_says_so(cupy, there):
    x, target = moved(cupy, batch("SoftmaxRegression", "float64"))
    with pytest.raises(TypeError, match=r"lbfgs runs on the CPU, through SciPy; move .* there: model.to\('numpy'\)"):
        lbfgs(there, x, target, progress=False)
    with pytest.raises(
        TypeError, match=r"SparseCoding runs on the CPU, through SciPy; bring the examples there: x.get"
    ):
        SparseCoding(6, 4).train(x)
