"""The loopback Hub keeps the Hub's rules, as the real client sees them."""

from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.loopback_hub import LoopbackHub, loopback_hub

REPO = "acme/things"


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with loopback_hub() as running:
        yield running


@pytest.fixture
def alice(hub) -> HfApi:
    """A member of acme, and a repository there."""
    api = HfApi(endpoint=hub.url, token="hf_alice")
    api.create_repo(REPO, repo_type="dataset")
    return api


@pytest.fixture
def bob(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token="hf_bob")


def add(path: str, text: str) -> CommitOperationAdd:
    return CommitOperationAdd(path, text.encode())


def push(api: HfApi, *operations, kind: str = "dataset", **options):
    return api.create_commit(REPO, operations, commit_message="change", repo_type=kind, **options)


def status_of(call, *args, **options) -> int:
    with pytest.raises(HfHubHTTPError) as refused:
        call(*args, **options)
    return refused.value.response.status_code


def text_of(api: HfApi, path: str, tmp_path: Path, **options) -> str:
    return Path(api.hf_hub_download(REPO, path, repo_type="dataset", cache_dir=tmp_path, **options)).read_text()


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_commit_can_be_listed_downloaded_and_tagged(hub, kind, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_alice")
    api.create_repo(REPO, repo_type=kind, space_sdk="gradio" if kind == "space" else None)
    made = push(
        api, add("README.md", "---\ntags: [a]\n---\nhello"), CommitOperationAdd("data/x.bin", b"\0\1" * 500), kind=kind
    )
    api.create_tag(REPO, tag="v1", repo_type=kind)
    info = api.repo_info(REPO, repo_type=kind, revision="v1", files_metadata=True)
    assert info.sha == made.oid
    assert info.tags == ["a"]
    assert {each.rfilename: bool(each.lfs) for each in info.siblings} == {
        ".gitattributes": False,
        "README.md": False,
        "data/x.bin": True,
    }
    assert {each.path for each in api.list_repo_tree(REPO, repo_type=kind)} == {".gitattributes", "README.md", "data"}
    path = api.hf_hub_download(REPO, "data/x.bin", repo_type=kind, revision="v1", cache_dir=tmp_path)
    assert Path(path).read_bytes() == b"\0\1" * 500
    assert [each.title for each in api.list_repo_commits(REPO, repo_type=kind)] == ["change", "initial commit"]
    assert [each.name for each in api.list_repo_refs(REPO, repo_type=kind).tags] == ["v1"]


def test_a_repository_is_made_once(alice, hub):
    assert status_of(alice.create_repo, REPO, repo_type="dataset") == 409
    assert alice.create_repo(REPO, repo_type="dataset", exist_ok=True) == f"{hub.url}/datasets/{REPO}"


def test_unchanged_files_make_no_commit(alice, hub):
    first = push(alice, add("a.txt", "a"), CommitOperationAdd("b.parquet", b"PAR1"))
    again = push(alice, add("a.txt", "a"), CommitOperationAdd("b.parquet", b"PAR1"))
    assert again.oid == first.oid
    assert len(hub.store.repos["dataset", REPO].commits) == 2


def test_a_stale_parent_commit_is_refused(alice):
    stale = alice.dataset_info(REPO).sha
    push(alice, add("a.txt", "a"))
    assert status_of(push, alice, add("a.txt", "b"), parent_commit=stale) == 412


def test_files_and_folders_can_be_deleted(alice):
    push(alice, add("a/one", "1"), add("a/two", "2"), add("b", "3"))
    push(alice, CommitOperationDelete("a/"), CommitOperationDelete("b"))
    assert alice.list_repo_files(REPO, repo_type="dataset") == [".gitattributes"]


def test_who_is_no_member_cannot_write_but_can_propose(alice, bob):
    assert status_of(push, bob, add("a.txt", "a")) == 403
    assert status_of(bob.create_repo, "acme/other") == 403
    assert push(bob, add("a.txt", "a"), create_pr=True).pr_num == 1


def test_a_pull_request_can_be_discussed_changed_and_merged(alice, bob, tmp_path):
    made = push(bob, add("a.txt", "a"), create_pr=True, commit_description="why")
    push(bob, add("b.txt", "b"), revision=made.pr_revision)
    alice.comment_discussion(REPO, 1, comment="thank you", repo_type="dataset")
    details = bob.get_discussion_details(REPO, 1, repo_type="dataset")
    assert (details.status, details.author, details.conflicting_files) == ("open", "bob", [])
    assert [event.type for event in details.events] == ["comment", "commit", "commit", "comment"]
    assert text_of(bob, "a.txt", tmp_path, revision="refs/pr/1") == "a"
    assert status_of(bob.merge_pull_request, REPO, 1, repo_type="dataset") == 403
    alice.merge_pull_request(REPO, 1, repo_type="dataset")
    assert text_of(bob, "b.txt", tmp_path) == "b"
    assert [each.status for each in bob.get_repo_discussions(REPO, repo_type="dataset")] == ["merged"]


def test_a_pull_request_that_conflicts_is_not_merged(alice, bob):
    push(bob, add("a.txt", "bob's"), create_pr=True)
    push(alice, add("a.txt", "alice's"))
    assert bob.get_discussion_details(REPO, 1, repo_type="dataset").conflicting_files == ["a.txt"]
    assert status_of(alice.merge_pull_request, REPO, 1, repo_type="dataset") == 409


def test_a_pull_request_can_be_closed_and_listed_by_status_and_author(alice, bob):
    push(bob, add("a.txt", "a"), create_pr=True)
    bob.change_discussion_status(REPO, 1, "closed", comment="not needed", repo_type="dataset")
    alice.create_discussion(REPO, "A question", repo_type="dataset")
    listed = alice.get_repo_discussions(REPO, repo_type="dataset", discussion_status="open")
    assert [(each.num, each.is_pull_request) for each in listed] == [(2, False)]
    own = alice.get_repo_discussions(REPO, repo_type="dataset", author="bob", discussion_type="pull_request")
    assert [each.status for each in own] == ["closed"]


def test_a_tag_is_set_once(alice):
    alice.create_tag(REPO, tag="v1", repo_type="dataset")
    assert status_of(alice.create_tag, REPO, tag="v1", repo_type="dataset") == 409
    alice.delete_tag(REPO, tag="v1", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        alice.dataset_info(REPO, revision="v1")


def test_branches_stand_apart(alice, tmp_path):
    alice.create_branch(REPO, branch="draft", repo_type="dataset")
    push(alice, add("a.txt", "draft"), revision="draft")
    assert text_of(alice, "a.txt", tmp_path, revision="draft") == "draft"
    with pytest.raises(EntryNotFoundError):
        text_of(alice, "a.txt", tmp_path)


def test_a_private_repository_is_not_there_for_others(alice, bob):
    alice.update_repo_settings(REPO, private=True, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        bob.dataset_info(REPO)
    assert [each.id for each in bob.list_datasets(author="acme")] == []
    assert [each.id for each in alice.list_datasets(author="acme")] == [REPO]


def test_files_of_a_gated_repository_are_for_those_who_were_let_in(alice, bob, hub, tmp_path):
    push(alice, add("a.txt", "a"))
    alice.update_repo_settings(REPO, gated="manual", repo_type="dataset")
    assert bob.dataset_info(REPO).gated == "manual"
    with pytest.raises(GatedRepoError):
        text_of(bob, "a.txt", tmp_path)
    hub.store.repos["dataset", REPO].granted.add("bob")
    assert text_of(bob, "a.txt", tmp_path) == "a"


def test_an_unknown_token_is_refused_and_none_is_a_stranger(alice, hub):
    assert status_of(HfApi(endpoint=hub.url, token="hf_wrong").whoami) == 401
    assert HfApi(endpoint=hub.url, token=False).dataset_info(REPO).id == REPO
    assert alice.whoami()["orgs"][0]["name"] == "acme"


def test_a_part_of_a_file_can_be_asked_for(alice, hub):
    import requests

    push(alice, add("a.txt", "0123456789"))
    url = f"{hub.url}/datasets/{REPO}/resolve/main/a.txt"
    part = requests.get(url, headers={"Range": "bytes=2-4"}, timeout=5)
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "234", "bytes 2-4/10")
    assert requests.get(url, headers={"Range": "bytes=99-"}, timeout=5).status_code == 416


def test_faults_come_when_they_are_asked_for(alice, hub: LoopbackHub):
    hub.faults["commit"].append(503)
    assert status_of(push, alice, add("a.txt", "a")) == 503
    assert push(alice, add("a.txt", "a")).oid in hub.store.repos["dataset", REPO].commits
    assert ("POST", f"/api/datasets/{REPO}/commit/main") in hub.writes()
