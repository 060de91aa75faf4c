"""The ledger as a dataset repository on the Hub: its pull requests as plain data, our comment on them, and opening one.

All of a pull request is read at the commit that its branch pointed to first, so a push in between changes nothing.
"""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from submissions.checks import LedgerFacts
from submissions.comment import marker_of
from submissions.hub import HubUnreachable, hub_errors
from submissions.ledger import LedgerError
from submissions.pull_request import PLAIN_FILE, Change, Earlier, Proposal, candidate
from submissions.request import MAX_REQUEST_BYTES, Request, request_path
from submissions.request_file import request_bytes

if TYPE_CHECKING:
    from huggingface_hub import DiscussionComment, HfApi
    from huggingface_hub.community import DiscussionWithDetails

KIND = "dataset"
_NEW_FILE = re.compile(r"^diff --git a/(.+) b/\1\nnew file mode (\d{6})$", re.MULTILINE)


@dataclass(frozen=True)
class Opened:
    """A pull request. ``is_new``: it was not open before."""

    url: str
    is_new: bool


@dataclass(frozen=True)
class _File:
    blob: str
    size: int


@dataclass
class HubLedger:
    """A ledger repository. All methods raise ``HubUnreachable`` where the Hub does not answer.

    Keeps the trees that it has read: make a new one for each look at the ledger.
    """

    api: "HfApi"
    repo_id: str
    _trees: dict[str, dict[str, _File]] = field(default_factory=dict)
    _adds: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def open_numbers(self) -> list[int]:
        """Numbers of the open pull requests, oldest first."""
        with hub_errors():
            found = self.api.get_repo_discussions(self.repo_id, repo_type=KIND, discussion_type="pull_request")
            return sorted(each.num for each in found if each.status in ("open", "draft"))

    def head_of(self, number: int) -> str:
        """The commit that the branch of a pull request points to."""
        with hub_errors():
            return self.api.repo_info(self.repo_id, repo_type=KIND, revision=f"refs/pr/{number}").sha or ""

    def proposal(self, number: int) -> Proposal:
        """A pull request with what it changes."""
        head = self.head_of(number)
        with hub_errors():
            details = self.api.get_discussion_details(self.repo_id, number, repo_type=KIND)
            changes = self._changes(head, details)
        return Proposal(changes, head, details.author, number, details.created_at)

    def facts(self, number: int) -> LedgerFacts:
        """What is in the ledger, and the pull requests that were opened before this one."""
        with hub_errors():
            main = self.api.repo_info(self.repo_id, repo_type=KIND).sha or ""
            taken = taken_places(list(self._tree(main)))
            others = list(self.api.get_repo_discussions(self.repo_id, repo_type=KIND, discussion_type="pull_request"))
        earlier = [
            Earlier(
                each.num,
                each.author,
                each.created_at,
                self._added(each.num) if each.status in ("open", "draft") else (),
            )
            for each in others
            if each.num < number
        ]
        return LedgerFacts(taken, earlier)

    def _added(self, number: int) -> tuple[str, ...]:
        head = self.head_of(number)
        if head not in self._adds:
            with hub_errors():
                before, after = self._tree(self._fork_point(head)), self._tree(head)
            self._adds[head] = tuple(path for path in after if path not in before)
        return self._adds[head]

    def _changes(self, head: str, details: "DiscussionWithDetails") -> tuple[Change, ...]:
        before, after = self._tree(self._fork_point(head)), self._tree(head)
        modes = dict(_NEW_FILE.findall(details.diff or ""))
        changes = [
            Change("added", path, modes.get(path, PLAIN_FILE), after[path].blob, after[path].size)
            if path not in before
            else Change("modified" if path in after else "deleted", path)
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)
        ]
        request = candidate(changes, root="")
        return tuple(self._with_content(change, head) if change is request else change for change in changes)

    def _with_content(self, change: Change, head: str) -> Change:
        return change if change.size > MAX_REQUEST_BYTES else replace(change, content=self._read(change.path, head))

    def _read(self, path: str, revision: str) -> bytes:
        return Path(self.api.hf_hub_download(self.repo_id, path, repo_type=KIND, revision=revision)).read_bytes()

    def _tree(self, revision: str) -> dict[str, _File]:
        """Path → blob of a commit; kept, because commits do not change."""
        from huggingface_hub.hf_api import RepoFile

        if revision not in self._trees:
            entries = self.api.list_repo_tree(self.repo_id, repo_type=KIND, revision=revision, recursive=True)
            self._trees[revision] = {
                each.path: _File(each.blob_id, each.size) for each in entries if isinstance(each, RepoFile)
            }
        return self._trees[revision]

    def _fork_point(self, head: str) -> str:
        """Where a pull request left the main branch."""
        main = {commit.commit_id for commit in self.api.list_repo_commits(self.repo_id, repo_type=KIND)}
        own = self.api.list_repo_commits(self.repo_id, repo_type=KIND, revision=head)
        for commit in own:
            if commit.commit_id in main:
                return commit.commit_id
        raise HubUnreachable(f"{head[:12]} has no commit in common with the main branch of {self.repo_id}.")

    # -- writing ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _me(self) -> str:
        with hub_errors():
            return str(self.api.whoami()["name"])

    def own_comment(self, number: int) -> "DiscussionComment | None":
        """Our comment on a pull request. Only what this account wrote counts: anybody can write a marker."""
        from huggingface_hub import DiscussionComment

        with hub_errors():
            details = self.api.get_discussion_details(self.repo_id, number, repo_type=KIND)
        for event in details.events:
            if isinstance(event, DiscussionComment) and event.author == self._me and marker_of(event.content):
                return event
        return None

    def comment(self, number: int, text: str) -> bool:
        """Write or rewrite our comment; returns whether anything had to be written."""
        found = self.own_comment(number)
        if found is not None and found.content == text:
            return False
        with hub_errors():
            if found is None:
                self.api.comment_discussion(self.repo_id, number, text, repo_type=KIND)
            else:
                self.api.edit_discussion_comment(self.repo_id, number, found.id, text, repo_type=KIND)
        return True

    def open_request(self, request: Request) -> Opened:
        """Open a pull request that adds the file; the one that is open already where it was asked for before.

        Raises:
            LedgerError: the ledger has the request already.
        """
        from huggingface_hub import CommitOperationAdd

        title, path = title_of(request), str(request_path(request))
        with hub_errors():
            me = self._me
            # A lost answer leaves a pull request behind: look before opening a second one.
            for each in self.api.get_repo_discussions(
                self.repo_id, repo_type=KIND, discussion_type="pull_request", author=me
            ):
                if each.title == title and each.author == me and each.status in ("open", "draft"):
                    return Opened(each.url, is_new=False)
            if self.api.file_exists(self.repo_id, path, repo_type=KIND):
                raise LedgerError(f"{self.repo_id} has {path} already. See there how it stands.")
            made = self.api.create_commit(
                self.repo_id,
                [CommitOperationAdd(path, request_bytes(request))],
                commit_message=title,
                commit_description="Written by `deescalwild submit`.",
                repo_type=KIND,
                create_pr=True,
            )
        return Opened(made.pr_url or made.commit_url, is_new=True)


def title_of(request: Request) -> str:
    """Title of the pull request of a request."""
    return f"Submit {request.model}@{request.revision[:12]} ({request.precision}, {request.protocol})"


def taken_places(paths: list[str], root: str = "") -> dict[str, str]:
    """Path of a request below the ledger → in words where it stands, from the paths of a ledger's files."""
    places = {}
    for path in paths:
        own = path.removeprefix(root)
        if own.startswith("queue/") and own.endswith(".json"):
            places[f"requests/{own.removeprefix('queue/').removesuffix('.json')}.yaml"] = f"queued already ({own})"
        elif own.startswith("requests/"):
            places.setdefault(own, f"submitted already ({own})")
    return places
