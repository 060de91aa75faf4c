"""The board as a Space: code, ledger, requirements and README in one folder that starts by itself, and onto the Hub with it.

``plan`` is what ``--dry-run`` lists and what is uploaded, in one commit. The snapshot goes with it, so that the Space shows its first
table without ranking anything.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from leaderboard_app.store import COMMIT_FILE, SHIPPED, build, code_digest, ledger_commit
from submissions.decisions import FILE as DECISIONS
from submissions.hub import hub_errors
from submissions.ledger import LEDGER, LedgerError

PACKAGES = ("leaderboard_app", "submissions")
CODE = (".py", ".json", ".csv", ".jinja", ".css", ".js")
LEDGER_FOLDERS = ("results", "requests", "queue")
REQUIREMENTS = ("huggingface_hub", "numpy", "pandas", "plotly", "pyarrow", "pydantic", "PyYAML", "scipy", "typer")
"""Besides Gradio, which brings the web server and the templates. What the packages above import; a test starts it from these alone."""
APP = '''"""The DeEscalWild leaderboard, as `deescalwild leaderboard publish` made it. Change the repository, not this copy."""

import os
from pathlib import Path

{ledger}from leaderboard_app.server import launch

launch(
    Path(__file__).parent / "submissions" / "results",
    int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
    host=os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0"),
)
'''
README = """\
---
title: DeEscalWild leaderboard
emoji: 🗣️
colorFrom: blue
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "3.11"
app_file: app.py
pinned: true
license: apache-2.0
short_description: Small language models that play the civilian
{oauth}---

Small language models play the civilian, so that police officers can practise de-escalation offline. This Space shows how well: ranks with
their uncertainty, ties, gains over trivial baselines, outputs side by side.

Made by `deescalwild leaderboard publish` from the project's repository{commit}; `submissions/results` is the ledger it shows.
"""
OAUTH = "hf_oauth: true\nhf_oauth_scopes:\n  - write-discussions\n"


@dataclass(frozen=True)
class SpaceFile:
    """One file of the Space: ``content`` is a path, or the bytes of a file that only the Space has."""

    path: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    def read(self) -> bytes:
        """The content."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


def plan(results: Path, ledger: str | None = None) -> list[SpaceFile]:
    """Every file of the Space, sorted by path.

    Args:
        results: the ledger's results folder; ``requests`` and ``queue`` are taken from beside it.
        ledger: repository on the Hub that submissions open pull requests on; with it, people can sign in.

    Raises:
        LedgerError: the folder holds no result.
    """
    commit = ledger_commit(results)
    with tempfile.TemporaryDirectory() as temporary:
        snapshot = build(results, Path(temporary))
        if not snapshot.boards:
            raise LedgerError(f"{results} holds no result that can be shown. Measure one with `deescalwild evaluate`.")
        kept = [
            SpaceFile(f"submissions/{SHIPPED}/{path.relative_to(temporary).as_posix()}", path.read_bytes())
            for path in sorted(Path(temporary).glob("*/*"))
        ]
    made = [
        SpaceFile("app.py", _app(ledger).encode()),
        SpaceFile("requirements.txt", _requirements(with_oauth=bool(ledger)).encode()),
        SpaceFile("README.md", _readme(commit, with_oauth=bool(ledger)).encode()),
        SpaceFile(f"submissions/{COMMIT_FILE}", f"{commit or ''}\n".encode()),
    ]
    found = [*_code(), *_ledger(results), *kept, *made]
    return sorted(found, key=lambda file: file.path)


def _code() -> Iterator[SpaceFile]:
    for package in PACKAGES:
        folder = LEDGER.parent / package
        for path in folder.rglob("*"):
            inner = path.relative_to(folder)
            if path.suffix in CODE and path.is_file() and inner.parts[0] not in (*LEDGER_FOLDERS, SHIPPED):
                yield SpaceFile(f"{package}/{inner.as_posix()}", path)


def _ledger(results: Path) -> Iterator[SpaceFile]:
    for name in LEDGER_FOLDERS:
        folder = results if name == "results" else results.parent / name
        for path in folder.glob("*/*"):
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield SpaceFile(f"submissions/{name}/{path.relative_to(folder).as_posix()}", path)
    if (log := results.parent / DECISIONS).is_file():
        yield SpaceFile(f"submissions/{DECISIONS}", log)


def _app(ledger: str | None) -> str:
    line = f'os.environ.setdefault("DEESCALWILD_LEDGER", {ledger!r})\n\n' if ledger else ""
    return APP.format(ledger=line)


def _requirements(*, with_oauth: bool) -> str:
    """Pinned to what is installed here, which is what the tests ran with."""
    gradio = f"gradio{'[oauth]' if with_oauth else ''}=={version('gradio')}"
    return "".join(f"{line}\n" for line in (gradio, *(f"{name}=={version(name)}" for name in REQUIREMENTS)))


def _readme(commit: str | None, *, with_oauth: bool) -> str:
    at = f" at `{commit[:12]}`" if commit else ""
    return README.format(gradio=version("gradio"), oauth=OAUTH if with_oauth else "", commit=at)


def write(files: list[SpaceFile], folder: Path) -> None:
    """Lay the Space out in an empty or new folder, to look at it or to run it.

    Raises:
        LedgerError: something is there.
    """
    if folder.exists() and any(folder.iterdir()):
        raise LedgerError(f"{folder} is not empty. Give a new folder.")
    for file in files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read())


def _is_ours(path: str) -> bool:
    """Whether a file of the Space came from an earlier ``publish`` and has no use any more."""
    package, _, inner = path.partition("/")
    name = inner.removeprefix(f"{SHIPPED}/")
    is_readable = name != inner and name.split("/")[0].endswith(f"-{code_digest()}")
    return package in PACKAGES and bool(inner) and not is_readable


def publish(space_id: str, files: list[SpaceFile], *, private: bool = False) -> str:
    """Bring the Space to these files, in one commit; returns its address. Repeating it changes nothing.

    What it replaces of ours goes, but for earlier snapshots that this code can read: permalinks to them go on working.

    Raises:
        HubUnreachable: no token, no rights, no network, or a change in between.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi()
    with hub_errors():
        api.create_repo(space_id, repo_type="space", space_sdk="gradio", private=private or None, exist_ok=True)
        head = api.repo_info(space_id, repo_type="space").sha
        there = api.list_repo_files(space_id, repo_type="space", revision=head)
        planned = {file.path for file in files}
        old = [path for path in there if _is_ours(path) and path not in planned]
        operations = [CommitOperationAdd(file.path, file.read()) for file in files]
        api.create_commit(
            space_id,
            [*operations, *(CommitOperationDelete(path) for path in old)],
            commit_message="Leaderboard and ledger",
            repo_type="space",
            parent_commit=head,
        )
    return f"{api.endpoint}/spaces/{space_id}"
