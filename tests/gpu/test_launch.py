"""How a launch arrives where kernels are started."""

import numpy as np

from miniae_kernels.cuda import launch, step


def test_grids_of_numpys_numbers_arrive_as_pythons(gpu, monkeypatch):
    """cuda-core takes no others."""
    grids = []
    monkeypatch.setattr(launch, "run", lambda kernel, blocks, threads, arguments: grids.append((blocks, threads)))
    one, count = gpu.zeros(1, gpu.int64), gpu.zeros(1, gpu.uint32)
    step.advance[np.int64(2), (np.int32(4), 1)](one, one, count, 3)
    step.advance[(np.prod((2, 3)), 1), 5](one, one, count, 3)
    assert grids == [(2, (4, 1)), ((6, 1), 5)]
    assert {type(n) for grid in grids for size in grid for n in np.atleast_1d(np.array(size, object))} == {int}


def test_no_blocks_are_no_launch(gpu, monkeypatch):
    launched = []
    monkeypatch.setattr(launch, "run", lambda *arguments: launched.append(arguments))
    empty = gpu.zeros(0, gpu.int64)
    step.commit[0, 256](empty, empty, empty)
    assert not launched
