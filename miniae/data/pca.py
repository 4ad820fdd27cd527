"""PCA and whitening: the axes along which data varies, and how to make it vary alike in all directions.

Shapes: N examples, D features, K components kept.
"""

import numpy as np
from jaxtyping import Float

from miniae.arrays import Array, array_module, check_floats
from miniae.data.checks import check_finite_floats


class PCA:
    r"""The principal components of training data, and the two ways of whitening with them.

    .. math::
        \mu &= \frac1N \sum_n x_n, \qquad
        \Sigma = \frac1N \sum_n (x_n - \mu)^T (x_n - \mu) = U \operatorname{diag}(\lambda)\, U^T          \tag{1} \\
        r &= (x - \mu)\, U_K                                          && \text{rotated}       \tag{2} \\
        \hat x &= \mu + r\, U_K^T                                     && \text{restored}      \tag{3} \\
        p_k &= \frac{r_k}{\sqrt{\lambda_k + \varepsilon}}             && \text{PCA-whitened}  \tag{4} \\
        z &= p\, U^T = (x - \mu)\, Z, \qquad
        Z = U \operatorname{diag}\Big(\frac{1}{\sqrt{\lambda + \varepsilon}}\Big) U^T
                                                                      && \text{ZCA-whitened}  \tag{5}

    The columns of U are the directions, :math:`\lambda_1 \ge \lambda_2 \ge \dots` the variances along them. The
    variance of r_k is :math:`\lambda_k`, so it is the *square root* that brings it to 1 in (4); without the root it
    would become :math:`1 / \lambda_k`. Then the covariance of p is the identity, and so is that of z: (5) turns p
    back, which makes z the whitened data nearest to x. :math:`\varepsilon` keeps directions of hardly any variance,
    which are mostly noise, from being blown up; with it the variance of p_k is
    :math:`\lambda_k / (\lambda_k + \varepsilon)`.

    Mean and directions are those of the training data, and stay: test data goes through the same map. UFLDL keeps
    examples in columns and writes :math:`x_{rot} = U^T x`, and takes the mean to have been removed before.

    A direction and its opposite serve alike. Here the entry largest in size of each is positive, so that the same data
    always gives the same directions.

    Args:
        x: training examples, (N, D).

    Attributes:
        mean: :math:`\mu`, (D,).
        directions: U, (D, D), one direction a column.
        variances: :math:`\lambda`, (D,), the largest first.

    Raises:
        TypeError: if ``x`` is not a float32 or float64 NumPy array.
        ValueError: if it is not 2-D, has a value that is not finite, or fewer than 2 examples.

    >>> x = np.array([[3.0, 4.0], [-3.0, -4.0], [4.0, -3.0], [-4.0, 3.0]]) / 5 * np.array([[2], [2], [1], [1]])
    >>> pca = PCA(x)
    >>> pca.directions
    array([[ 0.6,  0.8],
           [ 0.8, -0.6]])
    >>> pca.variances, pca.share(1)  # half of 2^2, half of 1^2
    (array([2. , 0.5]), 0.8)
    >>> z = pca.zca(x)
    >>> np.allclose(z.T @ z / 4, np.eye(2))
    True

    Source: UFLDL tutorial, "PCA" and "Whitening".
    """

    def __init__(self, x: Float[Array, "N D"]) -> None:
        check_finite_floats("x", x)
        if array_module(x) is not np:
            raise TypeError("PCA runs on the CPU, through LAPACK; bring the examples there: x.get()")
        if x.ndim != 2 or len(x) < 2:
            raise ValueError(f"PCA: x must have shape (examples, features), at least 2 examples, got {x.shape}")
        centred = x.astype(np.float64)  # a copy; float32 is too coarse for the small variances
        constant = (x == x[0]).all(axis=0)
        mean = np.where(constant, x[0], centred.mean(axis=0))  # the mean of equal numbers may be off by a rounding
        centred -= mean
        variances, directions = np.linalg.eigh(centred.T @ centred / len(x))  # (1), smallest first
        directions = directions[:, ::-1]
        signs = np.sign(directions[abs(directions).argmax(axis=0), np.arange(len(mean))])
        self.mean = mean.astype(x.dtype)
        self.directions = (directions * signs).astype(x.dtype)
        self.variances = np.maximum(variances[::-1], 0).astype(x.dtype)  # rounding can leave less than 0

    def share(self, components: int) -> float:
        """The share of the variance that lies along the first so many directions.

        Raises:
            ValueError: if there are not so many, or nothing varies.
        """
        self._check_components(components)
        return float(self._shares()[components - 1])

    def components_for(self, share: float) -> int:
        """The smallest number of components that keep this share of the variance.

        Raises:
            ValueError: if ``share`` is not in (0, 1], or nothing varies.

        >>> PCA(np.diag([3.0, 2.0, 1.0])).components_for(0.9)
        2
        """
        if not 0 < share <= 1:
            raise ValueError(f"PCA: share must lie in (0, 1], got {share}")
        return int(np.argmax(self._shares() >= share)) + 1

    def rotate(self, x: Float[Array, "N D"], components: int | None = None) -> Float[Array, "N K"]:
        """The coordinates (2) of examples along the first so many directions, along all when None.

        Raises:
            TypeError, ValueError: if ``x`` does not fit the training data, or there are not so many directions.
        """
        return self._centred(x) @ self.directions[:, : self._check_components(components)]  # (2)

    def restore(self, rotated: Float[Array, "N K"]) -> Float[Array, "N D"]:
        """The examples (3) that have these coordinates, and 0 along the directions left out.

        Raises:
            TypeError, ValueError: if ``rotated`` is of another dtype or not (N, K) with K from 1 to D.
        """
        check_floats("PCA", rotated=rotated, mean=self.mean)
        if rotated.ndim != 2:
            raise ValueError(f"PCA: rotated must have shape (examples, components), got {rotated.shape}")
        return self.mean + rotated @ self.directions[:, : self._check_components(rotated.shape[1])].T  # (3)

    def whiten(self, x: Float[Array, "N D"], eps: float = 0.0, components: int | None = None) -> Float[Array, "N K"]:
        """The PCA-whitened coordinates (4) of examples.

        Args:
            x: examples, (N, D), of the dtype of the training data.
            eps: added to the variances, in their unit.
            components: K; all when None.

        Returns:
            The coordinates, (N, K).

        Raises:
            TypeError, ValueError: if an argument does not fit, or a direction has no variance and ``eps`` is 0.
        """
        return self.rotate(x, components) * self._scales(eps, components)  # (4)

    def zca(self, x: Float[Array, "N D"], eps: float = 0.0) -> Float[Array, "N D"]:
        """The ZCA-whitened examples (5), whose features are still those of x: pixels stay pixels.

        Arguments and errors are those of :meth:`whiten`.
        """
        return self._centred(x) @ self.zca_matrix(eps)  # (5)

    def zca_matrix(self, eps: float = 0.0) -> Float[Array, "D D"]:
        """Z of (5), a symmetric matrix.

        A unit with weights w on whitened examples has the weights Z w on centred ones: that is the filter to look at.

        Raises:
            ValueError: if ``eps`` is negative or not finite, or a direction has no variance and ``eps`` is 0.
        """
        return (self.directions * self._scales(eps, None)) @ self.directions.T

    def _scales(self, eps: float, components: int | None) -> Array:
        """One over the standard deviations along the directions kept."""
        if not 0 <= eps < np.inf:
            raise ValueError(f"PCA: eps must be a finite number of at least 0, got {eps}")
        variances = self.variances[: self._check_components(components)] + self.variances.dtype.type(eps)
        nothing = len(self.mean) * np.finfo(variances.dtype).eps * self.variances[0]  # what rounding makes of a 0
        if not variances[-1] > nothing:
            first = int(np.argmin(variances > nothing))
            raise ValueError(
                f"PCA: {self._what_does_not_vary(first, nothing)} in the training data, and whitening would divide "
                f"by 0; keep {first} components, or give an eps above 0"
            )
        return 1 / np.sqrt(variances)

    def _what_does_not_vary(self, first: int, nothing: float) -> str:
        """The features that are constant, or, where it is a sum of several, the first direction that is."""
        constant = np.flatnonzero(self.directions**2 @ self.variances <= nothing)
        if len(constant):
            return f"feature {constant[0]} is constant (one of {len(constant)})"
        return f"direction {first} of {len(self.mean)} has no variance ({self.variances[first]:.2g})"

    def _shares(self) -> Array:
        total = self.variances.sum(dtype=np.float64)
        if total == 0:
            raise ValueError("PCA: every feature is constant in the training data: there is no variance to share")
        return np.minimum(np.cumsum(self.variances, dtype=np.float64) / total, 1)

    def _check_components(self, components: int | None) -> int:
        count = len(self.mean)
        if components is None:
            return count
        if not isinstance(components, int | np.integer) or not 1 <= components <= count:
            raise ValueError(f"PCA: components must be a whole number from 1 to {count}, got {components!r}")
        return components

    def _centred(self, x: Array) -> Array:
        check_floats("PCA", x=x, mean=self.mean)
        if x.ndim != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"PCA: x must have shape (examples, {len(self.mean)}) as in training, got {x.shape}")
        return x - self.mean
