"""Reports of every kind and of the commonest mistakes, as a student reads them; ``wording.txt`` holds what they say.

    python tests/gradcheck/report_wording.py > tests/gradcheck/wording.txt

renews it. Read it before you commit it: every sentence must be true, and understood by someone in their second year.
What depends on the machine's rounding (the errors of what is right) is left out.
"""

import re

import numpy as np

from miniae.gradcheck import Report, check, check_function, check_pair
from miniae.layers import Dense, Sigmoid
from miniae.models import SparseAutoencoder
from miniae.mutants import MUTANTS
from miniae.network import Sequential
from miniae.ops import dense_backward, dense_forward

X = np.random.default_rng(0).uniform(0.1, 0.9, (5, 4))
SHELF = (
    "sparse_autoencoder/kl_missing_from_gradient",
    "sparse_autoencoder/kl_not_divided_by_m",
    "sparse_autoencoder/kl_per_sample",
    "sparse_autoencoder/kl_after_the_derivative",
    "sparse_autoencoder/decay_missing_from_gradient",
    "sparse_autoencoder/decay_doubled",
    "sparse_autoencoder/decay_on_biases",
    "sparse_autoencoder/hidden_derivative_missing",
    "sparse_autoencoder/hidden_derivative_at_z",
    "sparse_autoencoder/output_delta_negative",
    "sparse_autoencoder/error_not_divided_by_m",
    "sparse_autoencoder/error_averaged_over_outputs",
    "sparse_autoencoder/bias_gradient_averaged",
    "sparse_autoencoder/packed_column_by_column",
    "sparse_autoencoder/gradient_accumulates",
    "squared_error/half_forgotten",
    "softmax_cross_entropy/labels_counted_from_one",
    "dense/weights_not_transposed",
    "dense/bias_gradient_forgotten",
    "dense/averages_the_cotangent_in_place",
    "softmax/diagonal_only",
)


def right() -> Report:
    return check(SparseAutoencoder(4, 3, rho=0.2), X)


def inconclusive_at_a_kink() -> Report:
    return check_function(lambda t: (np.abs(t).sum(), np.sign(t)), np.array([0.0, 1.0, -2.0]))


def declared_kinks() -> Report:
    return check_function(lambda t: (np.abs(t).sum(), np.sign(t)), np.array([0.0, 1.0, -2.0]), kinks=0.4)


def inconclusive_for_rounding() -> Report:
    return check_function(lambda t: (1e6 + 1e-6 * (t @ t), 2e-6 * t), np.array([1.0, 2.0]))


def random_gradient() -> Report:
    rng = np.random.default_rng(0)
    return check_function(lambda t: (t @ t, 2 * t + rng.normal(size=3)), np.array([1.0, 2.0, 3.0]))


def changes_theta() -> Report:
    def function(t):
        cost, gradient = t @ t, 2 * t
        t += 1
        return cost, gradient

    return check_function(function, np.array([1.0, 2.5, 3.0]))


def zeros() -> Report:
    return check_function(lambda t: (1.0, np.zeros(3)), np.ones(3))


def not_a_number() -> Report:
    return check_function(lambda t: (t @ t, np.array([2.0, np.nan, 6.0])), np.array([1.0, 2.0, 3.0]))


def no_gradient() -> Report:
    return check_function(lambda t: (t @ t, None), np.ones(3))


def no_known_mistake_without_context() -> Report:
    t = np.linspace(-1, 1, 12)
    return check_function(lambda t: (np.sin(t).sum(), np.cos(t) + 0.1 * np.sin(5 * t) ** 3), t)


def one_wrong_row_of_a_pair() -> Report:
    def backward(dy, cache):
        dx, dw, db = dense_backward(dy, cache)
        dw[2] += [0.3, -0.1]
        return dx, dw, db

    rng = np.random.default_rng(0)
    args = {"x": X, "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
    return check_pair(dense_forward, backward, args, linear=("x", "w", "b"))


def a_layer_s_backward_halved() -> Report:
    class Halved(Sigmoid):
        def backward(self, dy, cache, grads, ctx):
            return 0.5 * super().backward(dy, cache, grads, ctx)

    return check(Sequential([Dense(4, 3), Halved(), Dense(3, 5)]), X)


def one_entry_of_a_large_block() -> Report:
    model = SparseAutoencoder(20, 30)
    x = np.random.default_rng(0).uniform(0.1, 0.9, (10, 20))

    def function(theta):
        cost, gradient = model.cost_and_grad(theta, x)
        gradient[100] *= 1.5
        return cost, gradient

    return check_function(function, model.theta, layout=model.layout, elementwise=100)


OTHERS = (
    right,
    inconclusive_at_a_kink,
    declared_kinks,
    inconclusive_for_rounding,
    random_gradient,
    changes_theta,
    zeros,
    not_a_number,
    no_gradient,
    no_known_mistake_without_context,
    one_wrong_row_of_a_pair,
    a_layer_s_backward_halved,
    one_entry_of_a_large_block,
)


def sections() -> dict[str, str]:
    """What each report says, by the case's name."""
    shelf = {mutant.name: mutant for mutant in MUTANTS if mutant.kind != "model"}
    reports = {case.__name__.replace("_", " "): case() for case in OTHERS}
    reports |= {name: shelf[name].check() for name in SHELF}
    return {name: without_rounding(str(report)) for name, report in reports.items()}


def without_rounding(text: str) -> str:
    """The text without what only rounding makes: the numbers of right blocks, and what is much smaller than others."""
    number, lines = r"\d(?:\.\d+)?e[-+]\d\d", []
    for line in text.splitlines():
        line = re.sub(r"(\S+  +\S+)  .*  0% +(\w+)$", r"\1  ...  0%  \2", line)  # a row without a wrong entry
        line = re.sub(r"-{3,}", "---", line)
        line = re.sub(rf"(only good to|differ by) {number}", r"\1 ~0", line)
        line = re.sub(r"(ratio .* =) \d(?:\.\d+)?e-(0[4-9]|1\d)", r"\1 ~0", line)
        line = re.sub(r"  \d(\.\d+)?e-1\d  ", "  ~0  ", line)
        lines.append(re.sub(r"   +", "  ", line))
    return "\n".join(lines)


def page(texts: dict[str, str]) -> str:
    """All of it as one text."""
    return "\n\n".join(f"===== {name}\n{text}" for name, text in texts.items()) + "\n"


if __name__ == "__main__":
    print(page(sections()), end="")
