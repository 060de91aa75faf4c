"""Repositories as plain data: commits are snapshots of files, refs point at commits, pull requests are refs with a discussion."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.loopback_hub.jobs import Jobs

MAIN = "refs/heads/main"


class Refusal(Exception):
    """An answer other than 200: status, the Hub's error code where it has one, and a sentence."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True)
class User:
    """An account with its token and the organisations it may write to."""

    name: str
    token: str
    orgs: tuple[str, ...] = ()

    def writes(self, repo_id: str) -> bool:
        """Whether the user owns the namespace or is a member of it."""
        return repo_id.partition("/")[0] in (self.name, *self.orgs)


@dataclass(frozen=True)
class File:
    """A stored file. ``oid`` is git's blob id, or the sha256 of an LFS file. ``mode`` other than a plain file's comes by git alone."""

    content: bytes
    is_lfs: bool = False
    mode: str = "100644"

    @property
    def blob_id(self) -> str:
        """Git's id of the blob: of the content, or of the pointer to it."""
        content = self.content
        if self.is_lfs:
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.oid}\nsize {len(content)}\n"
            content = pointer.encode()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @property
    def oid(self) -> str:
        """What the client compares with its own file to skip what has not changed."""
        return hashlib.sha256(self.content).hexdigest() if self.is_lfs else self.blob_id


@dataclass(frozen=True)
class Commit:
    """A snapshot of all files, by path."""

    oid: str
    parent: str | None
    title: str
    message: str
    author: str
    date: str
    files: dict[str, File]


@dataclass
class Discussion:
    """A discussion, or a pull request with the commit that it began from."""

    num: int
    title: str
    author: str
    created_at: str
    base: str | None = None
    status: str = "open"
    merge_commit: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """The git reference of a pull request."""
        return f"refs/pr/{self.num}"


def now() -> str:
    """The time in the Hub's form."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class Repo:
    """A repository. ``kind`` is model, dataset or space; ``extra`` is added to its info (``safetensors``, ``downloads`` …)."""

    kind: str
    id: str
    private: bool = False
    gated: str | bool = False
    granted: set[str] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    discussions: list[Discussion] = field(default_factory=list)

    def resolve(self, revision: str) -> Commit:
        """The commit of a branch, tag, ``refs/…`` or commit id."""
        for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if ref in self.refs:
                return self.commits[self.refs[ref]]
        if revision in self.commits:
            return self.commits[revision]
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def history(self, revision: str) -> list[Commit]:
        """A commit and its ancestors, newest first."""
        found = [self.resolve(revision)]
        while found[-1].parent:
            found.append(self.commits[found[-1].parent])
        return found

    def commit(self, ref: str, files: dict[str, File], title: str, author: str, message: str = "") -> Commit:
        """Add a commit with exactly these files and move the ref to it."""
        commit = Commit(secrets.token_hex(20), self.refs.get(ref), title, message, author, now(), dict(files))
        self.commits[commit.oid] = commit
        self.refs[ref] = commit.oid
        return commit

    def open_discussion(self, title: str, author: str, base: str | None = None) -> Discussion:
        """A new discussion; with ``base``, a commit id, a pull request whose ref starts there."""
        found = Discussion(len(self.discussions) + 1, title, author, now(), base)
        self.discussions.append(found)
        if base:
            self.refs[found.ref] = base
        return found

    def discussion(self, num: int) -> Discussion:
        """By number, from 1."""
        if not 0 < num <= len(self.discussions):
            raise Refusal(404, f"Discussion {num} not found")
        return self.discussions[num - 1]

    def _changes(self, request: Discussion) -> dict[str, File | None]:
        """What a pull request changes: path → file, or None where it is deleted."""
        assert request.base is not None
        before, after = self.commits[request.base].files, self.resolve(request.ref).files
        paths = sorted(before.keys() | after.keys())
        return {path: after.get(path) for path in paths if before.get(path) != after.get(path)}

    def conflicts(self, request: Discussion) -> list[str]:
        """Paths that both the pull request and the main branch have changed since."""
        assert request.base is not None
        before, main = self.commits[request.base].files, self.resolve(MAIN).files
        changes = self._changes(request)
        return [path for path in changes if main.get(path) not in (before.get(path), changes[path])]

    def diff(self, request: Discussion) -> str:
        """What a pull request changes as git shows it: headers, and the lines that were added."""
        assert request.base is not None
        before = self.commits[request.base].files
        return "".join(_diff_of(path, before.get(path), file) for path, file in self._changes(request).items())

    def merge(self, request: Discussion, author: str) -> Commit:
        """Apply a pull request to the main branch as one commit."""
        if request.base is None or request.status not in ("open", "draft"):
            raise Refusal(409, "This pull request cannot be merged")
        if self.conflicts(request):
            raise Refusal(409, "This pull request has conflicts")
        files: dict[str, File | None] = {**self.resolve(MAIN).files, **self._changes(request)}
        kept = {path: file for path, file in files.items() if file is not None}
        commit = self.commit(MAIN, kept, f"{request.title} (#{request.num})", author)
        request.status, request.merge_commit = "merged", commit.oid
        return commit


def _diff_of(path: str, before: File | None, after: File | None) -> str:
    header = f"diff --git a/{path} b/{path}\n"
    if after is None:
        return f"{header}deleted file mode {before.mode if before else ''}\n"
    header += "" if before else f"new file mode {after.mode}\n"
    text = after.content.decode(errors="replace")
    return f"{header}--- {f'a/{path}' if before else '/dev/null'}\n+++ b/{path}\n" + "".join(
        f"+{line}\n" for line in text.splitlines()
    )


@dataclass
class Store:
    """All repositories, accounts and LFS objects (by sha256)."""

    users: tuple[User, ...]
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=Jobs)

    def repo(self, kind: str, repo_id: str) -> Repo:
        """An existing repository."""
        if (kind, repo_id) not in self.repos:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        return self.repos[kind, repo_id]

    def create(self, kind: str, repo_id: str, author: str, private: bool = False) -> Repo:
        """A new repository with the Hub's first commit."""
        repo = Repo(kind, repo_id, private)
        attributes = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES)
        repo.commit(MAIN, {".gitattributes": File(attributes.encode())}, "initial commit", author)
        self.repos[kind, repo_id] = repo
        return repo


LFS_SUFFIXES = (".parquet", ".arrow", ".safetensors", ".gguf", ".bin", ".gz", ".zip", ".png", ".jpg", ".npy")
LFS_SIZE = 10 * 2**20


def goes_to_lfs(path: str, size: int) -> bool:
    """Whether the Hub keeps a file of this name and size (bytes) in LFS; empty files never."""
    return size > 0 and (path.endswith(LFS_SUFFIXES) or size > LFS_SIZE)
