"""``miniae check``: exit codes, messages in one sentence, and JSON, from files as users write them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from miniae.cli import app

pytestmark = pytest.mark.as_users_run_it

EXAMPLE = Path(__file__).with_name("example_sparse_autoencoder.py")

RIGHT = """
import numpy as np
theta0 = np.array([0.5, -1.0, 2.0])
def f(theta):
    return np.sum(theta**4), 4 * theta**3
"""


@pytest.fixture(autouse=True)
def _own_path(monkeypatch):
    """The folders that files are loaded from do not stay importable."""
    monkeypatch.setattr(sys, "path", sys.path[:])


@pytest.fixture
def check(tmp_path):
    """``check(text, *options)`` writes a file and runs the command on its function f, in this process."""

    def run(text, *options, target="f"):
        file = tmp_path / "mine.py"
        file.write_text(text)
        return CliRunner().invoke(app, ["check", f"{file}::{target}", *map(str, options)])

    return run


def script(*arguments):
    """The command in a process of its own, as the shell sees it."""
    code = "import sys; from miniae.cli import app; app()"
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("body", "exit_code", "last"),
    [
        ("return np.sum(theta**4), 4 * theta**3", 0, "PASS"),
        ("return np.sum(theta**4), 3 * theta**3", 1, "FAIL"),
        ("return np.sum(np.abs(theta - 0.5)), np.sign(theta - 0.5)", 3, "INCONCLUSIVE"),
        ("return np.sum(theta**4)", 2, ""),
    ],
)
def test_exit_codes_in_a_shell(tmp_path, body, exit_code, last):
    file = tmp_path / "mine.py"
    file.write_text(RIGHT.replace("return np.sum(theta**4), 4 * theta**3", body))
    done = script("check", f"{file}::f")
    assert done.returncode == exit_code, done
    assert last in done.stdout
    assert (done.stdout == "") == (exit_code == 2)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (exit_code == 2)
    if exit_code in (1, 3):
        assert f"Repeat: miniae check {file}::f" in done.stdout


def test_a_failing_check_imports_nothing_heavy():
    heavy = ["scipy", "matplotlib", "sklearn", "skimage", "torch", "numba", "pooch", "hypothesis", "pytest"]
    code = f"""
import sys
from miniae.cli import app
try:
    app(["check", {str(EXAMPLE)!r} + "::without_the_sparsity_term"])
except SystemExit as stop:
    assert stop.code == 1, stop.code
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("target", ["cost_and_gradient", "cost,gradient", "cost, gradient"])
def test_the_example_passes(target):
    result = CliRunner().invoke(app, ["check", f"{EXAMPLE}::{target}"])
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.output.splitlines()[2:6]] == ["W1", "b1", "W2", "b2"]


def test_the_example_s_mistake_is_found_where_it_is():
    result = CliRunner().invoke(app, ["check", f"{EXAMPLE}::without_the_sparsity_term", "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert {block["name"]: block["verdict"] for block in found["blocks"]} == {
        "W1": "fail",
        "b1": "fail",
        "W2": "pass",
        "b2": "pass",
    }
    assert found["diagnosis"]["findings"][0]["cause"] == "kl-missing"


def test_theta0_is_the_point(check):
    found = json.loads(check(RIGHT.replace("4 * theta**3", "5 * theta**3"), "--json").stdout)
    (block,) = found["blocks"]
    assert (block["index"], block["analytic"], found["seed"]) == ([2], 40.0, None)


@pytest.mark.parametrize(
    ("options", "size", "seed"),
    [(["--size", 5], 5, 0), (["--size", 5, "--seed", 2], 5, 2), (["--seed", 2], 3, 2)],
)
def test_size_or_seed_draw_theta_in_place_of_theta0(check, options, size, seed):
    wrong = check(RIGHT.replace("4 * theta**3", "5 * theta**3"), "--json", *options)
    found = json.loads(wrong.stdout)
    theta = 0.1 * np.random.default_rng(seed).standard_normal(size)
    (block,) = found["blocks"]
    assert block["shape"] == [size]
    assert block["analytic"] == pytest.approx(5 * theta[np.abs(theta).argmax()] ** 3, rel=1e-12)
    assert found["seed"] == seed
    assert shlex.split(found["reproduce"])[3:] == list(map(str, options))


def test_without_theta0_the_layout_says_how_many(check):
    text = "layout = {'w': (2, 3), 'b': (3,)}\ndef f(theta): return (theta**2).sum(), 2 * theta"
    result = check(text)
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.output.splitlines()[2:4]] == [["w", "2x3"], ["b", "3"]]
    assert "seed 0" in result.output


def test_the_option_s_layout_is_taken_before_the_file_s(check):
    result = check(RIGHT + "layout = {'old': (3,)}", "--layout", '{"w": [1, 2], "b": [1]}')
    assert [line.split()[:2] for line in result.output.splitlines()[2:4]] == [["w", "1x2"], ["b", "1"]]


def test_the_tolerance(check):
    slightly = RIGHT.replace("4 * theta**3", "4.0001 * theta**3")
    assert check(slightly).exit_code == 1
    assert check(slightly, "--tolerance", 1e-3).exit_code == 0


def test_what_the_file_prints_is_kept_out_of_the_json(check):
    noisy = "print('loading')\n" + RIGHT.replace("    return", "    print('called')\n    return")
    result = check(noisy, "--json")
    assert json.loads(result.stdout)["verdict"] == "pass"
    assert {"loading", "called"} <= set(result.stderr.split())
    assert "loading" in check(noisy).stdout


def test_what_lies_beside_the_file_can_be_imported(check, tmp_path):
    (tmp_path / "my_constants.py").write_text("FACTOR = 4")
    assert check("from my_constants import FACTOR\n" + RIGHT.replace("4 * theta", "FACTOR * theta")).exit_code == 0


def test_the_file_runs_as_it_is_now_and_leaves_no_compiled_copy(check, tmp_path):
    """Two texts of one length, written within one second: what a cache of compiled files cannot tell apart."""
    assert check(RIGHT).exit_code == 0
    assert check(RIGHT.replace("4 * theta", "5 * theta")).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_the_file_is_not_run_as_a_program(check):
    assert check(RIGHT + "if __name__ == '__main__': raise SystemExit('trained for hours')").exit_code == 0


def test_dataclasses_in_the_file_work(check):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n"
    assert check(text + RIGHT.lstrip()).exit_code == 0


BAD = {
    "syntax error": (RIGHT + "x = (1,\n", "line 6: SyntaxError: '(' was never closed"),
    "no such function": (RIGHT.replace("def f", "def other"), "has no function f; it has: other"),
    "no function at all": ("f = 3", "has f, but that is no function; it has: none"),
    "import error": ("import no_such_package", "line 1: the file raised ModuleNotFoundError: No module named"),
    "error at import": ("x = 1\ny = x / 0", "line 2: the file raised ZeroDivisionError: division by zero"),
    "exit at import": ("import sys\nsys.exit(0)", "line 2: the file raised SystemExit: 0"),
    "error in the function": (
        RIGHT.replace("return", "return helper(theta)\ndef helper(theta):\n    return theta @ np.ones(4),"),
        "line 7: f raised ValueError: matmul",
    ),
    "not a pair": (RIGHT.replace(", 4 * theta**3", ""), "f must return a pair (cost, gradient), it returned"),
    "three": (RIGHT.replace("4 * theta**3", "4, 5"), "it returned tuple of length 3"),
    "None": (RIGHT.replace("return", "x ="), "it returned None"),
    "cost of an array": (RIGHT.replace("np.sum", ""), "the cost must be one real number, it is an array of shape (3,)"),
    "cost of text": (RIGHT.replace("np.sum(theta**4)", "'x'"), "the cost must be one real number, it is 'x'"),
    "infinite cost": (RIGHT.replace("np.sum(theta**4)", "np.inf"), "the cost at theta is inf: no difference can"),
    "gradient of None": (RIGHT.replace("4 * theta**3", "None"), "the gradient is None"),
    "wrong shape": (RIGHT.replace("theta**3", "theta[:2]"), "the gradient has shape (2,), theta has (3,)"),
    "integers": (RIGHT.replace("[0.5, -1.0, 2.0]", "[1, 2, 3]"), "theta0 must be float64, it is int64"),
    "float32": (RIGHT.replace("2.0]", "2.0], 'float32'"), "theta0 must be float64, it is float32"),
    "NaN": (RIGHT.replace("0.5", "np.nan"), "theta0 holds NaN or infinity"),
    "empty": (RIGHT.replace("0.5, -1.0, 2.0", ""), "theta0 has no elements"),
    "no theta0": (RIGHT.replace("theta0", "start"), "has no theta0 (where to check): set one there, or pass --size N"),
    "layout too long": (RIGHT + "layout = {'w': (4,)}", "the layout (w (4,)) covers 4 numbers, theta has 3"),
    "layout of nonsense": (RIGHT + "layout = {'w': 'big'}", 'layout must name shapes, as {"W1": [64, 25]'),
    "context of nonsense": (RIGHT + "context = 3", "context must be a dict, it is int"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_checked_is_one_sentence(check, tmp_path, name, as_json):
    text, message = BAD[name]
    result = check(text, *["--json"] * as_json)
    assert result.exit_code == 2, result.output
    if as_json:
        sentence = json.loads(result.stdout)["error"]
        assert result.stderr == ""
    else:
        assert result.stdout == ""
        (sentence,) = result.stderr.splitlines()
    assert message in sentence
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layout", "{w: 3}"], "--layout must be JSON such as"),
        (["--layout", "[3]"], "--layout must name shapes"),
        (["--layout", '{"w": [-3]}'], "--layout must name shapes"),
        (["--layout", '{"w": [2]}'], "covers 2 numbers, theta has 3"),
        (["--size", 0], "--size must be at least 1, got 0"),
        (["--seed", -1], "--seed must not be negative, got -1"),
        (["--tolerance", 0], "--tolerance must be positive, got 0"),
        (["--time-limit", 0], "--time-limit must be positive, got 0"),
    ],
)
def test_options_out_of_range(check, options, message):
    result = check(RIGHT, *options)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("missing.py::f", "there is no file missing.py"),
        ("mine.py", "expected path/to/file.py::function"),
        ("mine.py::", "expected path/to/file.py::function"),
        ("mine.py::f,g,h", "expected path/to/file.py::function"),
        ("mine.txt::f", "mine.txt is no Python file: its name must end in .py"),
        (".::f", "there is no file ."),
    ],
)
def test_targets_that_name_nothing(tmp_path, monkeypatch, target, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(RIGHT)
    (tmp_path / "mine.txt").write_text(RIGHT)
    result = CliRunner().invoke(app, ["check", target])
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_hangs_is_given_up(tmp_path, as_json):
    file = tmp_path / "mine.py"
    file.write_text(RIGHT.replace("    return", "    while True:\n        pass\n    return"))
    done = script("check", f"{file}::f", "--time-limit", 0.5, *["--json"] * as_json)
    assert done.returncode == 2
    sentence = json.loads(done.stdout)["error"] if as_json else done.stderr
    assert f"{file}, line " in sentence
    assert "still running after 0.5 seconds, the time limit" in sentence


def test_a_time_limit_that_is_kept_changes_nothing(check):
    assert check(RIGHT, "--time-limit", 600).exit_code == 0


def test_a_defect_of_the_check_itself_does_not_look_like_a_wrong_gradient(check, monkeypatch):
    from miniae.gradcheck import command

    monkeypatch.setattr(command, "_repeat", lambda target, options: 1 / 0)
    result = check(RIGHT)
    assert result.exit_code == 2
    assert "the check itself broke down: ZeroDivisionError" in result.stderr


def test_help_says_what_the_file_may_hold():
    result = CliRunner().invoke(app, ["check", "--help"])
    assert result.exit_code == 0
    assert all(word in result.output for word in ("theta0", "layout", "context", "--json", "inconclusive"))
