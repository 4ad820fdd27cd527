"""``assert_gradients``: a gradient check as an assertion, for a test suite."""

from typing import Any

from miniae.gradcheck.checker import check, check_function, check_pair
from miniae.gradcheck.report import Report


def assert_gradients(subject: Any, *arguments: Any, **options: Any) -> Report:
    """Check a gradient and raise an ``AssertionError`` that carries the report unless it passes.

    What is checked depends on what is given:

    - ``assert_gradients(model, *data)``: anything with ``layout`` and ``cost_and_grad``, as :func:`check`;
    - ``assert_gradients(forward, backward, args)``: two functions, as :func:`check_pair`;
    - ``assert_gradients(f, theta)``: a function, as :func:`check_function`.

    Args:
        subject: what is checked, or the first part of it.
        arguments: the rest.
        options: of the checker that is called.

    Returns:
        The report, which has passed.

    Raises:
        AssertionError: if the verdict is fail or inconclusive; the message is the report.
        TypeError: if it is none of the three.

    >>> import numpy as np
    >>> assert_gradients(lambda t: ((t**2).sum(), 2 * t), np.ones(3)).verdict
    'pass'
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    if hasattr(subject, "cost_and_grad") and hasattr(subject, "layout"):
        report = check(subject, *arguments, **options)
    elif callable(subject) and len(arguments) == 2 and callable(arguments[0]):
        report = check_pair(subject, *arguments, **options)
    elif callable(subject) and len(arguments) == 1 and not callable(arguments[0]):
        report = check_function(subject, *arguments, **options)
    else:
        kinds = ", ".join(type(thing).__name__ for thing in (subject, *arguments))
        known = "(f, theta), (forward, backward, args) or (model, *data)"
        raise TypeError(f"assert_gradients: expected {known}, got {kinds}")
    if not report.passed:
        raise AssertionError(f"gradient check: {report.verdict}\n{report}")
    return report
