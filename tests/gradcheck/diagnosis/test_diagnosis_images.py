"""Image operations as students write them, with loops, with SciPy, stage by stage: their mistakes are named as well."""

from collections import Counter

import numpy as np
import pytest
from scipy.signal import convolve2d

from miniae.gradcheck import check_pair
from miniae.gradcheck.diagnosis import diagnose
from miniae.ops import OPS

RNG = np.random.default_rng(11)
S, P = 2, 1  # stride and padding of the loops


def first(report):
    return diagnose(report.evidence, [b.name for b in report.blocks if b.verdict == "fail"])


def loops(x, w, b):
    """A convolution with channels first, (N, C, H, W) and (F, C, K, K), one number at a time."""
    n, _, h, v = x.shape
    f, _, k, _ = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    y = np.zeros((n, f, (h + 2 * P - k) // S + 1, (v + 2 * P - k) // S + 1))
    for at in np.ndindex(y.shape):
        m, o, i, j = at
        y[at] = np.sum(padded[m, :, i * S : i * S + k, j * S : j * S + k] * w[o]) + b[o]
    return y, (x, w, padded)


def loops_backward(dy, cache, *, add=True, add_w=True, crop=P, stride=S, last=None, swap=False, keep=lambda i, j: True):
    x, w, padded = cache
    dx, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros(len(w))
    k = w.shape[2]
    for at in np.ndindex(dy.shape):
        m, o, i, j = at
        db[o] += dy[at]
        if (last is None or m == last) and keep(i, j):
            window = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
            share = dy[at] * (w[:, o] if swap else w[o])
            dx[m, :, *window] = dx[m, :, *window] * add + share
            dw[o] = dw[o] * add_w + dy[at] * padded[m, :, *window]
    h, v = x.shape[2:]
    return dx[:, :, crop : crop + h, crop : crop + v], dw, db


def with_db(average):
    def backward(dy, cache):
        dx, dw, _ = loops_backward(dy, cache)
        return dx, dw, average(dy)

    return backward


LOOPS = {
    "none": loops_backward,
    "dx = for +=": lambda dy, cache: loops_backward(dy, cache, add=False),
    "dw = for +=": lambda dy, cache: loops_backward(dy, cache, add_w=False),
    "padding not cropped": lambda dy, cache: loops_backward(dy, cache, crop=0),
    "stride forgotten": lambda dy, cache: loops_backward(dy, cache, stride=1),
    "last example": lambda dy, cache: (loops_backward(dy, cache)[0], *loops_backward(dy, cache, last=2)[1:]),
    "channels": lambda dy, cache: loops_backward(dy, cache, swap=True),
    "db of a mean over pixels": with_db(lambda dy: dy.mean(axis=(2, 3)).sum(axis=0)),
    "db of everything": with_db(lambda dy: np.full(2, dy.sum())),
}
CAUSES_OF_LOOPS = {
    "none": None,
    "dx = for +=": "assigned-not-added",
    "dw = for +=": "assigned-not-added",
    "padding not cropped": "padding-wrong",
    "stride forgotten": "stride-wrong",
    "last example": "one-example-only",
    "channels": "channels-swapped",
    "db of a mean over pixels": "bias-averaged",
    "db of everything": "bias-wrong-axis",
}


@pytest.mark.parametrize("mistake", LOOPS)
def test_a_convolution_of_loops_with_channels_first(mistake):
    args = {"x": RNG.normal(size=(3, 2, 6, 5)), "w": RNG.normal(size=(2, 2, 3, 3)), "b": RNG.normal(size=2)}
    report = check_pair(loops, LOOPS[mistake], args, linear=("x", "w", "b"))
    assert report.passed == (mistake == "none")
    assert first(report).first == CAUSES_OF_LOOPS[mistake]


def turned(w):
    return np.rot90(w, 2)


def as_it_is(w):
    return w


def full(kernel_of):
    return lambda dy, x, w: convolve2d(dy, kernel_of(w))


def correlated(dy, x, w):
    return convolve2d(x, turned(dy), "valid")


# which kernel conv2 is given going forward (it turns it), dx and dw
MATLAB = [
    (None, turned, full(as_it_is), correlated),
    (None, as_it_is, full(turned), lambda dy, x, w: turned(correlated(dy, x, w))),
    ("kernel-not-flipped", turned, full(turned), correlated),
    ("kernel-not-flipped", as_it_is, full(turned), correlated),
    ("kernel-half-flipped", turned, full(np.flipud), correlated),
    ("kernel-half-flipped", as_it_is, full(np.rot90), lambda dy, x, w: turned(correlated(dy, x, w))),
]


@pytest.mark.parametrize(("cause", "kernel", "dx", "dw"), MATLAB)
def test_one_image_and_one_kernel_with_conv2(cause, kernel, dx, dw):
    args = {"x": RNG.normal(size=(7, 6)), "w": RNG.normal(size=(3, 3))}
    forward = lambda x, w: (convolve2d(x, kernel(w), "valid"), (x, w))  # noqa: E731
    report = check_pair(forward, lambda dy, cache: (dx(dy, *cache), dw(dy, *cache)), args, linear=("x", "w"))
    assert report.passed == (cause is None)
    assert first(report).first == cause


def spread_kernels(x, w):
    """A transposed convolution of single images without channels, every number bringing its own kernel."""
    k = len(w)
    y = np.zeros((len(x), 2 * (x.shape[1] - 1) + k, 2 * (x.shape[2] - 1) + k))
    for n, i, j in np.ndindex(x.shape):
        y[n, 2 * i : 2 * i + k, 2 * j : 2 * j + k] += x[n, i, j] * w
    return y, (x, w)


@pytest.mark.parametrize(
    ("cause", "taken"), [(None, lambda w: w), ("kernel-not-flipped", turned), ("h-w-swapped", np.transpose)]
)
def test_a_transposed_convolution_of_loops(cause, taken):
    def backward(dy, cache):
        x, w = cache
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for n, i, j in np.ndindex(x.shape):
            window = dy[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            dx[n, i, j] = np.sum(window * taken(w))
            dw += x[n, i, j] * window
        return dx, dw

    args = {"x": RNG.normal(size=(2, 3, 4)), "w": RNG.normal(size=(3, 3))}
    assert first(check_pair(spread_kernels, backward, args, linear=("x", "w"))).first == cause


def pooled(x, reduce):
    """Overlapping windows of 3 over one image (H, W), two apart."""
    y = np.zeros(((len(x) - 1) // 2, (x.shape[1] - 1) // 2))
    for i, j in np.ndindex(y.shape):
        y[i, j] = reduce(x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3])
    return y, x


def pooled_backward(share, add=True):
    """``share`` says what of dy each element of a window gets."""

    def backward(dy, x):
        dx = np.zeros_like(x)
        for i, j in np.ndindex(dy.shape):
            window = slice(2 * i, 2 * i + 3), slice(2 * j, 2 * j + 3)
            dx[window] = add * dx[window] + dy[i, j] * share(x[window])
        return dx

    return backward


POOLING = [
    (None, np.max, pooled_backward(lambda w: w == w.max())),
    (None, np.mean, pooled_backward(lambda w: 1 / w.size)),
    ("pool-to-all", np.max, pooled_backward(lambda w: 1.0)),
    ("pool-wrong-element", np.max, pooled_backward(lambda w: w == w.min())),
    ("pool-wrong-element", np.max, pooled_backward(lambda w: (w == w.max()).T)),
    ("assigned-not-added", np.mean, pooled_backward(lambda w: 1 / w.size, add=False)),
    ("pool-not-divided", np.mean, pooled_backward(lambda w: 1.0)),
]


@pytest.mark.parametrize(("cause", "reduce", "backward"), POOLING)
def test_pooling_of_loops_with_overlapping_windows(cause, reduce, backward):
    x = 0.2 * RNG.permutation(63).reshape(9, 7)  # no ties, and none near
    assert first(check_pair(lambda x: pooled(x, reduce), backward, {"x": x})).first == cause


def batch_norm(x, gamma, beta):
    """With channels first, stage by stage."""
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)
    normal = (x - mean) / np.sqrt(variance + 1e-5)
    return normal * gamma[:, None, None] + beta[:, None, None], (x, gamma, mean, variance, normal)


def stages(dy, cache, *, mean_s=1.0, variance_s=1.0, less=0, of_gamma="normal", root=1e-5):
    x, gamma, mean, variance, normal = cache
    axes, m = (0, 2, 3), x.size / x.shape[1] - less
    s = 1 / np.sqrt(variance + root)
    dnormal = dy * gamma[:, None, None]
    dvariance = np.sum(dnormal * (x - mean), axis=axes, keepdims=True) * -0.5 * s**3 * variance_s
    dmean = -np.sum(dnormal, axis=axes, keepdims=True) * s * mean_s
    dx = dnormal * s + dvariance * 2 * (x - mean) / m + dmean / m
    times = {"normal": normal, "x": x, "centred": x - mean}[of_gamma]
    return dx, np.sum(dy * times, axis=axes), dy.sum(axis=axes)


BATCH_NORM = [
    (None, {}),
    ("mean-path-missing", {"mean_s": 0}),
    ("variance-path-missing", {"variance_s": 0}),
    ("statistics-constant", {"mean_s": 0, "variance_s": 0}),
    ("mean-path-scaled", {"mean_s": -1}),
    ("variance-path-scaled", {"variance_s": 2}),
    ("statistics-wrong-count", {"less": 1}),
    ("dgamma-not-normal", {"of_gamma": "x"}),
    ("dgamma-not-normal", {"of_gamma": "centred"}),
    ("eps-missing", {"root": 0}),
]


@pytest.mark.parametrize(("cause", "mistake"), BATCH_NORM)
def test_batch_norm_stage_by_stage_with_channels_first(cause, mistake):
    args = {"x": RNG.normal(size=(3, 2, 2, 2)), "gamma": RNG.normal(size=2), "beta": RNG.normal(size=2)}
    found = first(check_pair(batch_norm, lambda dy, cache: stages(dy, cache, **mistake), args))
    assert found.first == cause, str(found)


def test_bilinear_upsampling_that_goes_back_by_copies():
    forward, backward, *_ = OPS["upsample2d"]
    _, copies = forward(np.zeros((2, 3, 2, 1)))
    pair = lambda x: forward(x, mode="bilinear"), lambda dy, _: backward(dy, copies)
    assert first(check_pair(*pair, {"x": RNG.normal(size=(2, 3, 2, 1))})).first == "upsample-other-mode"


def test_images_flattened_with_channels_first():
    """Flattened as (C, H, W), taken back as (H, W, C)."""
    forward = lambda x: (np.moveaxis(x, -1, 1).reshape(len(x), -1), x.shape)  # noqa: E731
    found = first(check_pair(forward, lambda dy, shape: dy.reshape(shape), {"x": RNG.normal(size=(2, 3, 4, 2))}))
    assert found.first == "reading-order"


def test_a_block_too_large_to_be_measured_entry_by_entry():
    forward, backward, *_ = OPS["conv2d"]
    args = {"x": RNG.normal(size=(2, 20, 20, 2)), "w": RNG.normal(size=(3, 3, 2, 2))}

    def turned_back(dy, cache):
        dx, _, _ = backward(dy, cache._replace(w=cache.w[::-1, ::-1].copy()))
        return dx, backward(dy, cache)[1]

    assert first(check_pair(forward, turned_back, args, elementwise=100)).first == "kernel-not-flipped"


def conv_with(spoil, layout="NHWC"):
    """A padded convolution whose dx is spoilt, with channels last or first."""
    forward, backward, *_ = OPS["conv2d"]
    to, back = ((0, 2, 3, 1), (0, 3, 1, 2)) if layout == "NCHW" else ((0, 1, 2, 3),) * 2

    def laid_forward(x, w):
        y, cache = forward(x.transpose(to).copy(), w, padding=1)
        return y.transpose(back), cache

    def laid_backward(dy, cache):
        dx, dw, _ = backward(dy.transpose(to).copy(), cache)
        return spoil(dx).transpose(back).copy(), dw

    x = RNG.normal(size=(2, 5, 6, 3)).transpose(back).copy()
    return check_pair(laid_forward, laid_backward, {"x": x, "w": RNG.normal(size=(3, 3, 3, 2))}, linear=("x", "w"))


def frame(dx):
    """Wrong at the border, and in a way that nobody knows."""
    dx = dx.copy()
    for k, edge in enumerate((dx[:, 0], dx[:, -1], dx[:, :, 0], dx[:, :, -1])):
        edge *= 1.2 + 0.3 * k
    return dx


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_an_unknown_mistake_at_the_border_is_said_to_be_there(layout):
    found = first(conv_with(frame, layout))
    assert found.first is None
    assert "the errors are confined to the border pixels" in str(found)


def test_rows_of_an_image_are_called_rows():
    def top(dx):
        dx = dx.copy()
        dx[:, 0] *= 1.3
        return dx

    assert "the errors are confined to row 0\n" in str(first(conv_with(top, "NHWC")))


def test_what_was_recognised_is_said():
    assert "; the forward was recognised as a convolution with stride 1 and padding 1.)" in str(first(conv_with(frame)))
    found = first(
        check_pair(lambda x: pooled(x, np.mean), pooled_backward(lambda w: 1.0), {"x": RNG.normal(size=(9, 7))})
    )
    assert "recognised as mean pooling with windows of 3x3, stride 2 and padding 0.)" in str(found)


def test_an_argument_that_is_no_array():
    forward, _, *_ = OPS["max_unpool2d"]
    _, pool = OPS["max_pool2d"].forward(RNG.normal(size=(2, 4, 4, 1)))
    args = {"x": RNG.normal(size=(2, 2, 2, 1)), "pool": pool}
    found = first(check_pair(forward, lambda dy, cache: dy[:, 1::2, 1::2].copy(), args, wrt=("x",), linear=("x",)))
    assert found.first == "unpool-wrong-place"


def noise(gradient, rng):
    return gradient + 1e-3 * rng.standard_normal(gradient.shape)


def one_entry(gradient, rng):
    gradient.flat[rng.integers(gradient.size)] += rng.normal()
    return gradient


def squared(gradient, rng):
    return gradient * np.abs(gradient)


def shuffled(gradient, rng):
    return rng.permutation(gradient.ravel()).reshape(gradient.shape)


ARGUMENTS = {
    "conv2d": {"x": (2, 5, 5, 2), "w": (3, 3, 2, 2), "b": (2,)},
    "conv_transpose2d": {"x": (2, 3, 3, 2), "w": (3, 3, 2, 2), "b": (2,)},
    "max_pool2d": {"x": (2, 4, 4, 2)},
    "mean_pool2d": {"x": (2, 4, 4, 2)},
    "upsample2d": {"x": (2, 3, 3, 2)},
    "batch_norm": {"x": (3, 2, 2, 2), "gamma": (2,), "beta": (2,)},
}


@pytest.mark.as_users_run_it
def test_nonsense_is_not_given_a_name():
    outcomes = Counter()
    for op, shapes in ARGUMENTS.items():
        for spoil in (noise, one_entry, squared, shuffled):
            for seed in range(5):
                rng = np.random.default_rng(seed)
                args = {name: rng.normal(size=shape) for name, shape in shapes.items()}

                def backward(dy, cache, op=op, spoil=spoil, seed=seed):
                    gradients = OPS[op].backward(dy, cache)
                    dx, *rest = gradients if isinstance(gradients, tuple) else (gradients,)
                    return spoil(dx, np.random.default_rng(100 + seed)), *rest

                outcomes[op, spoil.__name__, first(check_pair(OPS[op].forward, backward, args)).first] += 1
    assert {cause for *_, cause in outcomes} == {None}, outcomes
    assert sum(outcomes.values()) == 120
