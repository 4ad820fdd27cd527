"""The kernels of a step, thread by thread: the batch, weight decay and what is recorded, against NumPy."""

import numpy as np
import pytest

from miniae_kernels.cuda import step, totals

DTYPES = ("float32", "float64")
STRENGTH = 0.25
THETA = np.array([1.5, -2.0, 0.0, 3.0, -0.5, 4.0, 1.0])
GRADIENT = np.array([0.5, 1.0, -2.0, 0.25, 2.0, 0.0, -1.0])
DECAYS = np.array([True, True, False, True, True, False, True])
TRAINED = np.array([True, False, True, True, True, True, True])
DECAYED = np.array([0.875, 1.0, -2.0, 1.0, 1.875, 0.0, -0.75])  # what is both moves by a quarter of theta
SQUARES = 1.5**2 + 2**2 + 3**2 + 0.5**2 + 1  # of all that decays: a weight that is frozen costs as much as others


@pytest.fixture
def small(monkeypatch):
    """Blocks of 4 threads."""
    for module in (step, totals):
        monkeypatch.setattr(module, "THREADS", 4)


def found_by(blocks, dtype="float64"):
    """Memory for what blocks leave: the weights' squares, the gradient's, how many elements are not finite."""
    return np.full(blocks, np.nan, dtype), np.full(blocks, np.nan, dtype), np.full(blocks, -1, np.int32)


def recorded(launch, found, cost=1.0, half_strength=0.0, turn=0, at=0, halt=(0, 0, 0)):
    """What ``record`` makes of it: the norm, the costs of an epoch of three steps, and the halt."""
    dtype = found[0].dtype
    norm, costs, halt = np.full(1, np.nan, dtype), np.full(3, -1, dtype), np.array(halt, np.int32)
    numbers = np.full(1, cost, dtype), dtype.type(half_strength), np.int64(turn)
    launch(step.record, 1, 4, (*found, *numbers, norm, costs, np.full(1, at), halt))
    return norm[0], costs.tolist(), halt.tolist()


@pytest.mark.parametrize("size", step.CHOOSE)
@pytest.mark.parametrize(
    ("first", "blocks", "threads"), [(0, 2, 1), (1, 2, 2), (3, 2, 8), (2, (2, 2), 1), (0, (2, 3), 2)]
)
def test_the_next_rows_in_the_order(launch, size, first, blocks, threads):
    order, data = np.array([4, 0, 3, 1, 2]), np.arange(15, dtype=f"uint{8 * size}").reshape(5, 3)
    batch = np.full((2, 3), 99, data.dtype)
    launch(step.CHOOSE[size], blocks, threads, (order, np.full(1, first), data, batch))
    np.testing.assert_array_equal(batch, data[order[first : first + 2]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int16", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 2, 1)])
def test_a_batch_of_any_dtype_and_shape(gpu, dtype, shape):
    data = np.random.default_rng(0).uniform(-9, 9, shape).astype(dtype)
    if dtype == "float32":
        data.view("uint32")[0] = 0x7F812345  # not a number, and not the usual one: every bit arrives
    order, batch = np.array([4, 0, 3, 1, 2]), gpu.empty((3, *shape[1:]), dtype)
    step.gather(gpu.asarray(order), gpu.full(1, 1, "int64"), gpu.asarray(data), batch)
    assert batch.get().tobytes() == data[order[1:4]].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("blocks", [0, 1, 3])  # threads with several elements, and with none; 0 for the naive kernel
def test_weight_decay_reaches_gradient_and_cost(launch, small, blocks, dtype):
    gradient, found = GRADIENT.astype(dtype), found_by(max(blocks, 1), dtype)
    given = THETA.astype(dtype), gradient, DECAYS, TRAINED, gradient.dtype.type(STRENGTH)
    launch(*(step.decay, blocks, 4) if blocks else (step.naive, 1, 1), (*given, *found))
    np.testing.assert_array_equal(gradient, DECAYED)
    assert [each.sum() for each in found] == [SQUARES, (DECAYED**2).sum(), 0]
    norm, costs, halt = recorded(launch, found, cost=2.0, half_strength=STRENGTH / 2, at=1)
    assert norm == pytest.approx(np.linalg.norm(DECAYED), rel=float(np.finfo(dtype).eps))
    assert costs == [-1, 2 + STRENGTH / 2 * SQUARES, -1]
    assert halt == [0, 0, 0]


def test_without_weight_decay_theta_is_not_looked_at(launch, small):
    gradient, found = GRADIENT.copy(), found_by(2)
    nothing = np.full(7, np.nan)
    launch(step.decay, 2, 4, (nothing, gradient, DECAYS, TRAINED, np.float64(0), *found))
    np.testing.assert_array_equal(gradient, GRADIENT)
    assert [each.sum() for each in found] == [0, (GRADIENT**2).sum(), 0]


@pytest.mark.parametrize("places", [[0], [29], [3, 4, 11, 12, 28]])
@pytest.mark.parametrize("blocks", [0, 1, 5])
def test_what_is_not_finite_is_counted_and_a_halt_is_called(launch, small, places, blocks):
    gradient = np.random.default_rng(0).standard_normal(30)
    gradient[places] = np.resize([np.nan, np.inf, -np.inf], len(places))
    found, nowhere = found_by(max(blocks, 1)), np.zeros(30, bool)
    given = np.zeros(30), gradient, nowhere, nowhere, np.float64(0)
    launch(*(step.decay, blocks, 4) if blocks else (step.naive, 1, 1), (*given, *found))
    assert found[2].sum() == len(places)
    norm, costs, halt = recorded(launch, found, turn=1, at=2)
    assert not np.isfinite(norm)
    assert costs == [-1, -1, 1]
    assert halt == [1, 1, 2]


@pytest.mark.parametrize("cost", [np.nan, np.inf, -np.inf])
def test_a_cost_that_is_not_finite_calls_a_halt(launch, small, cost):
    fine = np.zeros(2), np.ones(2), np.zeros(2, np.int32)
    assert recorded(launch, fine, cost=cost, turn=1, at=1)[2] == [1, 1, 1]


def test_weight_decay_alone_may_call_it(launch, small):
    found = np.array([np.inf]), np.ones(1), np.zeros(1, np.int32)
    assert recorded(launch, found, half_strength=0.1, at=1)[2] == [1, 0, 1]


def test_the_first_halt_is_kept(launch, small):
    found = np.zeros(1), np.ones(1), np.ones(1, np.int32)
    assert recorded(launch, found, cost=np.nan, turn=1, at=2, halt=(1, 0, 1))[2] == [1, 0, 1]


def test_large_finite_elements_make_the_norm_infinite_and_are_no_fault(launch, small):
    gradient, found, nowhere = np.array([1e30, 2.0], np.float32), found_by(1, "float32"), np.zeros(2, bool)
    launch(step.decay, 1, 4, (np.zeros(2, "float32"), gradient, nowhere, nowhere, np.float32(0), *found))
    norm, _, halt = recorded(launch, found)
    assert norm == np.inf
    assert halt == [0, 0, 0]


def test_no_parameters_have_the_norm_0(launch, small):
    found, none = found_by(1), np.empty(0, bool)
    launch(step.decay, 1, 4, (np.empty(0), np.empty(0), none, none, np.float64(0.5), *found))
    assert recorded(launch, found)[0] == 0


@pytest.mark.parametrize("halted", [0, 1])
def test_new_buffers_are_committed_unless_there_is_a_halt(launch, halted):
    new, buffers = np.arange(5.0), np.full(5, -1.0)
    launch(step.commit, 2, 3, (new, buffers, np.array([halted, 0, 0], np.int32)))
    np.testing.assert_array_equal(buffers, np.full(5, -1.0) if halted else new)
