"""Kernels for NVIDIA GPUs, in Numba CUDA over CuPy arrays: each file overrides one op under its name and signature.

Where ops differ by a formula alone (the losses, the activations, the optimisers), one file has them all. What several
need stands beside them (``launch``, ``gemm``, ``columns``, ...); ``table`` says which file overrides what, and
``captured`` makes one recording of a whole training step. Every file is read in the same order: what it overrides; the
idea, with the bytes moved and the operations done; a naive kernel that reads like the formula; the faster one; the
launcher; and where ``python -m miniae_kernels.cuda.NAME`` is given a GPU, a comparison of both with the reference and
with the device's limits. A good order for a first reading: ``launch``, ``activations``, ``columns``,
``bias_activation``, ``step``, ``captured``.

Where the table has no kernel the reference runs on CuPy arrays.
"""
