"""What holds for the package as a whole: how light it is to import, how large its core is, which way imports run."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "miniae"
CORE = ("arrays.py", "reduce.py", "layout.py", "context.py", "backends.py", "network.py", "init.py", "ops", "layers")
CORE += ("losses", "penalties", "optimizers", "schedules.py", "clipping.py")


def test_import_loads_nothing_heavy():
    heavy = ["scipy", "numba", "matplotlib", "sklearn", "skimage", "pooch", "cupy", "torch"]
    modules = "miniae, miniae.models, miniae.data, miniae.plots, miniae.cli"
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def code_lines(path: Path) -> int:
    """Lines of a file that hold code: no blank ones, no comments, no docstrings."""
    text = path.read_text()
    lines = {i for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.strip().startswith("#")}
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            lines -= set(range(body[0].lineno, (body[0].end_lineno or 0) + 1))
    return len(lines)


def test_the_core_can_be_read_in_one_evening():
    files = [
        file for part in CORE for file in ([PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).glob("*.py"))
    ]
    assert sum(map(code_lines, files)) <= 2500


def imports(path: Path) -> set[str]:
    """The parts of miniae that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("miniae"):
            found |= {node.module} if node.module != "miniae" else {f"miniae.{alias.name}" for alias in node.names}
    return {name.removeprefix("miniae.").partition(".")[0] for name in found}


@pytest.mark.parametrize(
    ("part", "never"),
    [
        ("ops", {"backends", "layers", "network", "models", "training", "gradcheck", "cli", "plots", "data"}),
        ("losses", {"backends", "layers", "network", "models", "training", "gradcheck", "cli"}),
        ("penalties", {"backends", "layers", "network", "models", "training", "gradcheck", "cli"}),
        ("layers", {"network", "models", "training", "gradcheck", "cli", "plots", "data"}),
        ("gradcheck", {"layers", "network", "models", "training", "backends", "ops", "cli", "data"}),
        ("models", {"training", "gradcheck", "cli", "plots", "systems"}),
        ("data", {"ops", "layers", "network", "models", "training", "gradcheck", "cli", "plots"}),
        ("plots", {"ops", "layers", "network", "models", "training", "gradcheck", "cli", "data"}),
    ],
)
def test_imports_run_one_way(part, never):
    found = {name for file in (PACKAGE / part).glob("*.py") for name in imports(file)}
    assert not found & never


def test_nothing_imports_the_command_line():
    assert [file for file in PACKAGE.rglob("*.py") if "cli" in imports(file)] == []


@pytest.mark.as_users_run_it
def test_readme_runs():
    """The README's Python examples, one after the other; one marked ``py`` and not ``python`` needs a GPU."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
