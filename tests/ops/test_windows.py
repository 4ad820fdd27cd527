"""Where windows stand: sizes and padding by hand, by counting, and against PyTorch."""

import numpy as np
import pytest
from geometries import geometries, image, random
from hypothesis import assume, given
from hypothesis import strategies as st

from miniae.loops import pixels_of
from miniae.ops.windows import pooling_windows, transposed_windows, windows


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "before", "after", "out"),
    [
        (28, 3, 1, "valid", 0, 0, 26),  # 28 - 3 + 1
        (28, 3, 2, "valid", 0, 0, 13),  # starts at 0, 2, ..., 24: one at 26 would end at 28
        (28, 5, 1, 2, 2, 2, 28),  # 28 + 4 - 5 + 1
        (5, 3, 1, "same", 1, 1, 5),
        (5, 2, 1, "same", 0, 1, 5),  # one pixel is wanted: it goes to the end
        (5, 4, 1, "same", 1, 2, 5),  # three are
        (4, 3, 2, "same", 0, 1, 2),  # starts at 0 and 2: the last window ends at 4
        (5, 3, 2, "same", 1, 1, 3),  # starts at -1, 1, 3: the last window ends at 5
        (7, 1, 3, "same", 0, 0, 3),  # starts at 0, 3, 6: nothing is missing
        (1, 4, 1, "same", 1, 2, 1),
    ],
)
def test_by_hand(size, kernel, stride, padding, before, after, out):
    along_the_height = (padding, 0) if isinstance(padding, int) else padding
    at = windows("conv2d", (size, 9), (kernel, 1), (stride, 1), along_the_height)
    assert (at.before[0], at.after[0], at.out[0]) == (before, after, out)
    assert (at.before[1], at.after[1], at.out[1]) == (0, 0, 9)  # the axes do not mix


@given(st.integers(1, 50), st.integers(1, 9), st.integers(1, 9))
def test_same_is_the_size_over_the_stride_with_the_least_padding(n, k, s):
    at = windows("conv2d", (n, n), k, s, "same")
    before, after = at.before[0], at.after[0]
    assert at.out[0] == int(np.ceil(n / s))
    assert after - before in (0, 1)
    if before + after:  # with one pixel less there would be a window less
        assert n + before + after == (at.out[0] - 1) * s + k


@given(geometries().filter(lambda geometry: geometry.padding != "same"))
def test_as_many_as_in_pytorch(geometry):
    torch = pytest.importorskip("torch", reason="PyTorch is the independent source of sizes")
    padding = 0 if geometry.padding == "valid" else geometry.padding
    zeros, kernel = torch.zeros(1, 1, *geometry.size), torch.zeros(1, 1, *geometry.kernel)
    y = torch.nn.functional.conv2d(zeros, kernel, None, geometry.stride, padding)
    assert geometry.windows.out == tuple(y.shape[2:])


@given(geometries())
def test_padding_view_pixels_and_counts_tell_the_same_story_as_the_loops(geometry):
    at, x = geometry.windows, random(2, *geometry.size, 3)
    expected, inside = np.full((2, *at.out, *at.kernel, 3), -7.0), np.zeros(at.out)
    for i, j, k, l, r, q in pixels_of(at):
        expected[:, i, j, k, l] = x[:, r, q]
        inside[i, j] += 1
    padded = at.pad(x, -7.0)
    assert padded.shape == (2, *at.padded, 3)
    np.testing.assert_array_equal(at.view(padded), expected)
    for k, l in at.positions():
        np.testing.assert_array_equal(padded[at.pixels(k, l)], expected[:, :, :, k, l])
    np.testing.assert_array_equal(at.counts(x)[:, :, 0], inside)


@given(geometries())
def test_adding_up_is_the_transpose_of_looking_through_windows(geometry):
    at = geometry.windows
    parts = random(*at.kernel, 2, *at.out, 3)
    expected = np.zeros((2, *geometry.size, 3))
    for i, j, k, l, r, q in pixels_of(at):
        expected[:, r, q] += parts[k, l, :, i, j]
    collected = np.full_like(expected, np.nan)
    at.add_up((parts[k, l] for k, l in at.positions()), collected)
    np.testing.assert_allclose(collected, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("number", [3, 5])
def test_a_window_of_four_pixels_has_four_parts(number):
    with pytest.raises(ValueError, match=r"^zip\(\) argument 2 is"):
        windows("conv2d", (2, 2), 2, 1, "valid").add_up([np.ones((1, 1, 1, 1))] * number, image([[0, 0], [0, 0]]))


def test_with_padding_as_without_the_sums_are_rounded_to_the_dtype_of_the_image():
    # three windows over _ 1 2 3 _; in float32 2^24 + 1 is 2^24, so that of 2^24 + 1 + 1 nothing of the ones is left
    parts = [np.full((1, 1, 3, 1), value, np.float32) for value in (2**24, 1, 1)]
    sums = image([[0, 0, 0]]).astype(np.float32)
    windows("conv2d", (1, 3), (1, 3), 1, "same").add_up(parts, sums)
    np.testing.assert_array_equal(sums, image([[2**24, 2**24, 2]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_do_not_promote_what_they_divide(dtype):
    counts = windows("mean_pool2d", (2, 3), 2, 1, 1).counts(np.empty(0, dtype))
    np.testing.assert_array_equal(counts[:, :, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])
    assert counts.dtype == dtype


def test_without_padding_the_image_is_not_copied():
    x = image([[1, 2], [3, 4]])
    assert windows("conv2d", (2, 2), 2, 1, "valid").pad(x) is x


@pytest.mark.parametrize(
    ("places", "kernel", "stride", "padding", "output_padding", "size"),
    [
        (13, 3, 2, "valid", None, 27),  # 12 * 2 + 3
        (13, 3, 2, "valid", 1, 28),
        (14, 3, 2, "same", None, 28),  # 14 * 2
        (14, 3, 2, "same", 0, 27),  # the least that has 14 windows: 13 * 2 + 1
        (14, 4, 2, 1, None, 28),  # 13 * 2 + 4 - 2
        (1, 1, 3, "same", None, 3),
    ],
)
def test_transposed_by_hand(places, kernel, stride, padding, output_padding, size):
    at = transposed_windows("conv_transpose2d", (places, places), kernel, stride, padding, output_padding)
    assert at.size == (size, size)
    assert at.out == (places, places)


@given(geometries(), st.data())
def test_the_windows_over_the_transposed_image_are_as_many_as_its_places(geometry, data):
    assume(min(geometry.smallest) > 0)
    places = geometry.windows.out
    more = data.draw(st.none() | st.tuples(*(st.integers(0, s - 1) for s in geometry.stride)))
    at = transposed_windows("test", places, geometry.kernel, geometry.stride, geometry.padding, more)
    assert at.out == places


@pytest.mark.parametrize("name", ["kernel", "stride"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", None, (1, 2, 3), (1, 0), [2, 2]])
def test_what_is_no_number_of_pixels_is_refused(name, wrong):
    numbers = {"kernel": 1, "stride": 1, name: wrong}
    word = "kernel_size" if name == "kernel" else "stride"
    with pytest.raises(ValueError, match=f"^conv2d: {word} must be a whole number of at least 1, or two of them, got"):
        windows("conv2d", (4, 4), numbers["kernel"], numbers["stride"], "valid")
    with pytest.raises(ValueError, match=f"^conv_transpose2d: {word} must be a whole number of at least 1, or two of"):
        transposed_windows("conv_transpose2d", (4, 4), numbers["kernel"], numbers["stride"], "valid", None)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("padding", "message"),
    [
        ("full", "padding must be 'valid', 'same', or whole numbers, got 'full'"),
        (-1, "padding must be a whole number of at least 0, or two of them, got -1"),
        (0.5, "padding must be a whole number of at least 0, or two of them, got 0.5"),
    ],
)
def test_an_unknown_padding_is_refused(padding, message):
    with pytest.raises(ValueError, match=f"^conv2d: {message}"):
        windows("conv2d", (4, 4), 3, 1, padding)
    with pytest.raises(ValueError, match=f"^conv_transpose2d: {message}"):
        transposed_windows("conv_transpose2d", (4, 4), 3, 1, padding, None)


def test_a_window_larger_than_the_image_is_refused_with_the_arithmetic():
    with pytest.raises(ValueError, match=r"conv2d: no window of 5 fits into an image's height of 3: ") as error:
        windows("conv2d", (3, 9), 5, 2, (0, 1))
    assert str(error.value).endswith("output height = floor((3 + 0 + 0 - 5) / 2) + 1 = 0")
    with pytest.raises(ValueError, match=r"output width = floor\(\(1 \+ 1 \+ 1 - 4\) / 1\) \+ 1 = 0"):
        windows("conv2d", (9, 1), 4, 1, 1)
    with pytest.raises(ValueError, match=r"no window of 3 fits into an image's width of 0"):
        windows("conv2d", (9, 0), 3, 1, "same")


@pytest.mark.parametrize(("padding", "more"), [("valid", 2), ("same", (0, 3)), (1, (2, 0))])
def test_an_output_padding_of_a_stride_or_more_is_refused(padding, more):
    with pytest.raises(ValueError, match=r"output_padding must be less than the stride \(2, 3\), got"):
        transposed_windows("conv_transpose2d", (4, 4), 3, (2, 3), padding, more)


def test_padding_that_eats_the_image_is_refused_with_the_arithmetic():
    with pytest.raises(
        ValueError, match=r"nothing is left of the image: output height = \(2 - 1\) 1 \+ 3 - 4 \+ 0 = 0"
    ):
        transposed_windows("conv_transpose2d", (2, 9), 3, 1, 2, None)
    with pytest.raises(ValueError, match=r": output width = \(1 - 1\) 2 \+ 3 - 4 \+ 1 = 0$"):
        transposed_windows("conv_transpose2d", (9, 1), 3, 2, 2, (0, 1))


@pytest.mark.parametrize("padding", [2, (0, 3)])
def test_a_pooling_window_of_padding_alone_is_refused(padding):
    with pytest.raises(ValueError, match=r"max_pool2d: padding must be less than kernel_size \(2, 3\), got"):
        pooling_windows("max_pool2d", (6, 6), (2, 3), None, padding)
