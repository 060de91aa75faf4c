"""A sound built folder → one commit and a version tag on the Hub.

``plan`` is what ``--dry-run`` prints and what is uploaded: the folder's own files, ``croissant.json`` and ``eval.yaml``. All of it goes up in one commit, so
the repository never holds half a version; files of an earlier version that this one does not have go in the same commit. The gate is closed
before the first file is there. Every step can be repeated: what is on the Hub already is neither uploaded nor committed again.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dataset_script.errors import DataError
from dataset_script.manifest import MANIFEST, Manifest, read_manifest
from dataset_script.publishing.checks import Problem, check
from dataset_script.publishing.croissant import croissant
from dataset_script.publishing.evaluation_registration import registration
from dataset_script.publishing.file_checks import published_files
from dataset_script.publishing.folder import CONFIGS
from dataset_script.publishing.plots import FOLDER as PLOTS

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi

Gate = Literal["auto", "manual", "none"]
MANAGED_FOLDERS = (*CONFIGS, "report", PLOTS)
"""Folders of the repository that hold nothing but what this version has; other files there stay as they are."""
_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


class HubError(OSError):
    """The Hub cannot be reached, or does not let us. The message says what to do."""

    exit_code = 2


@dataclass(frozen=True)
class PlannedFile:
    """One file of the published tree: ``content`` is a path, or the bytes of a file that only the publication has."""

    path_in_repo: str
    content: Path | bytes

    @property
    def size(self) -> int:
        """In bytes."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    @property
    def sha256(self) -> str:
        """Of the content, in hex."""
        if isinstance(self.content, bytes):
            return hashlib.sha256(self.content).hexdigest()
        with self.content.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What a publication did. ``pr_url`` where it is a pull request; ``tag`` where the version was tagged now."""

    commit_url: str
    is_new: bool
    pr_url: str | None = None
    tag: str | None = None


def dataset_url(repo_id: str) -> str:
    """The page of a dataset on the Hub that ``HF_ENDPOINT`` names."""
    from huggingface_hub import HfApi

    return f"{HfApi().endpoint}/datasets/{repo_id}"


def tag_of(manifest: Manifest) -> str:
    """The git tag of a version."""
    return f"v{manifest.version}"


def guard(
    folder: Path, repo_id: str, *, allow_sample: bool = False, show_progress: bool = False
) -> tuple[Manifest, list[Problem]]:
    """The manifest of a folder that may be published, and the warnings of its check.

    Raises:
        DataError: a bad repository id, an unsound folder, the sample without ``allow_sample``, or a build without redaction.
    """
    if not _REPO_ID.fullmatch(repo_id):
        raise DataError(f"{repo_id!r} is no repository id. Give ORG/NAME, such as acme/deescalwild.")
    problems = check(folder, show_progress=show_progress)
    if errors := [problem for problem in problems if problem.severity == "error"]:
        raise DataError(
            f"{folder} is not sound, {len(errors)} errors, the first: {str(errors[0]).rstrip('.')}. Run `deescalwild data check {folder}`."
        )
    manifest = read_manifest(folder)
    assert manifest is not None  # the check has read it
    if manifest.is_sample and not allow_sample:
        raise DataError(f"{folder} is the fictional sample. Build the corpus, or say --allow-sample if you mean it.")
    if not (manifest.privacy or manifest.is_sample):
        raise DataError(
            f"{folder} was built with --no-privacy and holds personal data. Build it again without that option."
        )
    return manifest, problems


def plan(folder: Path, repo_id: str, manifest: Manifest) -> list[PlannedFile]:
    """The tree that is published, sorted by path."""
    own = [PlannedFile(path, folder / path) for path in published_files(folder)]
    made = [
        PlannedFile("croissant.json", croissant(manifest, dataset_url(repo_id))),
        PlannedFile("eval.yaml", registration(manifest)),
    ]
    return sorted([*own, *made], key=lambda file: file.path_in_repo)


@contextmanager
def _hub_errors(repo_id: str) -> Iterator[None]:
    """The Hub client's errors as one sentence each."""
    import httpx2
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )

    try:
        yield
    except LocalTokenNotFoundError:
        raise HubError(
            "no token for the Hub. Run `hf auth login`, or set HF_TOKEN to a token that may write."
        ) from None
    except OfflineModeIsEnabled:
        raise HubError("HF_HUB_OFFLINE is set. Unset it to publish.") from None
    except HfHubHTTPError as error:
        raise HubError(_explain(error, repo_id)) from error
    except (httpx2.TransportError, LocalEntryNotFoundError, RuntimeError) as error:
        raise HubError(
            f"the connection to the Hub broke ({type(error).__name__}). Run the same command again; it goes on where it was."
        ) from error


def _explain(error: "Exception", repo_id: str) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    sentences = {
        401: "the Hub does not accept the token. Run `hf auth login`, or set HF_TOKEN to a valid one.",
        403: f"the token may not write to {repo_id}. Use one with write access there, or --create-pr.",
        404: f"{repo_id} is not there, or the token may not see it.",
        412: f"{repo_id} has changed since this began. Run the same command again.",
    }
    return (
        sentences.get(status or 0)
        or f"the Hub answered {status}. Try again later; what was uploaded is not sent again."
    )


def publish(
    repo_id: str,
    manifest: Manifest,
    files: list[PlannedFile],
    *,
    gated: Gate = "manual",
    private: bool = False,
    create_pr: bool = False,
) -> Outcome:
    """Upload a planned tree. ``guard`` and ``plan`` come first.

    Args:
        gated: how people get access; set before the first file is there, and only where this may write (not with ``create_pr``).
        private: for a repository that does not exist yet.
        create_pr: open a pull request instead of writing; the repository must exist. The version is tagged by publishing again when it is merged.

    Raises:
        DataError: the version's tag is there already, on other content.
        HubError: no token, no rights, no network, or a change in between.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    with _hub_errors(repo_id):
        user = api.whoami()["name"]
        if not create_pr:
            _prepare_repository(api, repo_id, gated, private=private)
        is_tagged = _is_tagged(api, repo_id, manifest)
        if create_pr:
            return _open_request(api, repo_id, manifest, files, user)
        head = api.repo_info(repo_id, repo_type="dataset").sha
        made = _commit(api, repo_id, manifest, files, head)
        if not is_tagged:
            api.create_tag(
                repo_id,
                tag=tag_of(manifest),
                revision=made.oid,
                tag_message=f"content sha256 {manifest.digest}",
                repo_type="dataset",
            )
    return Outcome(made.commit_url, is_new=made.oid != head, tag=None if is_tagged else tag_of(manifest))


def _prepare_repository(api: "HfApi", repo_id: str, gated: Gate, *, private: bool) -> None:
    api.create_repo(repo_id, repo_type="dataset", private=private or None, exist_ok=True)
    wanted = False if gated == "none" else gated
    if api.repo_info(repo_id, repo_type="dataset").gated != wanted:
        api.update_repo_settings(repo_id, repo_type="dataset", gated=wanted)


def _is_tagged(api: "HfApi", repo_id: str, manifest: Manifest) -> bool:
    """Whether the version is tagged with this very content."""
    tag = tag_of(manifest)
    if tag not in {ref.name for ref in api.list_repo_refs(repo_id, repo_type="dataset").tags}:
        return False
    published = read_manifest(Path(api.hf_hub_download(repo_id, MANIFEST, repo_type="dataset", revision=tag)).parent)
    if published is None or published.digest != manifest.digest:
        raise DataError(
            f"{repo_id} has a tag {tag} with other content. A published version never changes: raise BENCHMARK_VERSION and build again."
        )
    return True


def _title(manifest: Manifest) -> str:
    return f"DeEscalWild {manifest.version} ({manifest.digest[:8]})"


def _commit(
    api: "HfApi",
    repo_id: str,
    manifest: Manifest,
    files: list[PlannedFile],
    head: str | None,
    *,
    create_pr: bool = False,
) -> "CommitInfo":
    """One commit with everything; none where nothing has changed."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    planned = {file.path_in_repo for file in files}
    present = api.list_repo_files(repo_id, repo_type="dataset", revision=head)
    left_over = [
        path for path in present if path not in planned and path.partition("/")[0] in MANAGED_FOLDERS and "/" in path
    ]
    return api.create_commit(
        repo_id,
        [
            *(CommitOperationDelete(path) for path in sorted(left_over)),
            *(CommitOperationAdd(file.path_in_repo, file.content) for file in files),
        ],
        commit_message=_title(manifest),
        commit_description=f"Content sha256 {manifest.digest}. Written by `deescalwild data publish`.",
        repo_type="dataset",
        parent_commit=head,
        create_pr=create_pr,
    )


def _open_request(api: "HfApi", repo_id: str, manifest: Manifest, files: list[PlannedFile], user: str) -> Outcome:
    """A pull request; the one that is open already where this content was proposed before."""
    open_requests = api.get_repo_discussions(
        repo_id, repo_type="dataset", author=user, discussion_type="pull_request", discussion_status="open"
    )
    for request in open_requests:
        if request.title == _title(manifest):
            return Outcome(request.url, is_new=False, pr_url=request.url)
    head = api.repo_info(repo_id, repo_type="dataset").sha
    made = _commit(api, repo_id, manifest, files, head, create_pr=True)
    return Outcome(made.commit_url, is_new=made.oid != head, pr_url=made.pr_url)
