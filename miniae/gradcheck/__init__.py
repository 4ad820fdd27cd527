"""Is this gradient right? Central differences hold a gradient to what the cost itself says."""

from miniae.gradcheck.checker import check, check_function, check_pair
from miniae.gradcheck.numeric import norm_ratio, numerical_gradient
from miniae.gradcheck.report import Block, Report

__all__ = ["Block", "Report", "check", "check_function", "check_pair", "norm_ratio", "numerical_gradient"]
