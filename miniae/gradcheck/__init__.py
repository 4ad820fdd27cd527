"""Is this gradient right? Central differences hold a gradient to what the cost itself says."""

from miniae.gradcheck.against import check_against
from miniae.gradcheck.assertion import assert_gradients
from miniae.gradcheck.checker import check_function
from miniae.gradcheck.complex_step import complex_step_gradient
from miniae.gradcheck.numeric import norm_ratio, numerical_gradient
from miniae.gradcheck.pair import check_pair
from miniae.gradcheck.report import Block, Report
from miniae.gradcheck.subjects import check

__all__ = [
    "Block",
    "Report",
    "assert_gradients",
    "check",
    "check_against",
    "check_function",
    "check_pair",
    "complex_step_gradient",
    "norm_ratio",
    "numerical_gradient",
]
