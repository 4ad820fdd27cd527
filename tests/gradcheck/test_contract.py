"""Every broken rule of good behaviour fails, and the report names it; functions that keep them all pass."""

import numpy as np
import pytest

from miniae.gradcheck import check_function, check_pair
from miniae.ops import dense_backward, dense_forward


def arguments():
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(5, 4)), "w": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}


def verdict(forward=dense_forward, backward=dense_backward, **options):
    report = check_pair(forward, backward, arguments(), **options)
    return report.verdict, " | ".join(block.reason for block in report.blocks), report


def test_a_pair_that_keeps_the_rules_passes_all_of_them():
    assert verdict(contract=True, batch=("x",), linear=("x", "w", "b"))[0] == "pass"


def forward_that_changes_x(x, w, b):
    y, cache = dense_forward(x.copy(), w, b)
    x *= 2
    return y, cache


def backward_that_changes_x(dy, cache):
    gradients = tuple(g.copy() for g in dense_backward(dy, cache))
    cache.x[...] = 0
    return gradients


def backward_that_changes_dy(dy, cache):
    gradients = dense_backward(dy.copy(), cache)
    dy *= 2
    return gradients


def backward_that_adds_noise(dy, cache):
    dx, dw, db = dense_backward(dy, cache)
    return dx, dw * (1 + 1e-3 * np.random.default_rng().normal(size=dw.shape)), db


def dropout(mask_again):
    rng = np.random.default_rng(0)

    def forward(x, w, b):
        y, cache = dense_forward(x, w, b)
        mask = rng.random(y.shape) < 0.5
        return y * mask, (cache, mask)

    def backward(dy, cache):
        return dense_backward(dy * cache[1], cache[0])

    return forward, backward


kept = [np.empty((5, 4)), np.empty((4, 3)), np.empty(3)]


def backward_with_one_memory(dy, cache):
    for memory, gradient in zip(kept, dense_backward(dy, cache), strict=True):
        memory[...] = gradient
    return tuple(kept)


def backward_of_large_dy_only(dy, cache):
    return dense_backward(np.where(np.abs(dy) > 0.01, dy, 0.5 * dy) + np.maximum(dy - 1.5, 0), cache)


def float32_backward(dy, cache):
    dx, dw, db = dense_backward(dy, cache)
    return dx, dw.astype(np.float32), db


def none_backward(dy, cache):
    dx, _, db = dense_backward(dy, cache)
    return dx, None, db


def nan_backward(dy, cache):
    dx, dw, db = dense_backward(dy, cache)
    dw[1, 2] = np.nan
    return dx, dw, db


BROKEN = {
    "forward changes x": ({"forward": forward_that_changes_x}, "forward changed its argument x"),
    "backward changes x": ({"backward": backward_that_changes_x}, "backward changed its argument x"),
    "backward changes dy": ({"backward": backward_that_changes_dy}, "backward changed the cotangent dy"),
    "random gradient": ({"backward": backward_that_adds_noise}, "another gradient of w when called again"),
    "random forward": (dict(zip(("forward", "backward"), dropout(True), strict=True)), "another output when called"),
    "one memory": ({"backward": backward_with_one_memory}, "a later backward overwrote the gradient of x"),
    "not linear": ({"backward": backward_of_large_dy_only}, "not linear in dy"),
    "float32": ({"backward": float32_backward}, "the gradient of w is float32 but w is float64"),
    "None": ({"backward": none_backward}, "the gradient of w is None"),
    "NaN": ({"backward": nan_backward}, "not finite"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_and_is_named(name):
    pair, sentence = BROKEN[name]
    found, reasons, _ = verdict(**pair)
    assert found == "fail"
    assert sentence in reasons


def test_the_arguments_of_the_caller_survive_a_pair_that_changes_them():
    args = arguments()
    check_pair(forward_that_changes_x, backward_that_changes_x, args)
    for name, value in arguments().items():
        np.testing.assert_array_equal(args[name], value)


def test_linear_where_it_is_not_is_named():
    report = check_pair(lambda x: (x**3, x), lambda dy, x: 3 * x**2 * dy, {"x": np.ones(3)}, linear=("x",))
    assert report.verdict == "fail"
    assert "declared linear in x but is not" in report["x"].reason


def test_a_backward_that_is_not_the_adjoint_is_named():
    def transposed(dy, w):
        return w @ dy  # the forward is w @ x with a square w: the shapes hide it

    w = np.random.default_rng(0).normal(size=(4, 4))
    report = check_pair(lambda x: (w @ x, w), transposed, {"x": np.ones(4)}, linear=("x",))
    assert [breach.name for breach in report.evidence.broken] == ["x"]
    assert "not the adjoint of forward in x" in report.evidence.broken[0].text
    assert "adjoint" not in report["x"].reason  # the wrong numbers say the same, and where


def test_one_example_and_scattered_arrays_are_tried_where_asked_for():
    def flat(x, w, b):
        if not x.flags.c_contiguous:
            raise RuntimeError("x must be contiguous")
        return dense_forward(x, w, b)

    assert verdict(forward=flat)[0] == "pass"
    found, reasons, _ = verdict(forward=flat, contract=True)
    assert found == "fail"
    assert "given arrays that are not contiguous it raises RuntimeError: x must be contiguous" in reasons

    def squeezed(dy, cache):
        dx, dw, db = dense_backward(dy, cache)
        return dx.squeeze(), dw, db

    assert verdict(backward=squeezed)[0] == "pass"
    found, reasons, _ = verdict(backward=squeezed, contract=True, batch=("x",))
    assert found == "fail"
    assert "given one example it fails: the gradient has shape (4,), the argument (1, 4)" in reasons


def test_what_a_pair_raises_says_which_function_it_was():
    def forward(x):
        return x @ np.ones(3), x

    with pytest.raises(ValueError, match="matmul") as error:
        check_pair(forward, lambda dy, x: dy, {"x": np.ones((2, 4))})
    assert error.value.__notes__ == ["check_pair: this was forward, given x (2, 4)"]
    with pytest.raises(ZeroDivisionError) as error:
        check_pair(lambda x: (x, x), lambda dy, x: 1 / 0, {"x": np.ones((2, 4))})
    assert error.value.__notes__[0].startswith("check_pair: this was backward, given dy (2, 4)")
    with pytest.raises(KeyError) as error:
        check_function(lambda t: {}["cost"], np.ones(3))
    assert error.value.__notes__ == ["check_function: this was the function under test, given theta (3,)"]


def test_the_cotangent_is_not_the_data_a_user_draws_with_the_same_seed():
    x = np.random.default_rng(0).normal(size=(4, 3))
    report = check_pair(lambda x: (np.maximum(x, 0), x), lambda dy, x: x * (x > 0), {"x": x})
    assert report["x"].failing > 0


def test_a_rule_that_is_broken_with_the_right_numbers_is_all_that_is_said():
    text = str(check_function(that_changes_theta, np.arange(1.0, 4.0)))
    assert "the function changed theta" in text
    assert "No known mistake" not in text
    assert "float32" not in text


def test_a_function_that_keeps_the_rules_passes():
    assert check_function(lambda t: (float(t @ t), 2 * t), np.ones(3)).passed


memory = np.empty(3)


def with_one_memory(t):
    memory[...] = 2 * t
    return t @ t, memory


def that_changes_theta(t):
    cost, gradient = t @ t, 2 * t
    t += 1
    return cost, gradient


def that_returns_theta(t):
    return t @ t / 2, t


def with_a_random_gradient(t):
    return t @ t, 2 * t * (1 + 1e-6 * np.random.default_rng().normal(size=3))


def with_an_integer_gradient(t):
    return t.sum(), np.ones(3, int)


FUNCTIONS = {
    with_one_memory: "a later call overwrote the gradient",
    that_changes_theta: "the function changed theta",
    that_returns_theta: "shares its memory with theta",
    with_a_random_gradient: "it is random, or grows",
    with_an_integer_gradient: "is int64 but theta is float64",
    (lambda t: (t @ t, None)): "the gradient of theta is None",
    (lambda t: (t @ t, "2 t")): "the gradient of theta is of type str",
}


@pytest.mark.bad_input
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_function_that_breaks_a_rule_fails_and_the_rule_is_named(function):
    report = check_function(function, np.arange(1.0, 4.0))
    assert report.verdict == "fail"
    assert FUNCTIONS[function] in report["theta"].reason
    assert report.evidence.broken


def test_a_random_cost_with_a_steady_gradient_is_in_doubt_not_wrong():
    rng = np.random.default_rng(0)
    report = check_function(lambda t: (t @ t + 1e-8 * rng.normal(), 2 * t), np.ones(3))
    assert report.verdict == "inconclusive"


@pytest.mark.bad_input
def test_errors():
    with pytest.raises(TypeError, match=r"f must return \(cost, gradient\), got float"):
        check_function(lambda t: 1.0, np.ones(2))
    with pytest.raises(TypeError, match=r"one real number as the cost, got an array of shape \(2,\)"):
        check_function(lambda t: (t**2, 2 * t), np.ones(2))
    with pytest.raises(TypeError, match="one real number as the cost, got tuple"):
        check_function(lambda t: (1.0, t), np.ones(2), gradient=lambda t: t)
    with pytest.raises(TypeError, match="got cost= too"):
        check_function(lambda t: 1.0, np.ones(2), gradient=lambda t: t, cost=lambda t: 1.0)
    with pytest.raises(ValueError, match="the cost at theta is nan"):
        check_function(lambda t: (np.nan, t), np.ones(2))
    with pytest.raises(ValueError, match="output of forward is not finite"):
        check_pair(lambda x: (x / 0.0 * np.inf, x), lambda dy, x: dy, {"x": np.zeros(2) + np.inf})
    with pytest.raises(TypeError, match="x must be a float64 array, got float32"):
        check_pair(lambda x: (x, x), lambda dy, x: dy, {"x": np.ones(2, np.float32)})
    with pytest.raises(ValueError, match="wrt names 'y'; known arguments: x"):
        check_pair(lambda x: (x, x), lambda dy, x: dy, {"x": np.ones(2)}, wrt=("y",))
    with pytest.raises(TypeError, match="args must name the arguments, .*, got ndarray"):
        check_pair(lambda x: (x, x), lambda dy, x: dy, np.ones(2))
    with pytest.raises(TypeError, match=r"forward must return \(y, cache\), got ndarray"):
        check_pair(lambda x: x, lambda dy, x: dy, {"x": np.ones(2)})
    with pytest.raises(ValueError, match="check_pair: zero names 'y'; known: x"):
        check_pair(lambda x: (x, x), lambda dy, x: dy, {"x": np.ones(2)}, zero=("y",))
    with pytest.raises(ValueError, match="check_function: tolerance must be a positive number, got 0"):
        check_function(lambda t: (t @ t, 2 * t), np.ones(2), tolerance=0.0)
