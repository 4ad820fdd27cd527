"""The image operations in PyTorch, each with the name and options of miniae's own.

PyTorch has the channels first, (N, C, H, W), and kernels (O, C, KH, KW). Padding "same" is put round the image
explicitly.
"""

import numpy as np


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def kernel_first(w):
    """(O, C, KH, KW), laid out like that: PyTorch's gradients of kernels demand it."""
    return w.permute(3, 2, 0, 1).contiguous()


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def same(n, k, s):
    """Pixels before and after n of them, so that windows of k in steps of s number n / s, rounded up."""
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def pad(torch, x, kernel, stride, padding, value=0.0):
    """Images, channels first, with their padding."""
    if padding == "valid":
        return x
    if padding == "same":
        rows, columns = (same(n, k, s) for n, k, s in zip(x.shape[2:], kernel, both(stride), strict=True))
    else:
        rows, columns = ((p, p) for p in both(padding))
    return torch.nn.functional.pad(x, (*columns, *rows), value=value)


def conv2d(torch, x, w, b=None, *, stride=1, padding="valid"):
    x = pad(torch, channels_first(x), w.shape[:2], stride, padding)
    return channels_last(torch.nn.functional.conv2d(x, kernel_first(w), b, stride))


def conv_transpose2d(torch, x, w, b=None, *, stride=1, padding="valid", output_padding=0):
    transposed = torch.nn.functional.conv_transpose2d
    x, kernel = channels_first(x), kernel_first(w)
    if padding != "same":
        return channels_last(transposed(x, kernel, b, stride, 0 if padding == "valid" else padding, output_padding))
    # Without padding it has (n - 1) s + k pixels; of these, and zeros where they do not reach, n s are wanted.
    y, cut = transposed(x, kernel, None, stride), []
    for n, k, s in reversed(list(zip(x.shape[2:], w.shape[:2], both(stride), strict=True))):
        before, _ = same(n * s, k, s)
        cut += [-before, n * s + before - ((n - 1) * s + k)]
    y = channels_last(torch.nn.functional.pad(y, cut))
    return y if b is None else y + b


def max_pool2d(torch, x, *, kernel_size=2, stride=None, padding="valid"):
    stride = kernel_size if stride is None else stride
    x = pad(torch, channels_first(x), both(kernel_size), stride, padding, -np.inf)
    return channels_last(torch.nn.functional.max_pool2d(x, kernel_size, stride))


def pooled_image(shape, kernel_size, stride):
    """An image, its values in random order, that pooling without padding brings to this shape."""
    n, h, w, c = shape
    full = (n, (h - 1) * stride + kernel_size, (w - 1) * stride + kernel_size, c)
    return np.random.default_rng(0).permutation(float(np.prod(full)) - np.arange(np.prod(full))).reshape(full)


def max_unpool2d(torch, x, *, kernel_size, stride):
    """By the indices of PyTorch's own pooling; its ``max_unpool2d`` keeps one value where several meet, not the sum."""
    image = channels_first(torch.tensor(pooled_image(x.shape, kernel_size, stride)))
    _, indices = torch.nn.functional.max_pool2d(image, kernel_size, stride, return_indices=True)
    flat = torch.zeros(image.shape, dtype=x.dtype).flatten(2)
    flat = flat.scatter_add(2, indices.flatten(2), channels_first(x).flatten(2))
    return channels_last(flat.reshape(image.shape))


def mean_pool2d(torch, x, *, kernel_size=2, stride=None, padding="valid"):
    """Divided by the mean over pixels of 1, the padding 0: the share of the window inside the image."""
    stride, x = kernel_size if stride is None else stride, channels_first(x)
    total, inside = (pad(torch, image, both(kernel_size), stride, padding) for image in (x, torch.ones_like(x)))
    mean = torch.nn.functional.avg_pool2d
    return channels_last(mean(total, kernel_size, stride) / mean(inside, kernel_size, stride))


def upsample2d(torch, x, *, factor=2, mode="nearest"):
    how = {"mode": "nearest-exact"} if mode == "nearest" else {"mode": mode, "align_corners": False}
    factors = tuple(float(f) for f in both(factor))
    return channels_last(torch.nn.functional.interpolate(channels_first(x), scale_factor=factors, **how))


def reshape(torch, x, *, shape):
    return torch.flatten(x, 1).reshape(len(x), *shape)


def batch_norm(torch, x, gamma, beta, *, statistics=None, eps=1e-5):
    mean, variance = (None, None) if statistics is None else (torch.tensor(value) for value in statistics)
    rows = x.reshape(-1, x.shape[-1])
    y = torch.nn.functional.batch_norm(rows, mean, variance, gamma, beta, statistics is None, eps=eps)
    return y.reshape(x.shape)
