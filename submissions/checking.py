"""The check, wherever a submission comes from: files on disk, a branch in git, a pull request of a Hub ledger."""

from collections.abc import Sequence
from pathlib import Path

from submissions.checks import PER_DAY, AskHub, LedgerFacts, check
from submissions.hub_ledger import HubLedger, taken_places
from submissions.ledger import LedgerError
from submissions.pull_request import (
    Earlier,
    Proposal,
    added_file,
    changes_in_git,
    commit_of,
    paths_in_git,
    place_of,
)
from submissions.report import Report

GIT_ROOT = "submissions/"
"""Where the ledger lies in this repository. A ledger on the Hub has it at its root."""


def request_files(ledger: Path) -> list[Path]:
    """All request files below a ledger's folder, in path order."""
    return sorted(path for path in (ledger / "requests").glob("*/*") if path.suffix == ".yaml")


def check_file(path: Path, ask_hub: AskHub | None, ledger: Path) -> Report:
    """Check a file on disk as if a pull request added it to ``ledger``, a folder.

    Raises:
        LedgerError: it is not there.
    """
    if not path.is_symlink() and not path.exists():
        raise LedgerError(f"{path} is not there. Name a request file, such as submissions/requests/acme__model/….yaml.")
    place = place_of(path)
    others = [
        other.relative_to(ledger).as_posix() for other in request_files(ledger) if other.resolve() != path.resolve()
    ]
    return check(Proposal((added_file(path, place),)), LedgerFacts(taken_places(others)), ask_hub)


def check_branch(
    repo: Path,
    base: str,
    head: str,
    ask_hub: AskHub | None,
    *,
    number: int | None = None,
    history: Sequence[Earlier] | None = None,
    per_day: int = PER_DAY,
) -> Report:
    """Check what a branch adds to another, from git's objects alone.

    Args:
        number: of the pull request, to find its author and its time in ``history``.
        history: all pull requests of the last day and all open ones.

    Raises:
        GitError: a revision is not there, or the two have no common ancestor.
    """
    base_commit, head_commit = commit_of(repo, base), commit_of(repo, head)
    own = next((each for each in history or () if each.number == number), None)
    proposal = Proposal(
        changes_in_git(repo, base_commit, head_commit, GIT_ROOT),
        head_commit,
        own.author if own else None,
        number,
        own.created_at if own else None,
    )
    earlier = None if history is None else [each for each in history if number is None or each.number < number]
    facts = LedgerFacts(taken_places(paths_in_git(repo, base_commit, GIT_ROOT), GIT_ROOT), earlier)
    return check(proposal, facts, ask_hub, root=GIT_ROOT, per_day=per_day)


def check_hub_request(ledger: HubLedger, number: int, ask_hub: AskHub | None, *, per_day: int = PER_DAY) -> Report:
    """Check a pull request of a ledger on the Hub.

    Raises:
        HubUnreachable: the ledger cannot be read.
    """
    return check(ledger.proposal(number), ledger.facts(number), ask_hub, per_day=per_day)
