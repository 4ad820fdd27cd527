"""Every mutant on the shelf is rejected, and the diagnosis knows what is wrong with it."""

import subprocess
import sys
from functools import cache

import pytest

from miniae.losses import LOSSES
from miniae.mutants import MUTANTS
from miniae.mutants.table import row, table, totals
from miniae.ops import OPS
from miniae.penalties import PENALTIES

SEEDS = range(3)
pytestmark = pytest.mark.as_users_run_it  # hundreds of checks, thousands of calls each


@cache
def rows():
    return [row(mutant, seed) for mutant in MUTANTS for seed in SEEDS]


def test_the_shelf_is_wide_enough():
    assert len(MUTANTS) >= 60
    assert {mutant.breaks for mutant in MUTANTS} >= {*OPS, *LOSSES, *PENALTIES}
    assert {mutant.kind for mutant in MUTANTS} == {"pair", "function", "model"}


def test_each_has_a_name_of_its_own_and_says_what_is_wrong():
    assert len({(mutant.name, mutant.kind) for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.text.endswith(".") for mutant in MUTANTS)


def test_every_mutant_is_rejected():
    assert [row.mutant.name for row in rows() if row.verdict != "fail"] == []


def test_the_diagnosis_is_right_for_nine_in_ten_and_wrong_for_one_in_fifty_at_most():
    found = totals(rows())
    misses = "\n".join(f"{r.mutant.name}: {r.mutant.cause}, named {r.named}" for r in rows() if r.outcome != "right")
    assert found.right >= 0.9 * found.mutants, misses
    assert found.wrong <= 0.02 * found.mutants, misses


def test_a_check_is_repeated_by_its_seed():
    mutant = MUTANTS[0]
    assert mutant.check(3).blocks == mutant.check(3).blocks
    assert mutant.check(3).blocks != mutant.check(4).blocks


def test_the_table_has_a_line_for_each_and_the_totals():
    lines = table(rows()[:2]).splitlines()
    assert len(lines) == 2 + 2 + 1
    assert lines[0].split() == ["mutant", "kind", "cause", "verdict", "diagnosis"]
    assert MUTANTS[0].cause in lines[2]
    assert lines[-1].startswith("rejected 2/2; diagnosed rightly ")


def test_the_command_prints_the_table():
    command = [sys.executable, "-c", "from miniae.cli import app; app()", "mutants", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"rejected {len(MUTANTS)}/{len(MUTANTS)}; " in done.stdout
