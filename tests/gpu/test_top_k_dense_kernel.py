"""Top-k followed by dense on the GPU backend, kernels thread by thread, against the two references in float64."""

from dataclasses import replace

import numpy as np
import pytest
from small_top_k import make_small

from miniae.backends import backend
from miniae.models import KSparseAutoencoder, TopKDictionary
from miniae.ops import OPS
from miniae_kernels.cuda import top_k_dense
from miniae_kernels.cuda.dense import dense
from miniae_kernels.cuda.top_k_dense import FUSED, PAIRS

RNG = np.random.default_rng(0)
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}  # a few roundings of sums of at most 70 numbers of size 1
PAIR = PAIRS["top_k_dense"]
dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


@pytest.fixture(autouse=True)
def _small(request, monkeypatch):
    make_small(request, monkeypatch)


def numbers(*shape, dtype="float64"):
    return RNG.standard_normal(shape).astype(dtype)


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def reference(x, w, b, dy, k):
    """Output and gradients of the two ops, in float64."""
    x, w, b, dy = (None if a is None else a.astype(float) for a in (x, w, b, dy))
    s, top_k = OPS["top_k"].forward(x, k)
    y, dense = OPS["dense"].forward(s, w, b)
    ds, dw, db = OPS["dense"].backward(dy, dense)
    return s, y, OPS["top_k"].backward(ds, top_k), dw, db


def kept(x, k):
    """Where each row's k largest stand."""
    return np.sort(np.argsort(-x, axis=1, kind="stable")[:, :k], axis=1).astype(np.int32)


@dtypes
@pytest.mark.parametrize(("n", "d", "o", "k"), [(1, 1, 1, 1), (3, 7, 5, 2), (2, 5, 70, 5)])
def test_every_kernel_on_small_shapes_in_every_order(launch, dtype, n, d, o, k):
    x, w, b, dy = (numbers(*shape, dtype=dtype) for shape in ((n, d), (d, o), (o,), (n, o)))
    s, expected, dx, dw, _ = reference(x, w, b, dy, k)
    s, places, tiles = s.astype(dtype), kept(x, k), -(-o // 64)

    y = np.full_like(dy, np.nan)
    launch(top_k_dense.naive_forward, (-(-o // 4), n), 4, (s, w, b, y))
    close(y, expected, dtype)
    y.fill(np.nan)
    launch(top_k_dense.forward, (n, tiles), 64, (x, places, w, b, y))
    close(y, expected, dtype)

    got = np.zeros_like(x)
    launch(top_k_dense.naive_backward_x, (-(-k // 2), n), 2, (dy, places, w, got))
    close(got, dx, dtype)
    got = np.zeros_like(x)
    launch(top_k_dense.backward_x, (n, -(-k // 2)), (32, 2), (dy, places, w, got))
    close(got, dx, dtype)

    got = np.full_like(w, np.nan)
    launch(top_k_dense.naive_backward_w, (-(-o // 4), d), 4, (s, dy, got))
    close(got, dw, dtype)
    keepers = np.zeros((d, 1), np.uint32)
    launch(top_k_dense.turn_around, n, 64, (places, keepers))
    np.testing.assert_array_equal(
        keepers[:, 0], sum((places == np.arange(d)[:, None, None]).any(2).T << np.arange(n)[:, None])
    )
    got = np.full_like(w, np.nan)
    launch(top_k_dense.backward_w, (d, tiles), 64, (x, dy, keepers, got))
    close(got, dw, dtype)


def test_the_gradient_of_the_weights_of_many_examples(launch_once):
    """More than a warp's 32 words of 32 bits: the first and the last bit of a word, and words without any."""
    n, d = 32 * 35 + 1, 2
    x, dy = numbers(n, d), numbers(n, 1)
    places = np.zeros((n, 1), np.int32)
    places[[0, 31, 32, 1023, 1055, n - 1]] = 1
    keepers = np.zeros((d, 36), np.uint32)
    launch_once(top_k_dense.turn_around, n, 1, (places, keepers))
    dw = np.full((d, 1), np.nan)
    launch_once(top_k_dense.backward_w, (d, 1), 32, (x, dy, keepers, dw))
    mask = places == [[0, 1]]
    np.testing.assert_allclose(dw, (x * mask).T @ dy, rtol=0, atol=1e-12)


@dtypes
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("k", [2, 3])  # of 40: the one sparse, the other dense
def test_the_pair_agrees_with_the_references(gpu, dtype, bias, k):
    x, w, b, dy = (numbers(*shape, dtype=dtype) for shape in ((2, 40), (40, 3), (3,), (2, 3)))
    b = b if bias else None
    _, expected, *gradients = reference(x, w, b, dy, k)
    assert top_k_dense.pays(k, 40) == (k == 2)
    y, cache = PAIR.forward(*(None if a is None else gpu.asarray(a) for a in (x, w, b)), k=k)
    close(y.get(), expected, dtype)
    for got, right in zip(PAIR.backward(gpu.asarray(dy), cache), gradients, strict=True):
        assert (got is None) == (right is None)
        if got is not None:
            assert got.dtype == dtype
            close(got.get(), right, dtype)


@pytest.mark.parametrize("k", [2, 3])
def test_only_what_is_needed_is_computed_and_into_the_memory_offered(gpu, k):
    x, w, b, dy = (gpu.asarray(numbers(*shape)) for shape in ((2, 40), (40, 3), (3,), (2, 3)))
    y = gpu.empty((2, 3))
    got, cache = PAIR.forward(x, w, b, k=k, out=y)
    assert got is y
    whole = dict(zip("xwb", PAIR.backward(dy, cache), strict=True))
    for name, right in whole.items():
        memory = gpu.empty(right.shape)
        found = dict(zip("xwb", PAIR.backward(dy, cache, needs=(name,), out={name: memory}), strict=True))
        assert found.pop(name) is memory
        assert set(found.values()) == {None}
        np.testing.assert_array_equal(memory.get(), right.get())


def test_weights_may_be_a_transpose(gpu):
    """As those of a decoder that is tied to its encoder are."""
    x, w, dy = numbers(2, 40), numbers(3, 40), numbers(2, 3)
    _, expected, dx, dw, _ = reference(x, w.T, None, dy, 2)
    y, cache = PAIR.forward(gpu.asarray(x), gpu.asarray(w).T, k=2)
    close(y.get(), expected, "float64")
    got_dx, got_dw, _ = PAIR.backward(gpu.asarray(dy), cache)
    close(got_dx.get(), dx, "float64")
    close(got_dw.get(), dw, "float64")


def test_a_batch_without_examples(gpu):
    y, cache = PAIR.forward(gpu.empty((0, 40)), gpu.asarray(numbers(40, 3)), gpu.asarray(numbers(3)), k=2)
    dx, dw, db = PAIR.backward(gpu.empty((0, 3)), cache)
    assert y.shape == (0, 3)
    assert dx.shape == (0, 40)
    np.testing.assert_array_equal(dw.get(), np.zeros((40, 3)))
    np.testing.assert_array_equal(db.get(), np.zeros(3))


@pytest.mark.bad_input
def test_wrong_arguments_are_refused_as_by_the_two_ops(gpu):
    x, w = gpu.asarray(numbers(2, 40)), gpu.asarray(numbers(40, 3))
    with pytest.raises(ValueError, match="^top_k: k must be a whole number from 1 to the 40 features"):
        PAIR.forward(x, w, k=41)
    with pytest.raises(ValueError, match="^dense: x"):
        PAIR.forward(x, w.T, k=2)
    _, cache = PAIR.forward(x, w, k=2)
    with pytest.raises(ValueError, match="^dense: dy has shape"):
        PAIR.backward(gpu.asarray(numbers(2, 4)), cache)


def these_kernels(gpu):
    """A backend of the reference and the kernels of this file."""
    numpy = backend("numpy")
    return replace(numpy, name="cuda", xp=gpu, pairs={**numpy.pairs, **PAIRS, "dense": dense()}, fused=FUSED)


@pytest.mark.parametrize("k", [2, 3])
def test_a_k_sparse_autoencoder_is_decoded_so(gpu, k):
    """Whose decoder's weights are the encoder's, transposed."""
    here, there = (KSparseAutoencoder(4, 40, k=k, backend=which) for which in ("numpy", these_kernels(gpu)))
    assert [step.layer.op for step in there.network.steps] == ["dense", "top_k_dense"]
    x = numbers(3, 4)
    cost, gradient = here.cost_and_grad(here.theta, x)
    got_cost, got_gradient = there.cost_and_grad(there.theta, gpu.asarray(x))
    assert float(got_cost) == pytest.approx(float(cost), rel=1e-12)
    close(got_gradient.get(), gradient, "float64")


def test_a_top_k_dictionary_is_decoded_so(gpu, monkeypatch):
    """Twice in a step: what the k units say, and, of the dead ones, what the aux_k do; codes of less than k as well."""
    sparse, pays = [], top_k_dense.pays
    monkeypatch.setattr(top_k_dense, "pays", lambda k, features: (sparse.append(k), pays(k, features))[1])
    here, there = (TopKDictionary(4, 40, 2, aux_k=1, backend=which) for which in ("numpy", these_kernels(gpu)))
    for model in (here, there):
        model.buffers[::3] = model.dead_after
        model.layout.views(model.theta)["b1"][:] = -1
    x = np.random.default_rng(0).standard_normal((3, 4))
    x[0] = 0  # no unit speaks
    assert np.count_nonzero(here.encode(x), axis=1).tolist() == [0, 2, 2]
    cost, gradient = here.cost_and_grad(here.theta, x)
    got_cost, got_gradient = there.cost_and_grad(there.theta, gpu.asarray(x))
    assert sparse == [2, 1]
    assert float(got_cost) == pytest.approx(float(cost), rel=1e-12)
    close(got_gradient.get(), gradient, "float64")
    close(there.encode(gpu.asarray(x)).get(), here.encode(x), "float64")
    close(there.reconstruct(gpu.asarray(x)).get(), here.reconstruct(x), "float64")
    code = numbers(3, 40)
    close(there.decode(gpu.asarray(code)).get(), here.decode(code), "float64")
