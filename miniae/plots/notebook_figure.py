"""A figure that a notebook shows although ``pyplot`` knows nothing of it.

Matplotlib teaches notebooks to show figures when ``pyplot`` starts their display, which never happens here. Imports
Matplotlib: import this module inside functions.
"""

from io import BytesIO

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A Matplotlib figure with the method by which notebooks ask an object for its picture."""

    def _repr_png_(self) -> bytes:
        """The figure as a PNG file.

        >>> NotebookFigure()._repr_png_()[:4]
        b'\\x89PNG'
        """
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
