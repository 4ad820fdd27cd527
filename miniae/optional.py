"""Packages that only some of miniae needs, imported where they are used."""

import importlib
from types import ModuleType


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module, or say which extra of miniae brings it.

    Called inside the function that needs the module, so that ``import miniae`` stays quick and works without it.

    Args:
        module: dotted name, as in ``"sklearn.datasets"``.
        extra: the extra of miniae that lists its package, as in ``"course"``.

    Returns:
        The module.

    Raises:
        ImportError: if it is not installed, with the command that installs it. A module that is there but whose
            own import fails raises its own error: installing it again would not help.

    >>> require("json", extra="course").loads("[1, 2]")
    [1, 2]
    >>> require("no_such_package.part", extra="course")
    Traceback (most recent call last):
    ...
    ImportError: this needs no_such_package.part, which is not installed: pip install "miniae[course]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # the package is there; something that it needs is not
        raise ImportError(f'this needs {module}, which is not installed: pip install "miniae[{extra}]"') from error
