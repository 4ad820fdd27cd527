"""``assert_gradients``: a gradient check as an assertion, for a test suite."""

from typing import Any

from miniae.gradcheck.checker import check_function
from miniae.gradcheck.pair import check_pair
from miniae.gradcheck.report import Report
from miniae.gradcheck.subjects import check, has_parameters


def assert_gradients(subject: Any, *arguments: Any, **options: Any) -> Report:
    """Check a gradient and raise an ``AssertionError`` that carries the report unless it passes.

    What is checked depends on what is given:

    - ``assert_gradients(forward, backward, args)``: two functions, as :func:`check_pair`;
    - ``assert_gradients(f, theta)``: a function of one array, as :func:`check_function`;
    - ``assert_gradients(subject, *data)``: a model, network or layer, or a loss or penalty with its other arguments, as
      :func:`check`.

    Args:
        subject: what is checked, or the first part of it.
        arguments: the rest.
        options: of the checker that is called.

    Returns:
        The report, which has passed.

    Raises:
        AssertionError: if the verdict is fail or inconclusive; the message is the report.
        TypeError: if it is none of these.

    >>> import numpy as np
    >>> assert_gradients(lambda t: ((t**2).sum(), 2 * t), np.ones(3)).verdict
    'pass'
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    first = arguments[0] if arguments else None
    if callable(subject) and callable(first) and len(arguments) == 2:
        report = check_pair(subject, *arguments, **options)
    elif has_parameters(subject) or (callable(subject) and hasattr(first, "dtype") and len(arguments) > 1):
        report = check(subject, *arguments, **options)
    elif callable(subject) and len(arguments) == 1 and not callable(first):
        report = check_function(subject, *arguments, **options)
    else:
        kinds = ", ".join(type(thing).__name__ for thing in (subject, *arguments))
        known = "(f, theta), (forward, backward, args), (model, *data) or (loss, y, target)"
        raise TypeError(f"assert_gradients: expected {known}, got {kinds}")
    if not report.passed:
        raise AssertionError(f"gradient check: {report.verdict}\n{report}")
    return report
