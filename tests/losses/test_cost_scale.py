"""What the cost is divided by. No gradient check can see it: value and gradient may be wrong by the same factor.

And the hook for means: two workers with unequal parts of a batch must come to what one comes to on the whole.
"""

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cost_cases import CASES, FUNCTIONS

RTOL = 1e-13  # some additions in another order


@pytest.mark.parametrize("name", CASES)
def test_twice_the_examples(name):
    case = CASES[name]
    arguments = case.make()
    cost, gradient = FUNCTIONS[name](*arguments.values(), **case.options)
    doubled, gradient2 = FUNCTIONS[name](
        *(np.concatenate([value, value]) for value in arguments.values()), **case.options
    )
    factor = 2 if case.over_examples == "sum" else 1
    np.testing.assert_allclose(doubled, factor * cost, rtol=RTOL)
    # each example counts for half as much in a mean, for as much as before in a sum
    np.testing.assert_allclose(gradient2[: len(gradient)], factor / 2 * gradient, rtol=RTOL)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.over_features != "one label"])
def test_twice_the_features(name):
    case = CASES[name]
    arguments = case.make()
    cost, gradient = FUNCTIONS[name](*arguments.values(), **case.options)
    doubled, gradient2 = FUNCTIONS[name](
        *(np.concatenate([value, value], axis=1) for value in arguments.values()), **case.options
    )
    factor = 2 if case.over_features == "sum" else 1
    np.testing.assert_allclose(doubled, factor * cost, rtol=RTOL)
    np.testing.assert_allclose(gradient2[..., : gradient.shape[-1]], factor / 2 * gradient, rtol=RTOL)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.over_features == "mean"])
def test_pixels_are_counted_whatever_the_shape_of_an_image(name):
    arguments = CASES[name].make(shape=(4, 6))
    cost, gradient = FUNCTIONS[name](*arguments.values())
    images = [value.reshape(4, 3, 2, 1) for value in arguments.values()]
    cost2, gradient2 = FUNCTIONS[name](*images)
    np.testing.assert_allclose(cost2, cost, rtol=RTOL)
    np.testing.assert_allclose(gradient2, gradient.reshape(4, 3, 2, 1), rtol=RTOL)


class SumOverWorkers:
    """A reduce hook for threads: everybody leaves a part, waits for the others, and takes the sum."""

    def __init__(self, workers):
        self.parts = [None] * workers
        self.barrier = threading.Barrier(workers, timeout=20)

    def of(self, worker):
        def reduce(total, count):
            self.parts[worker] = total, count
            self.barrier.wait()
            totals, counts = zip(*self.parts, strict=True)
            self.barrier.wait()  # nobody overwrites a part before all have read it
            return sum(totals), sum(counts)

        return reduce


reduced = [name for name in CASES if "reduce" in inspect.signature(FUNCTIONS[name]).parameters]


def test_all_that_average_over_examples_take_the_hook():
    assert set(reduced) == {name for name, case in CASES.items() if case.over_examples == "mean"}


@pytest.mark.parametrize("name", reduced)
def test_two_workers_come_to_what_one_comes_to(name):
    case = CASES[name]
    arguments = case.make(shape=(8, 3))
    cost, gradient = FUNCTIONS[name](*arguments.values(), **case.options)
    gradient = np.broadcast_to(gradient, (8, 3))
    parts, workers = [slice(0, 3), slice(3, 8)], SumOverWorkers(2)  # unequal: a mean of means would differ

    def work(rank):
        mine = [value[parts[rank]] for value in arguments.values()]
        return FUNCTIONS[name](*mine, **case.options, reduce=workers.of(rank))

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(work, range(2)))
    for (cost2, gradient2), part in zip(results, parts, strict=True):
        np.testing.assert_allclose(cost2, cost, rtol=1e-12)
        np.testing.assert_allclose(np.broadcast_to(gradient2, gradient[part].shape), gradient[part], rtol=1e-12)
    # The gradient of weights is the sum over workers of what their examples add to it: x^T dy, as in dense.
    x = np.random.default_rng(1).standard_normal((8, 5))
    dw = sum(x[part].T @ np.broadcast_to(g, gradient[part].shape) for (_, g), part in zip(results, parts, strict=True))
    np.testing.assert_allclose(dw, x.T @ gradient, rtol=1e-12, atol=1e-12 * np.abs(x.T @ gradient).max())
