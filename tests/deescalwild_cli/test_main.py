"""The command as a user meets it: help, errors in one line, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "deescalwild_cli", *arguments], cwd=cwd, capture_output=True, text=True
    )


def test_help_names_the_commands():
    shown = run("--help")
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in ("data", "evaluate", "leaderboard", "demo"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["data", "build", "--source", "no/such/folder"], 1, "does not exist"),
        (["data", "build", "--splits", "none.csv"], 2, "none.csv: no such file or directory. Check the path."),
        (["leaderboard", "--results", "no/such/folder"], 2, "--results"),
        (["evaluate", "baseline/oracle", "--data", "no/such/folder"], 2, "deescalwild data build"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path, arguments, code, says):
    shown = run(*arguments, cwd=tmp_path)
    assert shown.returncode == code
    (line,) = shown.stderr.strip().splitlines()
    assert line.startswith("error: ") and says in line


def test_debug_shows_the_traceback(tmp_path):
    shown = run("--debug", "data", "build", "--source", "no/such/folder", cwd=tmp_path)
    assert "Traceback" in shown.stderr


def test_commands_import_their_heavy_libraries_only_when_run():
    code = "import sys, deescalwild_cli.main; print([m for m in ('torch', 'datasets', 'gradio', 'lm_eval', 'transformers') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"
