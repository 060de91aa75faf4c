"""A ledger in a dataset repository on the Hub.

Optimistic: a write reads the entry at the head of the branch and commits with that head as ``parent_commit``. Where
somebody was faster the Hub refuses (412 or 409); then all is read again and the transition applied again. Result, predictions and
state are one commit, so no reader ever sees one without the other.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from submissions.ledger import LedgerError, Problem, printable
from submissions.queue import Refused
from submissions.request import MAX_REQUEST_BYTES
from submissions.states import MAX_ENTRY_BYTES, QueueEntry, parse_entry, queue_path
from submissions.stores import Change, RequestFile, Snapshot

T = TypeVar("T")

WRITES = 12
"""Times that a write is tried; with pauses that double it gives up after some minutes."""
PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
READERS = 8
CONFLICTS = (409, 412)
PASSING = (429, 500, 502, 503, 504)


class HubUnreachable(ConnectionError):
    """The Hub did not take a write or answer a question, after some patience."""


class HubStore:
    """The repository with ``requests/``, ``queue/`` and ``results/`` on its main branch. The token is the Hub login's."""

    def __init__(self, repo_id: str, *, pause_s: float = PAUSE_S) -> None:
        from huggingface_hub import HfApi

        self._repo = repo_id
        self._api = HfApi()
        self._pause_s = pause_s
        self._read: dict[str, bytes] = {}

    def snapshot(self) -> Snapshot:
        """See :class:`~submissions.stores.Store`. A request's age is that of the commit which merged it."""
        head = self._head()
        requests, entries, problems = {}, {}, []
        listed = [*self._tree("requests", head, dated=True), *self._tree("queue", head)]
        wanted = []
        for file in listed:
            limit = MAX_REQUEST_BYTES if file.path.endswith(".yaml") else MAX_ENTRY_BYTES
            if file.size > limit:
                problems.append(Problem(printable(file.path), f"larger than {limit // 2**10} KiB"))
            elif file.path.endswith((".yaml", ".json")):
                wanted.append(file)
        for file, content in zip(wanted, self._contents(wanted, head), strict=True):
            if file.path.endswith(".yaml"):
                begun = file.last_commit.date if file.last_commit else datetime.now(UTC)
                requests[file.path] = RequestFile(file.path, content, hashlib.sha256(content).hexdigest(), begun)
                continue
            try:
                found = parse_entry(content)
            except LedgerError as error:
                problems.append(Problem(printable(file.path), str(error)))
                continue
            entries[found.request] = found
        return Snapshot(requests, entries, tuple(problems))

    def update(self, entry: QueueEntry, change: Change, files: Mapping[str, bytes] | None = None) -> QueueEntry:
        """See :class:`~submissions.stores.Store`."""
        from huggingface_hub import CommitOperationAdd

        def write() -> QueueEntry:
            head = self._head()
            stored = self._entry(entry.request, head)
            changed = change(stored or entry)
            if changed == stored:
                return changed
            if files and self._exists(list(files)[-1], head):
                raise Refused(f"{Path(list(files)[-1]).name} exists. Results are never overwritten.")
            content = {**(files or {}), queue_path(entry.request): f"{changed.model_dump_json(indent=1)}\n".encode()}
            self._api.create_commit(
                self._repo,
                [CommitOperationAdd(name, data) for name, data in content.items()],
                commit_message=f"{Path(entry.request).parent.name}: {changed.state}",
                repo_type="dataset",
                parent_commit=head,
            )
            return changed

        return self._patiently(write)

    def results(self, pattern: str) -> Mapping[str, bytes]:
        """See :class:`~submissions.stores.Store`."""
        head = self._head()
        wanted = [file for file in self._tree("results", head) if fnmatchcase(file.path, f"results/{pattern}")]
        return dict(zip((file.path for file in wanted), self._contents(wanted, head), strict=True))

    def _head(self) -> str:
        return str(self._patiently(lambda: self._api.repo_info(self._repo, repo_type="dataset").sha))

    def _tree(self, folder: str, revision: str, *, dated: bool = False) -> list[Any]:
        from huggingface_hub import RepoFile
        from huggingface_hub.errors import EntryNotFoundError

        def read() -> list[Any]:
            found = self._api.list_repo_tree(
                self._repo, folder, recursive=True, expand=dated, revision=revision, repo_type="dataset"
            )
            return [each for each in found if isinstance(each, RepoFile)]

        try:
            return self._patiently(read)
        except EntryNotFoundError:
            return []

    def _contents(self, files: Iterable[Any], revision: str) -> list[bytes]:
        """Contents in order; what has not changed since it was last read is not fetched again."""
        files = list(files)
        missing = list({file.blob_id: file.path for file in files if file.blob_id not in self._read}.items())
        with ThreadPoolExecutor(READERS) as pool:
            fetched = pool.map(lambda each: self._patiently(lambda: self._download(each[1], revision)), missing)
            self._read |= dict(zip((blob for blob, _ in missing), fetched, strict=True))
        return [self._read[file.blob_id] for file in files]

    def _download(self, path: str, revision: str) -> bytes:
        return Path(self._api.hf_hub_download(self._repo, path, revision=revision, repo_type="dataset")).read_bytes()

    def _exists(self, path: str, revision: str) -> bool:
        return bool(self._api.get_paths_info(self._repo, [path], revision=revision, repo_type="dataset"))

    def _entry(self, request: str, revision: str) -> QueueEntry | None:
        path = queue_path(request)
        return parse_entry(self._download(path, revision)) if self._exists(path, revision) else None

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call again after a conflict or a passing fault, with growing pauses."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError

        for number in range(WRITES):
            try:
                return call()
            except HfHubHTTPError as error:
                status = error.response.status_code if error.response is not None else 0
                if status not in (*CONFLICTS, *PASSING):
                    raise
                last: Exception = error
            except httpx2.TransportError as error:
                last = error
            time.sleep(min(self._pause_s * 2**number, LONGEST_PAUSE_S) * random.uniform(0.5, 1.5))
        raise HubUnreachable(f"{self._repo}: the Hub refused {WRITES} times ({printable(str(last), 120)}).") from last
