"""Patches: true cuttings, from everywhere, by the seed; normalised as computed by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniae.data import normalize_patches, photo_patches, photographs, sample_patches, whiten_image


def picture(height, width, first=0.0):
    """A picture no two of whose pixels are alike."""
    return first + np.arange(float(height * width)).reshape(height, width)


def windows(image, size):
    """Every square of an image, as a tuple of its pixels, found the slow way."""
    places = [(r, c) for r in range(image.shape[0] - size + 1) for c in range(image.shape[1] - size + 1)]
    return {tuple(image[r : r + size, c : c + size].ravel()): (r, c) for r, c in places}


@given(
    shapes=st.lists(st.tuples(st.integers(3, 7), st.integers(3, 7)), min_size=1, max_size=4),
    size=st.integers(1, 3),
    seed=st.integers(0, 2**63),
)
def test_every_patch_is_a_square_of_a_picture(shapes, size, seed):
    images = [picture(*shape, first=100.0 * k) for k, shape in enumerate(shapes)]
    known = set().union(*(windows(image, size) for image in images))
    patches = sample_patches(images, 20, size, seed)
    assert patches.shape == (20, size**2)
    assert all(tuple(patch) in known for patch in patches)


def test_every_place_is_as_likely_as_every_other_those_at_the_border_too():
    image = picture(3, 4)
    places = windows(image, 2)
    patches = sample_patches([image], 6000, 2, seed=0)
    counts = dict.fromkeys(places.values(), 0)
    for patch in patches:
        counts[places[tuple(patch)]] += 1
    assert set(counts) == {(r, c) for r in range(2) for c in range(3)}
    # Binomial, 6000 trials at 1/6: mean 1000, standard deviation 28.9; five of them either way.
    assert all(abs(count - 1000) < 145 for count in counts.values())


def test_every_picture_is_as_likely_as_every_other_whatever_its_size():
    images = [np.full((20, 30), 0.0), np.full((3, 3), 1.0), np.full((5, 90), 2.0)]
    patches = sample_patches(images, 3000, 3, seed=1)
    counts = np.bincount(patches[:, 0].astype(int), minlength=3)
    # Binomial, 3000 trials at 1/3: standard deviation 25.8; five of them either way.
    assert abs(counts - 1000).max() < 130
    assert len(set(patches[:50, 0])) == 3  # mixed, not one picture after the other


def test_a_picture_of_the_patches_size_has_one_place():
    image = picture(3, 3)
    np.testing.assert_array_equal(sample_patches([image], 2, 3, seed=0), [image.ravel()] * 2)


def test_the_seed_decides():
    images = [picture(20, 20), picture(30, 10)]
    first = sample_patches(images, 50, 4, seed=3)
    np.testing.assert_array_equal(sample_patches(images, 50, 4, seed=3), first)
    assert (sample_patches(images, 50, 4, seed=4) != first).any()


def test_a_stack_is_a_list_and_neither_is_changed():
    stack = np.random.default_rng(0).normal(size=(9, 8, 3)).astype(np.float32)
    kept = stack.copy()
    patches = sample_patches(stack, 40, 5, seed=0)
    assert patches.dtype == np.float32
    np.testing.assert_array_equal(patches, sample_patches([stack[..., k] for k in range(3)], 40, 5, seed=0))
    patches[:] = 0
    np.testing.assert_array_equal(stack, kept)


def test_normalisation_by_hand():
    # Own means 1, 5, 2: z = (-1, 1), (0, 0), (1, -1). s = 3 sqrt(4 / 6) = 2.449490; 0.4 / s = 0.163299.
    patches = np.array([[0.0, 2.0], [5.0, 5.0], [3.0, 1.0]])
    expected = [[0.336701, 0.663299], [0.5, 0.5], [0.663299, 0.336701]]
    np.testing.assert_allclose(normalize_patches(patches), expected, rtol=0, atol=5e-7)
    assert patches[0, 1] == 2


def test_what_is_beyond_three_standard_deviations_is_clipped():
    # One patch of twenty is (-4, 4) about its mean, one (-1, 1): s = 3 sqrt(34 / 40) = 2.765863, 0.4 / s = 0.144620.
    patches = np.full((20, 2), 7.0)
    patches[3] += [-4, 4]
    patches[8] += [-1, 1]
    normalised = normalize_patches(patches)
    np.testing.assert_allclose(normalised[3], [0.1, 0.9], rtol=0, atol=1e-15)
    np.testing.assert_allclose(normalised[8], [0.355380, 0.644620], rtol=0, atol=5e-7)
    np.testing.assert_array_equal(normalised[0], [0.5, 0.5])


def test_brightness_and_contrast_of_the_whole_do_not_matter():
    rng = np.random.default_rng(0)
    patches = rng.normal(size=(30, 9))
    normalised = normalize_patches(patches)
    brighter = 50 * (patches + rng.uniform(-10, 10, size=(30, 1)))  # every patch by another amount
    np.testing.assert_allclose(normalize_patches(brighter), normalised, rtol=0, atol=1e-13)
    assert normalize_patches(patches.astype(np.float32)).dtype == np.float32


def test_photo_patches_are_the_four_steps_in_order():
    pytest.importorskip("skimage", reason="needs scikit-image, of miniae[course]")
    patches = photo_patches()
    assert patches.shape == (10_000, 64)
    assert patches.dtype == np.float64
    assert patches.min() == pytest.approx(0.1, abs=1e-15)
    assert patches.max() == pytest.approx(0.9, abs=1e-15)
    whitened = [whiten_image(image)[4:-4, 4:-4] for image in photographs()]
    expected = normalize_patches(sample_patches(whitened, 30, 12, seed=5))
    np.testing.assert_array_equal(photo_patches(count=30, size=12, seed=5), expected)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("images", "count", "size", "error", "message"),
    [
        ([], 1, 1, ValueError, "images: expected at least one picture"),
        (np.zeros((4, 4, 0)), 1, 1, ValueError, "images: expected at least one picture"),
        (np.zeros((4, 4)), 1, 1, ValueError, "images: expected a list of pictures or an array (H, W, n), got shape"),
        (
            [np.zeros((4, 4, 3))],
            1,
            1,
            ValueError,
            "images[0]: expected gray values of shape (H, W), got shape (4, 4",
        ),
        ([np.zeros((9, 9)), np.zeros((9, 7))], 1, 8, ValueError, "images[1]: shape (9, 7) is too small for patches of"),
        ([np.zeros((4, 4)), np.array([[0, np.nan]])], 1, 1, ValueError, "images[1]: 1 of 2 values is not finite"),
        ([np.zeros((4, 4), np.uint8)], 1, 1, TypeError, "images[0]: whole numbers of dtype uint8"),
        ([np.zeros((4, 4)), np.zeros((4, 4), np.float32)], 1, 1, TypeError, "images[0] is float64 but images[1] is"),
        ([np.zeros((4, 4))], 0, 1, ValueError, "count and size must be at least 1, got count 0 and size 1"),
        ([np.zeros((4, 4))], 1, 0, ValueError, "count and size must be at least 1, got count 1 and size 0"),
    ],
)
def test_what_cannot_be_sampled_is_refused(images, count, size, error, message):
    with pytest.raises(error, match=re.escape(message)):
        sample_patches(images, count, size, seed=0)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("patches", "error", "message"),
    [
        (np.zeros(4), ValueError, "patches: expected one patch per row, (N, P), got shape (4,)"),
        (np.full((3, 4), 0.1) * [[1.0], [2.0], [3.0]], ValueError, "each of the 3 patches is constant"),
        (np.array([[0.0, np.inf]]), ValueError, "patches: 1 of 2 values is not finite"),
        (np.array([[0, 255]], np.uint8), TypeError, "patches / 255.0"),
    ],
)
def test_what_cannot_be_normalised_is_refused(patches, error, message):
    with pytest.raises(error, match=re.escape(message)):
        normalize_patches(patches)
