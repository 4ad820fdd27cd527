"""The vocabulary: every known mistake. It is open: :func:`register` adds one of your own.

A hypothesis is a function from the evidence to explanations, each a gradient that *would* have come out. It need not
judge whether it did: that is done for all alike. Of two that predict the same gradient the one further up is named.
"""

from collections.abc import Callable, Iterable

from miniae.gradcheck.diagnosis import (
    activation,
    affine,
    batch_norm,
    calls,
    convolution,
    decay,
    degenerate,
    dropout,
    layout,
    loss,
    pooling,
    scale,
    sparsity,
    upsampling,
)
from miniae.gradcheck.diagnosis.clues import Clues
from miniae.gradcheck.diagnosis.explanation import Explanation

Hypothesis = Callable[[Clues], Iterable[Explanation]]

HYPOTHESES: list[Hypothesis] = [
    calls.changes_its_argument,
    calls.accumulated,
    calls.stale_cache,
    calls.not_repeatable,
    degenerate.not_finite,
    degenerate.unused,
    degenerate.integer_division,
    degenerate.bias_missing,
    degenerate.zero_gradient,
    degenerate.float32,
    calls.shared_buffer,
    upsampling.upsampling,
    pooling.unpooling,
    pooling.pooling,
    dropout.dropout,
    batch_norm.batch_norm,
    convolution.biases,
    scale.bias_averaged,
    sparsity.kl_mistakes,
    sparsity.kl_missing_from_cost,
    sparsity.l1_mistakes,
    scale.wrong_sign,
    scale.known_constant,
    decay.rebuilt_decay,
    decay.proportional_decay,
    decay.decay_on_biases,
    decay.not_differentiated,
    scale.data_term,
    scale.data_term_beside_decay,
    activation.derivative_mistakes,
    activation.without_cotangent,
    loss.loss_mistakes,
    loss.softmax_mistakes,
    loss.labels_alone,
    affine.dense_mistakes,
    affine.one_example,
    convolution.kernel_turned,
    convolution.assigned,
    convolution.border,
    convolution.windows_misplaced,
    convolution.without_cotangent,
    convolution.forward_with_other_kernel,
    layout.transposed,
    layout.kernel_not_flipped,
    layout.axes_swapped,
    layout.reading_order,
    layout.blocks_swapped,
    layout.reversed_order,
    layout.shifted,
    scale.some_constant,
    degenerate.wrong_shape,
]


def register(hypothesis: Hypothesis) -> Hypothesis:
    """Add a hypothesis to the vocabulary; usable as a decorator.

    It goes to the front: what a teacher expects of a class comes before what happens in general.

    >>> import numpy as np
    >>> from miniae.gradcheck import check_function
    >>> from miniae.gradcheck.diagnosis import diagnose
    >>> @register
    ... def cube_for_square(evidence):
    ...     for c in evidence.wrong:
    ...         text = f"d{c.name} is 3 {c.name}^2: that is the derivative of the cube"
    ...         yield Explanation("cube-for-square", text, {c.name: 3 * c.value**2})
    >>> report = check_function(lambda t: (float(t @ t), 3 * t**2), np.array([1.0, 2.0, -0.5]))
    >>> print(diagnose(report.evidence, ["theta"]))
    Likely cause: dtheta is 3 theta^2: that is the derivative of the cube. This explains 100.0 % of the error in theta.
    (Judged from theta, its layout and the two gradients.)
    >>> HYPOTHESES.remove(cube_for_square)
    """
    HYPOTHESES.insert(0, hypothesis)
    return hypothesis
