"""Broken versions of UFLDL's first exercise: each replaces one step of :mod:`miniae.mutants.exercise`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from miniae.arrays import Array
from miniae.gradcheck import Report, check_function
from miniae.mutants.exercise import EXAMPLES, INPUTS, LAYOUT, SparseAutoencoderCost
from miniae.mutants.mutant import Mutant, mutant

Exercise = SparseAutoencoderCost


def broken_step(step: str, cause: str) -> Callable[[Callable[..., Any]], Mutant]:
    """Turn a broken step of the exercise, a method of :class:`SparseAutoencoderCost`, into a mutant."""

    def decorate(method: Callable[..., Any]) -> Mutant:
        broken = type(method.__name__, (SparseAutoencoderCost,), {step: method})

        def run(rng: np.random.Generator) -> Report:
            offered = {"x": rng.uniform(0.1, 0.9, (EXAMPLES, INPUTS)), "rho": 0.1, "beta": 3.0, "lam": 0.02}
            theta = 0.5 * rng.standard_normal(LAYOUT.size)
            return check_function(broken(**offered), theta, layout=LAYOUT, context=offered)

        return mutant("sparse_autoencoder", "function", cause, method, run)

    return decorate


@broken_step("sparsity_gradient", "kl-missing")
def kl_missing_from_gradient(self: Exercise, a: Array) -> Any:
    """Adds the sparsity penalty to the cost and forgets it going back."""
    return 0.0


@broken_step("sparsity", "kl-not-in-cost")
def kl_missing_from_cost(self: Exercise, mean: Array) -> Any:
    """Trains with the sparsity term but does not report it in the cost."""
    return 0.0


@broken_step("sparsity_gradient", "kl-not-divided-by-m")
def kl_not_divided_by_m(self: Exercise, a: Array) -> Any:
    """Adds (4) without 1/m to a delta that already bears it."""
    return self.beta * self.slope(a.mean(axis=0))


@broken_step("sparsity_gradient", "kl-per-sample")
def kl_per_sample(self: Exercise, a: Array) -> Any:
    """Does not average over the batch: takes every activation for rho_hat."""
    return self.beta / self.m * self.slope(a)


@broken_step("sparsity_gradient", "kl-reversed")
def kl_reversed(self: Exercise, a: Array) -> Any:
    """Differentiates the divergence the other way round, KL(rho_hat || rho)."""
    mean = a.mean(axis=0)
    return self.beta / self.m * (np.log(mean / self.rho) - np.log((1 - mean) / (1 - self.rho)))


@broken_step("sparsity_gradient", "kl-wrong-sign")
def kl_sign(self: Exercise, a: Array) -> Any:
    """Writes (4) with both signs turned."""
    return -self.beta / self.m * self.slope(a.mean(axis=0))


@broken_step("sparsity_gradient", "kl-without-beta")
def kl_beta_missing(self: Exercise, a: Array) -> Any:
    """Weights the penalty with beta in the cost only."""
    return self.slope(a.mean(axis=0)) / self.m


@broken_step("sparsity_gradient", "kl-wrong-axis")
def kl_mean_over_units(self: Exercise, a: Array) -> Any:
    """Averages over the hidden units instead of over the examples."""
    return self.beta / self.m * self.slope(a.mean(axis=1, keepdims=True))


@broken_step("sparsity_gradient", "kl-rho-hat-summed")
def kl_of_summed_activations(self: Exercise, a: Array) -> Any:
    """Sums the activations where their mean is meant."""
    return self.beta / self.m * self.slope(a.sum(axis=0))


@broken_step("sparsity_gradient", "kl-running-average")
def kl_of_a_running_average(self: Exercise, a: Array) -> Any:
    """Takes the gradient at a running average of the mean activation, begun at rho."""
    return self.beta / self.m * self.slope(0.9 * self.rho + 0.1 * a.mean(axis=0))


@broken_step("hidden_delta", "kl-after-derivative")
def kl_after_the_derivative(self: Exercise, delta3: Array, w2: Array, a: Array, z2: Array) -> Any:
    """Adds the sparsity term behind the sigmoid's derivative instead of before it."""
    return delta3 @ w2.T * a * (1 - a) + self.sparsity_gradient(a)


@broken_step("decay", "decay-not-in-cost")
def decay_missing_from_cost(self: Exercise, w1: Array, b1: Array, w2: Array, b2: Array) -> Any:
    """Decays the weights but does not report the penalty in the cost."""
    return 0.0


@broken_step("weight_gradient", "decay-missing")
def decay_missing_from_gradient(self: Exercise, into: Array, delta: Array, w: Array) -> Any:
    """Adds weight decay to the cost and forgets lambda W in the gradient."""
    return into.T @ delta


@broken_step("weight_gradient", "decay-doubled")
def decay_doubled(self: Exercise, into: Array, delta: Array, w: Array) -> Any:
    """Differentiates w^2 and forgets the half in front."""
    return into.T @ delta + 2 * self.lam * w


@broken_step("weight_gradient", "decay-divided-by-m")
def decay_divided_by_m(self: Exercise, into: Array, delta: Array, w: Array) -> Any:
    """Averages the decay over the examples along with everything else."""
    return into.T @ delta + self.lam / self.m * w


@broken_step("weight_gradient", "decay-wrong-sign")
def decay_subtracted(self: Exercise, into: Array, delta: Array, w: Array) -> Any:
    """Subtracts lambda W."""
    return into.T @ delta - self.lam * w


@broken_step("bias_gradient", "decay-on-biases")
def decay_on_biases(self: Exercise, delta: Array, b: Array) -> Any:
    """Decays the biases too, in the gradient only."""
    return delta.sum(axis=0) + self.lam * b


@broken_step("decay", "decay-missing")
def decay_of_biases_in_the_cost(self: Exercise, w1: Array, b1: Array, w2: Array, b2: Array) -> Any:
    """Sums the decay over all of theta, biases included, in the cost only."""
    return self.lam / 2 * sum(np.sum(block**2) for block in (w1, b1, w2, b2))


@broken_step("hidden_delta", "derivative-missing")
def hidden_derivative_missing(self: Exercise, delta3: Array, w2: Array, a: Array, z2: Array) -> Any:
    """Goes back through the hidden layer as if it were linear."""
    return delta3 @ w2.T + self.sparsity_gradient(a)


@broken_step("hidden_delta", "derivative-at-z")
def hidden_derivative_at_z(self: Exercise, delta3: Array, w2: Array, a: Array, z2: Array) -> Any:
    """Puts z into a (1 - a)."""
    return (delta3 @ w2.T + self.sparsity_gradient(a)) * z2 * (1 - z2)


@broken_step("hidden_delta", "derivative-other-activation")
def hidden_derivative_of_tanh(self: Exercise, delta3: Array, w2: Array, a: Array, z2: Array) -> Any:
    """Uses tanh's slope for the sigmoid."""
    return (delta3 @ w2.T + self.sparsity_gradient(a)) * (1 - a**2)


@broken_step("output_delta", "derivative-missing")
def output_derivative_missing(self: Exercise, h: Array, z3: Array) -> Any:
    """Starts from h - x, the delta of a linear decoder."""
    return (h - self.x) / self.m


@broken_step("output_delta", "derivative-at-z")
def output_derivative_at_z(self: Exercise, h: Array, z3: Array) -> Any:
    """Puts z into h (1 - h)."""
    return (h - self.x) / self.m * z3 * (1 - z3)


@broken_step("output_delta", "wrong-sign")
def output_delta_negative(self: Exercise, h: Array, z3: Array) -> Any:
    """Writes x - h, UFLDL's -(y - h) without its minus."""
    return (self.x - h) / self.m * h * (1 - h)


@broken_step("output_delta", "missing-1/m")
def error_not_divided_by_m(self: Exercise, h: Array, z3: Array) -> Any:
    """Forgets 1/m in the delta of the error; the sparsity term has its own."""
    return (h - self.x) * h * (1 - h)


@broken_step("error", "missing-1/n-outputs")
def error_averaged_over_outputs(self: Exercise, h: Array) -> Any:
    """Averages the error over the outputs as well, in the cost only."""
    return np.mean((h - self.x) ** 2) / 2


@broken_step("bias_gradient", "bias-averaged")
def bias_gradient_averaged(self: Exercise, delta: Array, b: Array) -> Any:
    """Averages over the examples once more."""
    return delta.mean(axis=0)


@broken_step("bias_gradient", "bias-missing")
def bias_gradient_zero(self: Exercise, delta: Array, b: Array) -> Any:
    """Allocates the biases' gradients and never fills them."""
    return np.zeros_like(b)


@broken_step("weight_gradient", "missing-half")
def weight_gradient_doubled(self: Exercise, into: Array, delta: Array, w: Array) -> Any:
    """Keeps the 2 of the squared error's derivative, for the weights only, in decay and error alike."""
    return 2 * (into.T @ delta + self.lam * w)


@broken_step("packed", "blocks-swapped")
def packed_weights_first(self: Exercise, dw1: Array, db1: Array, dw2: Array, db2: Array) -> Any:
    """Packs all weights before all biases, where theta alternates."""
    return np.concatenate([gradient.ravel() for gradient in (dw1, dw2, db1, db2)])


@broken_step("packed", "blocks-swapped")
def packed_layers_swapped(self: Exercise, dw1: Array, db1: Array, dw2: Array, db2: Array) -> Any:
    """Packs the decoder's gradients before the encoder's."""
    return np.concatenate([gradient.ravel() for gradient in (dw2, db2, dw1, db1)])


@broken_step("packed", "transposed")
def packed_column_by_column(self: Exercise, dw1: Array, db1: Array, dw2: Array, db2: Array) -> Any:
    """Flattens the matrices column by column, as MATLAB does, and reads theta row by row."""
    return np.concatenate([gradient.ravel(order="F") for gradient in (dw1, db1, dw2, db2)])


@broken_step("packed", "accumulated")
def gradient_accumulates(self: Exercise, dw1: Array, db1: Array, dw2: Array, db2: Array) -> Any:
    """Adds to the gradient of the call before."""
    new = np.concatenate([gradient.ravel() for gradient in (dw1, db1, dw2, db2)])
    left = getattr(self, "left", np.ones_like(new))  # what the last batch left
    self.left = left + new  # type: ignore[attr-defined]
    return self.left  # type: ignore[attr-defined]
