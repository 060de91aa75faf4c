"""The loopback Hub keeps the Hub's rules, as the real client sees them."""

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from tests.loopback_hub import loopback_hub

REPO = "acme/things"


@pytest.fixture(autouse=True)
def plain_uploads(monkeypatch):
    monkeypatch.setattr("huggingface_hub._commit_api.is_xet_available", lambda: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


@pytest.fixture
def hub():
    with loopback_hub() as running:
        yield running


@pytest.fixture
def alice(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token="hf_alice")


@pytest.fixture
def bob(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token="hf_bob")


def add(path: str, text: str) -> CommitOperationAdd:
    return CommitOperationAdd(path, text.encode())


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_commit_can_be_listed_downloaded_and_tagged(alice, kind, tmp_path):
    alice.create_repo(REPO, repo_type=kind)
    blob = CommitOperationAdd("data/x.bin", b"\0\1" * 500)
    made = alice.create_commit(REPO, [add("README.md", "---\ntags: [a]\n---\nhello"), blob], commit_message="first", repo_type=kind)
    alice.create_tag(REPO, tag="v1", repo_type=kind)
    info = alice.repo_info(REPO, repo_type=kind, revision="v1", files_metadata=True)
    assert info.sha == made.oid and info.tags == ["a"]
    assert {each.rfilename: bool(each.lfs) for each in info.siblings} == {
        ".gitattributes": False,
        "README.md": False,
        "data/x.bin": True,
    }
    assert {each.path for each in alice.list_repo_tree(REPO, repo_type=kind)} == {".gitattributes", "README.md", "data"}
    path = alice.hf_hub_download(REPO, "data/x.bin", repo_type=kind, revision="v1", cache_dir=tmp_path)
    assert open(path, "rb").read() == b"\0\1" * 500
    assert [each.title for each in alice.list_repo_commits(REPO, repo_type=kind)] == ["first", "initial commit"]
    assert [each.name for each in alice.list_repo_refs(REPO, repo_type=kind).tags] == ["v1"]
