"""Dictionaries: unit rows, the three kinds of sparsity, and their gradients by differences and by autograd."""

import numpy as np
import pytest

from miniae import fit
from miniae.backends import backend
from miniae.gradcheck import check, check_function, check_pair
from miniae.models import JumpReLUDictionary, L1Dictionary, TopKDictionary
from miniae.models.dictionary.jump_relu import l0_penalty
from miniae.models.dictionary.top_k import auxiliary_cost
from miniae.models.dictionary.unit_rows import unit_rows, unit_rows_backward
from miniae.optimizers import SGD

N, D, H, K = 9, 4, 7, 2
X = np.random.default_rng(0).normal(size=(N, D))
KINDS = {
    "L1": lambda **kw: L1Dictionary(D, H, strength=0.3, **kw),
    "TopK": lambda **kw: TopKDictionary(D, H, K, aux_k=2, aux_strength=0.7, dead_after=5, **kw),
    "JumpReLU": lambda **kw: JumpReLUDictionary(D, H, strength=0.3, initial=0.5, bandwidth=0.8, **kw),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def anywhere(model, seed=1):
    """Biases not zero, encoder not the transpose, rows not of length 1."""
    model.theta = model.theta + 0.4 * np.random.default_rng(seed).standard_normal(model.theta.size)
    return model


def with_dead_units(model, dead):
    silent = model.buffers_layout.views(model.buffers)["silent"]
    silent[dead] = model.dead_after
    return model


def test_unit_rows_gradient():
    rng = np.random.default_rng(2)

    def forward(w):
        d, lengths = unit_rows(w)
        return d, (d, lengths)

    report = check_pair(forward, lambda dd, cache: unit_rows_backward(dd, *cache), {"w": rng.normal(size=(5, 3))})
    assert report.passed, f"\n{report}"
    w, dd = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    dw = unit_rows_backward(dd, *unit_rows(w))
    np.testing.assert_allclose((dw * w).sum(axis=1), 0, atol=1e-14)  # at right angles to the row


@every_kind
def test_the_rows_have_length_one_and_the_encoder_starts_as_their_transpose(make):
    model = make()
    np.testing.assert_allclose((model.directions**2).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_array_equal(model.layout.views(model.theta)["w1"], model.directions.T)
    fit(model, X, epochs=3, batch_size=3, progress=False)
    np.testing.assert_allclose((model.directions**2).sum(axis=1), 1, rtol=1e-14)


@every_kind
def test_the_length_of_a_row_changes_neither_cost_nor_reconstruction(make):
    model = anywhere(make())
    cost = model.cost(model.theta, X)
    model.layout.views(model.theta)["w2"][...] *= 3
    assert model.cost(model.theta, X) == pytest.approx(cost, rel=1e-13)


@every_kind
def test_the_cost_by_the_formulas(make):
    model = anywhere(make())
    p = model.layout.views(model.theta)
    a = model.encode(X)
    y = a @ (p["w2"] / np.linalg.norm(p["w2"], axis=1, keepdims=True)) + p["b2"]
    np.testing.assert_allclose(model.reconstruct(X), y, rtol=1e-13)
    penalty = {L1Dictionary: 0.3 * a.sum() / N, TopKDictionary: 0, JumpReLUDictionary: 0.3 * (a > 0).sum() / N}
    wanted = ((y - X) ** 2).sum() / (2 * N) + penalty[type(model)]
    assert model.cost(model.theta, X) == pytest.approx(wanted, rel=1e-13)


@every_kind
def test_gradient(make):
    """By differences; but for JumpReLU's threshold, of which the cost is a step, for everything."""
    model = anywhere(make())
    if isinstance(model, JumpReLUDictionary):
        model.freeze("log_threshold")
    report = check(model, X)
    assert report.passed, f"\n{report}"


def test_at_most_k_units_speak_and_none_below_zero():
    model = anywhere(KINDS["TopK"]())
    model.layout.views(model.theta)["b1"][...] -= 1
    codes = model.encode(np.random.default_rng(3).normal(size=(500, D)))
    assert (codes >= 0).all()
    assert ((codes > 0).sum(axis=1) <= K).all()
    assert ((codes > 0).sum(axis=1) < K).any()  # where fewer are positive, fewer speak


def frozen_residual_cost(model, x, dead):
    """The TopK dictionary's cost by its formulas, the residual that of the model's theta whatever theta is given."""

    def parts(theta):
        p = model.layout.views(theta)
        d = p["w2"] / np.linalg.norm(p["w2"], axis=1, keepdims=True)
        r = np.maximum((x - p["b2"]) @ p["w1"] + p["b1"], 0)
        return r, d, p["b2"]

    def largest(r, k):
        return np.where(r >= np.sort(r, axis=1)[:, -k, None], r, 0)

    r, d, b2 = parts(model.theta)
    residual = x - (largest(r, model.k) @ d + b2)

    def cost(theta):
        r, d, b2 = parts(theta)
        error = largest(r, model.k) @ d + b2 - x
        rest = largest(r * dead, model.aux_k) @ d - residual  # no bias: it is in the reconstruction already
        return ((error**2).sum() + model.aux_strength * (rest**2).sum()) / (2 * len(x))

    return cost


def test_gradient_with_dead_units_by_differences_at_a_fixed_residual():
    dead = np.arange(H) % 2 == 0
    model = with_dead_units(anywhere(KINDS["TopK"]()), dead)
    cost = frozen_residual_cost(model, X, dead)
    assert model.cost(model.theta, X) == pytest.approx(cost(model.theta), rel=1e-13)
    alive = anywhere(KINDS["TopK"]())
    assert cost(model.theta) > alive.cost(alive.theta, X)  # the auxiliary cost is there
    report = check_function(
        lambda theta: (cost(theta), model.cost_and_grad(theta, X)[1]), model.theta, cost=cost, layout=model.layout
    )
    assert report.passed, f"\n{report}"


def test_the_residual_is_a_target():
    """A gradient that went back through it would be another one: that of the whole cost, e moving along."""
    dead = np.arange(H) % 2 == 0
    model = with_dead_units(anywhere(KINDS["TopK"]()), dead)
    v = np.random.default_rng(7).standard_normal(model.theta.size)
    moving = (model.cost(model.theta + 1e-5 * v, X) - model.cost(model.theta - 1e-5 * v, X)) / 2e-5
    _, gradient = model.cost_and_grad(model.theta, X)
    assert abs(gradient @ v - moving) > 0.01 * abs(moving)


def test_gradient_of_the_auxiliary_cost():
    rng = np.random.default_rng(4)
    z, d, residual = rng.normal(size=(N, H)), rng.normal(size=(H, D)), rng.normal(size=(N, D))
    dead = np.arange(H) < 4
    args = (residual, dead, 2, backend("numpy"))
    report = check(lambda z: auxiliary_cost(z, d, *args)[:2], z)
    assert report.passed, f"\n{report}"
    report = check(lambda d: auxiliary_cost(z, d, *args)[::2], d, zero=("d",))
    assert report.passed, f"\n{report}"
    _, dz, dd = auxiliary_cost(z, d, *args)
    assert not dz[:, 4:].any()  # units that live learn nothing from it
    assert not dd[4:].any()


def test_without_dead_units_the_auxiliary_cost_and_its_gradients_are_0():
    rng = np.random.default_rng(4)
    z, d, residual = rng.normal(size=(N, H)), rng.normal(size=(H, D)), rng.normal(size=(N, D))
    cost, dz, dd = auxiliary_cost(z, d, residual, np.zeros(H, bool), 2, backend("numpy"))
    assert cost == 0
    assert not dz.any()
    assert not dd.any()


def test_codes_of_any_kind_are_decoded():
    """More than k entries, and negative ones: what one sets by hand to see what it stands for."""
    model, code = anywhere(KINDS["TopK"]()), np.random.default_rng(6).normal(size=(N, H))
    b2 = model.layout.views(model.theta)["b2"]
    np.testing.assert_allclose(model.decode(code), code @ model.directions + b2, rtol=1e-13)


def torch_forward(torch, p, x):
    d = p["w2"] / p["w2"].norm(dim=1, keepdim=True)
    return d, (x - p["b2"]) @ p["w1"] + p["b1"]


def compare_with_torch(torch, model, cost):
    """``cost(p, x)`` in PyTorch against the model's value and gradient."""
    p = {k: torch.tensor(v, requires_grad=True) for k, v in model.layout.views(model.theta).items()}
    total = cost(p, torch.tensor(X))
    wanted = np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(total, list(p.values()))])
    value, gradient = model.cost_and_grad(model.theta, X)
    assert value == pytest.approx(total.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-10 * np.abs(wanted).max())


def test_l1_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")

    def cost(p, x):
        d, z = torch_forward(torch, p, x)
        a = torch.relu(z)
        return (((a @ d + p["b2"] - x) ** 2).sum() / 2 + 0.3 * a.abs().sum()) / N

    compare_with_torch(torch, anywhere(KINDS["L1"]()), cost)


@pytest.mark.parametrize("dead", [[], [0, 2, 3, 6]])
def test_top_k_with_auxiliary_cost_against_autograd(dead):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    mask = torch.zeros(H, dtype=torch.bool)
    mask[dead] = True

    def largest(r, k):
        values, places = torch.topk(r, k, dim=1)
        return torch.zeros_like(r).scatter(1, places, values)

    def cost(p, x):
        d, z = torch_forward(torch, p, x)
        r = torch.relu(z)
        y = largest(r, K) @ d + p["b2"]
        main = ((y - x) ** 2).sum() / (2 * N)
        rest = largest(r * mask, 2) @ d - (x - y).detach()
        return main + (0.7 * (rest**2).sum() / (2 * N) if dead else 0)

    compare_with_torch(torch, with_dead_units(anywhere(KINDS["TopK"]()), dead), cost)


def test_jump_relu_against_autograd():
    torch = pytest.importorskip("torch", reason="PyTorch is the independent oracle here")
    eps = 0.8

    class Step(torch.autograd.Function):
        """H(z - t), with Rajamanoharan's pseudo-derivative in t and none in z."""

        @staticmethod
        def forward(ctx, z, t):
            ctx.save_for_backward(z, t)
            return (z > t).to(z.dtype)

        @staticmethod
        def backward(ctx, dy):
            z, t = ctx.saved_tensors
            return None, (-dy / eps * (((z - t) / eps).abs() < 0.5)).sum(0)

    class JumpReLU(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z, t):
            ctx.save_for_backward(z, t)
            return z * (z > t)

        @staticmethod
        def backward(ctx, dy):
            z, t = ctx.saved_tensors
            return dy * (z > t), (-(t / eps) * (((z - t) / eps).abs() < 0.5) * dy).sum(0)

    def cost(p, x):
        d, z = torch_forward(torch, p, x)
        t = torch.exp(p["log_threshold"])
        y = JumpReLU.apply(z, t) @ d + p["b2"]
        return (((y - x) ** 2).sum() / 2 + 0.3 * Step.apply(z, t).sum()) / N

    compare_with_torch(torch, anywhere(KINDS["JumpReLU"]()), cost)


def test_the_l0_gradient_in_expectation():
    """z uniform on [0, 2]: a share (2 - t) / 2 is above t, so the mean penalty has the slope -strength / 2.

    Each z gives -strength / eps with probability eps / 2: standard deviation at most strength sqrt(1 / (2 eps)).
    """
    m, eps, strength = 400_000, 0.1, 0.3
    z = np.random.default_rng(5).uniform(0, 2, (m, 1))
    for t in 0.4, 1.0, 1.6:
        penalty, dt = l0_penalty(z, np.array([t]), strength, eps)
        assert dt[0] == pytest.approx(-strength / 2, abs=4 * strength * np.sqrt(1 / (2 * eps) / m))
        assert penalty == pytest.approx(strength * (2 - t) / 2, abs=4 * strength * 0.5 / np.sqrt(m))


def test_silence_is_counted_in_training_and_ends_when_a_unit_speaks():
    model = KINDS["TopK"]()
    p = model.layout.views(model.theta)
    p["b1"][...] = [0, 0, 0, 0, 0, -100, 100]  # unit 5 never speaks, unit 6 always
    fit(model, X, epochs=2, batch_size=3, optimizer=SGD(1e-6), progress=False)
    silent = model.buffers_layout.views(model.buffers)["silent"]
    assert silent[5] == 6  # 2 epochs of 3 steps
    assert silent[6] == 0
    assert model.dead[5]
    assert not model.dead[6]
    before = model.buffers.copy()
    model.cost_and_grad(model.theta, X)
    np.testing.assert_array_equal(model.buffers, before)


def test_a_dead_unit_learns_with_the_auxiliary_cost_and_not_without():
    dead = np.arange(H) < 3
    for strength in 0.0, 1.0:
        model = TopKDictionary(D, H, K, aux_strength=strength, dead_after=5)
        model.layout.views(model.theta)["b1"][...] = np.where(dead, 0, 5)  # the first three lose against the others
        assert not model.encode(X)[:, dead].any()
        _, gradient = with_dead_units(model, dead).cost_and_grad(model.theta, X)
        views = model.layout.views(gradient)
        assert views["w1"][:, dead].any(axis=0).all() == (strength > 0)
        assert views["w2"][dead].any(axis=1).all() == (strength > 0)
    revived = model.theta - 1e-2 * gradient  # a step down takes the cost down, the residual held
    assert frozen_residual_cost(model, X, dead)(revived) < frozen_residual_cost(model, X, dead)(model.theta)


@every_kind
def test_float32_stays_float32(make):
    model = make(dtype="float32")
    value, gradient = model.cost_and_grad(model.theta, X.astype(np.float32))
    assert gradient.dtype == model.encode(X.astype(np.float32)).dtype == np.float32
    double = make()
    wanted, wanted_gradient = double.cost_and_grad(model.theta.astype(float), X.astype(np.float32).astype(float))
    assert value == pytest.approx(wanted, rel=1e-5)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=1e-5 * np.abs(wanted_gradient).max())


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1Dictionary(0, 3, strength=1.0), "L1Dictionary: in_features must be a whole number of at least 1"),
        (lambda: L1Dictionary(3, 0, strength=1.0), "L1Dictionary: hidden must be a whole number of at least 1, got 0"),
        (lambda: L1Dictionary(3, 3, strength=-1.0), "L1Dictionary: strength must be finite and not negative, got -1"),
        (lambda: TopKDictionary(3, 5, 6), "TopKDictionary: k must be from 1 to the 5 units, got 6"),
        (lambda: TopKDictionary(3, 5, 0), "TopKDictionary: k must be from 1 to the 5 units, got 0"),
        (lambda: TopKDictionary(3, 5, 2, aux_k=6), "TopKDictionary: aux_k must be from 1 to the 5 units, got 6"),
        (lambda: TopKDictionary(3, 5, 2, aux_strength=-1.0), "aux_strength must be finite and not negative, got -1"),
        (lambda: TopKDictionary(3, 5, 2, dead_after=0), "dead_after must be at least 1 step, got 0"),
        (lambda: JumpReLUDictionary(3, 5, strength=1.0, initial=0.0), "initial must be finite and positive, got 0"),
        (lambda: JumpReLUDictionary(3, 5, strength=1.0, bandwidth=0.0), "bandwidth must be finite and positive"),
        (lambda: KINDS["L1"]().cost(KINDS["L1"]().theta, X[:, :3]), r"x must have shape \(N, 4\), got \(9, 3\)"),
        (lambda: KINDS["L1"]().cost(KINDS["L1"]().theta, X, X[:, :3]), r"\(9, 3\)"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
