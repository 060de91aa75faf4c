"""The GitHub workflow treats a pull request as data, and its own step gives the verdicts of the command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from submissions.request import request_path
from submissions.request_file import request_bytes
from tests.requests import make_request

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.load((ROOT / ".github/workflows/submissions.yml").read_text(), Loader=yaml.BaseLoader)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_no_action_can_change_under_its_name():
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for step in STEPS if "uses" in step)


def test_each_job_has_the_least_it_needs():
    rights = {name: job["permissions"] for name, job in WORKFLOW["jobs"].items()}
    assert WORKFLOW["permissions"] == {}
    assert rights == {"check": {"contents": "read", "pull-requests": "read"}, "comment": {"pull-requests": "write"}}


def test_nothing_of_the_pull_request_is_checked_out_or_pasted_into_a_shell():
    checkouts = [step for step in STEPS if "checkout" in step.get("uses", "")]
    assert [set(step["with"]) for step in checkouts] == [{"fetch-depth", "persist-credentials"}]
    assert not any("${{" in step.get("run", "") for step in STEPS)
    assert not any(
        word in step.get("run", "") for step in STEPS for word in ("git checkout", "git switch", "git merge")
    )


@pytest.fixture
def base(tmp_path):
    """A clone with the ledger on main and a pull request's commit in its object store."""
    clone = tmp_path / "base"
    place = clone / "submissions" / "requests"
    place.mkdir(parents=True)
    (place / ".keep").touch()
    git(clone, "init", "--quiet", "--initial-branch", "main")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "base")
    return clone


def git(clone: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", "-C", clone, *identity, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize(
    "precision, code, title", [("fp16", 1, "needs a change"), ("float16", 2, "not all could be checked")]
)
def test_its_step_gives_the_verdict_of_the_command(base, tmp_path, precision, code, title):
    """Here the Hub is out of reach, so that the sound one is incomplete."""
    request = make_request(precision="float16")
    git(base, "switch", "--quiet", "--create", "submit")
    path = base / "submissions" / request_path(request)
    path.parent.mkdir()
    path.write_bytes(request_bytes(request).replace(b"float16", precision.encode()))
    git(base, "add", "--all")
    git(base, "commit", "--quiet", "--message", "submit")
    head = git(base, "rev-parse", "HEAD")
    git(base, "switch", "--quiet", "main")
    (tmp_path / "history.json").write_text("[]")
    (step,) = [step["run"] for step in STEPS if step["name"] == "Check"]
    variables = {"BASE": git(base, "rev-parse", "main"), "HEAD": head, "NUMBER": "7", "RUNNER_TEMP": str(tmp_path)}
    path_first = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, **variables, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "PATH": path_first}
    done = subprocess.run(
        ["bash", "-e", "-c", step], cwd=base, env=environment, capture_output=True, text=True, check=False
    )
    comment = (tmp_path / "comment.md").read_text()
    assert done.returncode == code, done.stderr
    assert comment.startswith(f"<!-- deescalwild:submission head={head} ") and title in comment
