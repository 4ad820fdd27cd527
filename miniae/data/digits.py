"""scikit-learn's digits: small enough to come with the package, so no network is needed."""

from jaxtyping import Float, Int

from miniae.arrays import Array
from miniae.optional import require


def digits() -> tuple[Float[Array, "1797 64"], Int[Array, " 1797"]]:
    """1,797 handwritten digits of 8 x 8 pixels.

    They are counts: of the 16 black-or-white pixels in each 4 x 4 block of a 32 x 32 scan, how many are ink. Divided
    by 16 they lie in [0, 1]. There is no division into training and test set; writers are not told apart.

    Returns:
        ``x``, (1797, 64), float64 in [0, 1], and ``y``, (1797,), the digit each shows, int64.

    Raises:
        ImportError: if scikit-learn is not installed, with the command that installs it.

    >>> x, y = digits()
    >>> x.shape, y[:10]
    ((1797, 64), array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))

    Source: Alpaydin and Kaynak (1998), "Optical recognition of handwritten digits", the test set of the UCI
    repository, CC BY 4.0, as embedded in scikit-learn.
    """
    x, y = require("sklearn.datasets", extra="course").load_digits(return_X_y=True)
    return x / 16, y.astype("int64")
