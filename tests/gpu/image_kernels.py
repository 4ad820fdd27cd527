"""How the kernels on images are tested: the windows they are tried on, and their launch thread by thread."""

import numpy as np

from miniae.ops.windows import windows

THREADS = 32
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}  # a few roundings of sums of at most 24 numbers of size 1

WINDOWS = {  # size of the image, of a window, stride, padding
    "one pixel": ((1, 1), 1, 1, "valid"),
    "side by side": ((4, 5), 2, 2, "valid"),
    "overlapping": ((5, 4), 3, 2, 1),
    "same": ((4, 3), (2, 3), (1, 2), "same"),
    "gaps": ((5, 7), (2, 1), (3, 2), "valid"),
    "wide padding": ((2, 3), 4, (1, 3), 3),
}


def windows_of(name):
    """One of the above, laid over an image; and the same as options of a pooling."""
    size, kernel, stride, padding = WINDOWS[name]
    return windows("test", size, kernel, stride, padding), {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
    }


def naively(launch, kernel, images, arrays, numbers):
    """A thread for each element of ``images``, in every order."""
    numbers = [np.int32(n) for n in numbers]
    launch(kernel, -(-images.size // THREADS), THREADS, (*arrays, *numbers))


def walking(launch, kernel, images, arrays, numbers, step):
    """Threads that go from image to image in steps of ``step``, in every order."""
    numbers = [np.int32(n) for n in numbers]
    rows = [array.reshape(len(images), -1) for array in arrays]
    blocks = -(-step * images[0].size // THREADS)
    launch(kernel, blocks, THREADS, (*rows, *numbers, np.int64(step)))


def close(got, expected, dtype):
    """To rounding; NaN where NaN is expected."""
    np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
