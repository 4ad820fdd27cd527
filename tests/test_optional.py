"""Optional imports: the remedy is named, real faults are not hidden, nothing is imported too early."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from miniae.optional import require

ROOT = Path(__file__).parents[1]
PACKAGES = {"sklearn": "scikit-learn", "skimage": "scikit-image"}  # where the import name is not the package's


def test_returns_the_submodule_itself():
    import xml.dom.minidom

    assert require("xml.dom.minidom", "course") is xml.dom.minidom


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("sklearn.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)  # Python's way to say: not there
    with pytest.raises(ImportError, match=r'sklearn\.datasets.*pip install "miniae\[course\]"'):
        require("sklearn.datasets", extra="course")


def test_a_fault_inside_an_installed_package_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import a_dependency_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'a_dependency_that_is_missing'"):
        require("half_installed", extra="course")


def test_every_extra_named_in_the_package_brings_what_it_is_named_for():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    calls = [
        (path, *call)
        for path in (ROOT / "miniae").rglob("*.py")
        for call in re.findall(r'require\("([\w.]+)", (?:extra=)?"(\w+)"\)', path.read_text())
        if path.name != "optional.py"
    ]
    assert len(calls) >= 3
    for path, module, extra in calls:
        package = module.partition(".")[0]
        names = {re.split(r"[<>=\[]", requirement)[0] for requirement in extras[extra]}
        assert PACKAGES.get(package, package) in names, f"{path} says that {extra} brings {module}"


def test_importing_the_data_package_loads_no_optional_one():
    code = "import sys, miniae.data; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not {"scipy", "matplotlib", "sklearn", "skimage", "pooch", "numba"} & set(loaded)
