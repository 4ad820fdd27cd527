"""What a captured training step consists of: the launches that the graph of each row of the benchmark records.

Each takes a GPU's time, however little it does, and those of a small network do little. So their number is held here,
and one more has to be argued for. A product is one launch here; cuBLAS may make two of a large one.

Only what is recorded counts, not what comes out: no kernel is run, and the rows have the sizes they are timed with.
"""

import numpy as np
import pytest
import standin
from standin import array, streams

from miniae.bench.workloads import WORKLOADS
from miniae_kernels.cuda import captured, gemm, launch

SPARSE_AUTOENCODER = [
    "step.choose[uint32]",  # the batch
    "cuBLAS",  # forward: encoder
    "bias_activation.forward[sigmoid]",
    "columns.walk",  # sparsity: the units' means, the divergence and its gradient
    "columns.finish",
    "kl_sparsity.over_units",
    "cuBLAS",  # decoder
    "bias_activation.forward[sigmoid]",
    "losses.one_pass[square]",  # loss and its gradient
    "columns.finish",
    "CuPy",  # loss and sparsity are added
    "CuPy",  # backward: the gradient is 0 to begin with
    "bias_activation.backward_with_bias[sigmoid]",  # decoder: dz, db, dx, dw
    "columns.finish",
    "cuBLAS",
    "cuBLAS",
    "CuPy",  # the gradient of the sparsity is added
    "bias_activation.backward_with_bias[sigmoid]",  # encoder: dz, db, dw
    "columns.finish",
    "cuBLAS",
    "step.decay",  # weight decay, and whether all is finite
    "step.record",
    "optimizers.adam",
    "step.advance",
]
NUMBERS = {**dict.fromkeys(("D1", "D2", "D3", "D4", "D5"), len(SPARSE_AUTOENCODER)), "C1": 56, "C2": 69}


@pytest.fixture
def nodes(monkeypatch):
    """The names of the nodes of the graph that a step of a model records."""
    cupy, found = standin.install(monkeypatch), []
    submit = streams.submit

    def node(name):
        if cupy.cuda.get_current_stream().is_capturing():
            found.append(name)

    def submit_of_cupy(*work, **options):
        node("CuPy")
        submit(*work, **options)

    monkeypatch.setattr(launch, "run", lambda kernel, *_: node(kernel.label))
    monkeypatch.setattr(gemm, "_cublas", lambda *_: node("cuBLAS"))
    monkeypatch.setattr(gemm, "why_not_captured", lambda: None)
    monkeypatch.setattr(array, "submit", submit_of_cupy)

    def record(model, x, optimizer, clip_norm=None):
        x = cupy.asarray(x)
        steps = captured.CapturedSteps(model, x, x, optimizer, clip_norm, seed=0)
        steps.begin(np.arange(len(x)), len(x))
        steps.step()
        assert len(steps.graphs) == 1
        return found

    captured.stream_of.cache_clear()  # for as long as the program runs: of CuPy itself, or of the stand-in
    yield record
    captured.stream_of.cache_clear()


def of_row(nodes, row, **options):
    workload = WORKLOADS[row]
    return nodes(workload.make("cuda", "float32"), workload.data(), workload.optimizer, **options)


@pytest.mark.parametrize("row", NUMBERS)
def test_the_number_of_launches_of_a_step(nodes, row):
    assert len(of_row(nodes, row)) == NUMBERS[row]


def test_the_launches_of_a_step_by_name(nodes):
    assert of_row(nodes, "D2") == SPARSE_AUTOENCODER


def test_clipping_is_one_launch_more(nodes):
    assert of_row(nodes, "D2", clip_norm=1.0) == [*SPARSE_AUTOENCODER[:-2], "clipping.shrink", *SPARSE_AUTOENCODER[-2:]]
