"""Publishing, against a Hub on loopback, with the real client: one commit, one tag, and every step can be repeated."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
import yaml
from huggingface_hub import HfApi, constants
from pydantic import ValidationError
from typer.testing import CliRunner

from dataset_script import BENCHMARK_VERSION
from dataset_script.commands.publish import publish as publish_command
from dataset_script.errors import DataError
from dataset_script.manifest import read_manifest
from dataset_script.publishing.evaluation_registration import Registration, registration
from dataset_script.publishing.publish import HubError, Outcome, guard, plan, publish
from submissions.schema import METRICS
from tests.built_folders import build_small, edit_manifest, edit_scenarios, rows_of, seal, write_rows
from tests.loopback_hub import LoopbackHub, environment, loopback_hub, use_hub

REPO = "acme/deescalwild"
KEY = ("dataset", REPO)


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    """A small build that counts as the sample, so that it may be published by tests."""
    return build_small(tmp_path_factory.mktemp("sample"), is_sample=True)


@pytest.fixture
def folder(sample, tmp_path) -> Path:
    return Path(shutil.copytree(sample, tmp_path / "deescalwild"))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub that the client takes for the real one; alice, a member of acme, is signed in."""
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache")
        yield running


def upload(folder: Path, **options) -> Outcome:
    """Guarded as the command does it."""
    manifest, _ = guard(folder, REPO, allow_sample=True)
    return publish(REPO, manifest, plan(folder, REPO, manifest), **({"gated": "none"} | options))


def published(hub: LoopbackHub, revision: str = "main") -> dict[str, bytes]:
    commit = hub.store.repos[KEY].resolve(revision)
    return {path: file.content for path, file in commit.files.items() if path != ".gitattributes"}


def test_the_plan_is_the_folder_and_two_files_more(folder):
    files = plan(folder, REPO, read_manifest(folder))
    paths = [file.path_in_repo for file in files]
    in_folder = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(paths) == in_folder | {"croissant.json", "eval.yaml"}
    assert paths == sorted(paths)
    assert files == plan(folder, REPO, read_manifest(folder))


def test_all_of_it_goes_up_in_one_tagged_commit(folder, hub):
    outcome = upload(folder)
    repo = hub.store.repos[KEY]
    assert (outcome.is_new, outcome.tag) == (True, f"v{read_manifest(folder).version}")
    assert [commit.title[:11] for commit in repo.history("main")] == ["DeEscalWild", "initial com"]
    assert repo.resolve(outcome.tag) == repo.resolve("main")
    planned = {file.path_in_repo: file.content for file in plan(folder, REPO, read_manifest(folder))}
    contents = {
        path: content if isinstance(content, bytes) else content.read_bytes() for path, content in planned.items()
    }
    assert published(hub) == contents


def test_a_second_run_changes_nothing(folder, hub):
    upload(folder)
    before = len(hub.writes())
    outcome = upload(folder)
    assert (outcome.is_new, outcome.tag) == (False, None)
    assert [path for _, path in hub.writes()[before:]] == ["/api/repos/create"]
    assert len(hub.store.repos[KEY].commits) == 2


@pytest.mark.parametrize(
    ("step", "fault"), [("commit", 503), ("commit", -1), ("create_tag", 500), ("upload_object", 400)]
)
def test_a_run_that_was_cut_is_finished_by_the_next(folder, hub, step, fault):
    hub.faults[step].append(fault)
    with pytest.raises(HubError):
        upload(folder)
    stored = set(hub.store.objects)
    before = len(hub.requests)
    outcome = upload(folder)
    sent_again = [
        path for method, path in hub.requests[before:] if method == "PUT" and path.rpartition("/")[2] in stored
    ]
    assert outcome.tag
    assert sent_again == []
    assert len(hub.store.repos[KEY].history("main")) == 2
    assert hub.store.repos[KEY].resolve(outcome.tag) == hub.store.repos[KEY].resolve("main")


def test_other_content_under_the_same_version_is_refused_and_changes_nothing(folder, hub):
    upload(folder)
    before = published(hub)
    edit_scenarios(folder, "train", lambda found: [replace(found[0], category="else"), *found[1:]])
    seal(folder)
    with pytest.raises(DataError, match="A published version never changes"):
        upload(folder)
    assert published(hub) == before


def test_a_new_version_takes_the_old_files_away_and_leaves_others_alone(folder, hub, monkeypatch):
    upload(folder)
    api = HfApi(endpoint=hub.url, token="hf_alice")
    for path in ("items/train-00000-of-00002.parquet", "LICENSE", "report/old.jsonl"):
        api.upload_file(path_or_fileobj=b"old", path_in_repo=path, repo_id=REPO, repo_type="dataset")
    edit_manifest(folder, version="9.0.0")
    for config in ("scenarios", "chat", "items"):
        for split in ("train", "validation", "test"):
            write_rows(folder, config, split, rows_of(folder, config, split))
    seal(folder)
    outcome = upload(folder)
    assert outcome.tag == "v9.0.0"
    assert set(published(hub)) == {file.path_in_repo for file in plan(folder, REPO, read_manifest(folder))} | {
        "LICENSE"
    }
    assert "LICENSE" not in published(hub, f"v{BENCHMARK_VERSION}")


def test_the_gate_is_closed_before_the_first_file_is_there(folder, hub):
    upload(folder, gated="manual")
    assert hub.store.repos[KEY].gated == "manual"
    paths = [path for _, path in hub.writes()]
    assert paths.index(f"/api/datasets/{REPO}/settings") < paths.index(f"/api/datasets/{REPO}/commit/main")


def test_a_pull_request_is_opened_once_and_tagged_after_the_merge(folder, hub, monkeypatch):
    HfApi(endpoint=hub.url, token="hf_alice").create_repo(REPO, repo_type="dataset")
    monkeypatch.setenv("HF_TOKEN", "hf_bob")
    opened = upload(folder, create_pr=True)
    again = upload(folder, create_pr=True)
    repo = hub.store.repos[KEY]
    assert (opened.is_new, again.is_new) == (True, False)
    assert opened.pr_url == again.pr_url
    assert (len(repo.discussions), published(hub), repo.gated) == (1, {}, False)
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    HfApi(endpoint=hub.url, token="hf_alice").merge_pull_request(REPO, 1, repo_type="dataset")
    tagged = upload(folder)
    assert (tagged.is_new, tagged.tag) == (False, f"v{BENCHMARK_VERSION}")


def test_a_change_in_between_is_noticed(folder, hub, monkeypatch):
    upload(folder)
    hub.faults["commit"].append(412)
    (folder / "ERRATA.md").write_text("# Errata\n\nOne.\n")
    with pytest.raises(HubError, match="has changed since this began"):
        upload(folder)


def test_no_token_no_rights_and_no_network_are_each_one_sentence(folder, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_bob")
    with pytest.raises(HubError, match=f"may not write to {REPO}"):
        upload(folder)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="does not accept the token"):
        upload(folder)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent")
    with pytest.raises(HubError, match="no token for the Hub"):
        upload(folder)
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        upload(folder)
    assert KEY not in hub.store.repos


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "stray").touch(), "is not sound, 1 errors, the first: error: stray"),
        (lambda folder: edit_manifest(folder, is_sample=True), "is the fictional sample"),
    ],
)
def test_what_must_not_be_published_is_refused(folder, change, sentence):
    change(folder)
    with pytest.raises(DataError, match=sentence):
        guard(folder, REPO)


def test_a_manifest_with_a_field_of_its_own_is_refused_in_one_sentence(folder):
    edit_manifest(folder, mapping={"Ada": "[NAME_1]"})
    with pytest.raises(DataError, match=r"manifest.json: mapping is no field of a manifest\. Run"):
        guard(folder, REPO, allow_sample=True)


def test_a_build_that_was_not_redacted_is_refused(folder):
    edit_manifest(folder, is_sample=False, privacy=False)
    seal(folder)
    with pytest.raises(DataError, match="holds personal data"):
        guard(folder, REPO)


@pytest.mark.parametrize("repo_id", ["deescalwild", "acme/a/b", "../x", "acme/", "-a/b", "acme/x y"])
def test_a_repository_id_of_another_form_is_refused(folder, repo_id):
    with pytest.raises(DataError, match="is no repository id"):
        guard(folder, repo_id, allow_sample=True)


def test_a_dry_run_prints_the_tree_and_asks_nobody(folder, hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    app = typer.Typer()
    app.command()(publish_command)
    told = CliRunner().invoke(app, [REPO, "--folder", str(folder), "--dry-run", "--allow-sample"])
    assert told.exit_code == 0, told.output
    assert hub.requests == []
    lines = told.stdout.splitlines()
    planned = plan(folder, REPO, read_manifest(folder))
    assert [line.split()[-1] for line in lines[:-1]] == [file.path_in_repo for file in planned]
    assert lines[-1].startswith(f"{hub.url}/datasets/{REPO}: {len(planned)} files, ")
    assert lines[-1].endswith(f"tag v{BENCHMARK_VERSION}, access: none. Nothing was sent.")


def test_what_was_published_loads_from_the_hub_at_its_tag(folder, hub, tmp_path):
    upload(folder, gated="auto")
    script = (
        "from datasets import load_dataset\n"
        f"tag = 'v{BENCHMARK_VERSION}'\n"
        f"whole = load_dataset('{REPO}', revision=tag)\n"
        f"chat = load_dataset('{REPO}', 'chat', split='train')\n"
        f"first = next(iter(load_dataset('{REPO}', 'items', split='test', streaming=True)))\n"
        "print({split: len(rows) for split, rows in whole.items()}, chat.column_names, first['item_id'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment(hub, home=tmp_path / "home"),
        cwd=tmp_path,
        timeout=120,
    )
    counts = {split: own["scenarios"] for split, own in read_manifest(folder).counts.items()}
    first = rows_of(folder, "items", "test")[0]["item_id"]
    assert done.stdout == f"{counts} ['scenario_id', 'messages'] {first}\n", done.stderr


def test_the_croissant_file_is_valid_and_its_records_can_be_read(folder, tmp_path):
    import mlcroissant

    manifest = read_manifest(folder)
    (described,) = (file for file in plan(folder, REPO, manifest) if file.path_in_repo == "croissant.json")
    path = tmp_path / "croissant.json"
    path.write_bytes(described.content)
    dataset = mlcroissant.Dataset(jsonld=str(path), mapping={"repo": folder})
    assert dataset.metadata.issues.errors == set()
    assert len(list(dataset.records("items"))) == sum(own["items_as_released"] for own in manifest.counts.values())
    row = next(iter(dataset.records("scenarios")))
    expected = next(
        found
        for found in rows_of(folder, "scenarios", row["scenarios/split"].decode())
        if found["scenario_id"] == row["scenarios/scenario_id"].decode()
    )
    assert [turn["scenarios/turns/text"].decode() for turn in row["scenarios/turns"]] == [
        turn["text"] for turn in expected["turns"]
    ]
    chat = next(iter(dataset.records("chat")))
    assert chat["chat/messages"][0]["chat/messages/role"] == b"system"


def test_the_benchmark_is_registered_with_a_task_a_protocol_that_the_harness_has(folder):
    stated = yaml.safe_load(registration(read_manifest(folder)))
    assert Registration.model_validate(stated)
    assert [task["id"] for task in stated["tasks"]] == [
        f"{protocol}_{metric}" for protocol in ("deescalwild", "deescalwild_paper") for metric in METRICS
    ]
    tasks = Path(__file__).parents[2] / "eval_harness" / "tasks" / "deescalwild"
    for protocol in ("deescalwild", "deescalwild_paper"):
        assert yaml.safe_load((tasks / f"{protocol}.yaml").read_text().replace("!function", ""))["task"] == protocol
    with pytest.raises(ValidationError):
        Registration.model_validate({**stated, "metrics": []})
