"""Every broken kernel on the shelf is caught, for the right reason; its mended twin is right, and Numba compiles it."""

from functools import partial

import numpy as np
import pytest
import test_compile
from broken import BROKEN
from numba import cuda

from miniae_kernels import threads
from miniae_kernels.threads import ORDERS, GuardBandDamaged, KernelError, OrderDependent

EACH = pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.kernel.__name__)


def test_the_shelf_is_wide_enough():
    assert len(BROKEN) >= 30
    assert len({case.kernel.__name__ for case in BROKEN}) == len(BROKEN)
    kinds = {kind for kind in KernelError.__subclasses__() if kind is not GuardBandDamaged}
    assert {case.caught for case in BROKEN} == kinds  # the guard bands are beyond any kernel's reach


@EACH
def test_each_says_in_one_line_what_is_wrong(case):
    assert case.kernel.__doc__.endswith(".")
    assert "\n" not in case.kernel.__doc__


@EACH
def test_it_is_caught_for_the_right_reason_in_every_order(case):
    if case.caught is OrderDependent:
        launches = [threads.run_all_orders]
    else:
        launches = [partial(threads.run, order=order) for order in ORDERS]
    for launch in launches:
        args = case.arguments()
        with pytest.raises(KernelError, match=case.naming) as info:
            launch(case.kernel, case.blocks, case.threads, args)
        assert type(info.value) is case.caught
        message = str(info.value)
        assert message.startswith(f"{case.kernel.__name__}")
        assert not case.marked or any(line in message for line in case.marked), message
        for arg, before in zip(args, case.arguments(), strict=True):
            np.testing.assert_array_equal(arg, before)  # a launch that was refused has changed nothing


@EACH
def test_its_mended_twin_is_right_in_every_order(case):
    args = case.arguments()
    expected = case.expected(*case.arguments())
    blocks, in_a_block = case.mended_launch or (case.blocks, case.threads)
    threads.run_all_orders(case.mended, blocks, in_a_block, args)
    np.testing.assert_allclose(args[1], expected, rtol=0, atol=case.atol)
    np.testing.assert_array_equal(args[0], case.arguments()[0])


@test_compile.pytestmark
@EACH
def test_its_mended_twin_is_a_kernel_that_numba_compiles(case):
    ptx, returned = cuda.compile_ptx(case.mended, case.types, cc=(9, 0))
    assert ".visible .entry" in ptx
    assert str(returned) == "none"
