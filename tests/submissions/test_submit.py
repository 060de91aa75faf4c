"""``deescalwild submit`` against a loopback Hub, through the real client."""

import subprocess

import pytest
from typer.testing import CliRunner

from submissions.cli import app as submissions_app
from submissions.request_file import parse_request
from tests.hub_models import model_files, publish, weights
from tests.loopback_hub import loopback_hub, use_hub
from tests.loopback_hub.store import MAIN

MODEL = "acme/civilian"
LEDGER = "acme/ledger"
HONEST = ("--trained-on-corpus", "no")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A Hub with a ledger; bob, who is no member of acme, is signed in."""
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache", token="hf_bob")
        monkeypatch.delenv("DEESCALWILD_LEDGER", raising=False)
        running.store.create("dataset", LEDGER, "alice")
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield running


@pytest.fixture
def signed_out(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))


def submit(*arguments: str):
    import typer

    from submissions.commands.submit import submit as command

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(arguments), catch_exceptions=True)


def written(tmp_path) -> list[str]:
    work = tmp_path / "work"
    return sorted(
        path.relative_to(work).as_posix() for path in work.rglob("*") if path.is_file() and ".git" not in path.parts
    )


def test_the_hub_fills_in_what_it_knows(hub, tmp_path):
    sha = publish(hub, MODEL)
    done = submit(MODEL, *HONEST)
    assert done.exit_code == 0, done.output
    (path,) = written(tmp_path)
    assert path == f"submissions/requests/acme__civilian/{sha[:12]}-float16-deescalwild.yaml"
    request = parse_request((tmp_path / "work" / path).read_bytes())
    assert (request.model, request.revision, request.precision, request.kind) == (MODEL, sha, "float16", "base")
    assert (request.licence, request.contact, request.trained_on_corpus) == ("apache-2.0", "bob", "no")


def test_a_dry_run_shows_all_and_writes_nothing(hub, tmp_path):
    sha = publish(hub, MODEL)
    done = submit(MODEL, *HONEST, "--dry-run", "--create-pr", "--ledger", LEDGER)
    assert done.exit_code == 0
    assert f"revision: {sha}" in done.stdout and "64 parameters, 0 MB of safetensors (F16, llama)" in done.stderr
    assert written(tmp_path) == [] and hub.writes() == []


def test_an_adapter_names_its_base_and_the_bases_commit(hub, tmp_path):
    base = publish(hub, "acme/base")
    publish(
        hub,
        MODEL,
        model_files(
            model__safetensors=None,
            adapter_model__safetensors=weights(),
            adapter_config__json={"base_model_name_or_path": "acme/base"},
        ),
    )
    done = submit(MODEL, *HONEST)
    assert done.exit_code == 0, done.output
    request = parse_request((tmp_path / "work" / written(tmp_path)[0]).read_bytes())
    assert (request.kind, request.weights, request.base_model) == ("fine-tuned", "adapter", "acme/base")
    assert request.base_revision == base


@pytest.mark.parametrize("bits, precision", [(4, "int4"), (8, "int8")])
def test_a_quantised_checkpoint_is_submitted_as_one(hub, bits, precision):
    config = {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": bits}}
    publish(hub, MODEL, model_files(config__json=config))
    done = submit(MODEL, *HONEST, "--dry-run")
    assert f"precision: {precision}\n" in done.stdout and f"quantisation: gptq, {bits} bits\n" in done.stdout


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_written(hub, tmp_path):
    publish(
        hub,
        MODEL,
        model_files(config__json={"auto_map": {"AutoModel": "x.Y"}}, tokenizer_config__json=None, README__md="x"),
    )
    done = submit(MODEL, *HONEST, "--licence", "mit", "--create-pr", "--ledger", LEDGER)
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["config.json", "licence", "chat_template"], lines
    assert written(tmp_path) == [] and hub.writes() == []


def test_what_only_the_author_knows_is_asked_for(hub):
    publish(hub, MODEL)
    done = submit(MODEL)
    assert (done.exit_code, done.stderr.startswith("error: trained_on_corpus: is missing")) == (1, True)


@pytest.mark.parametrize(
    "name", ["civilian", "../civilian", "https://huggingface.co/acme/civilian", "acme/civi\u200blian"]
)
def test_a_name_that_is_none_is_refused_before_the_hub_is_asked(hub, name):
    done = submit(name, *HONEST)
    assert done.exit_code == 1 and done.stderr.startswith("error: model: is ")
    assert hub.requests == []


def test_without_a_token_it_goes_as_far_as_it_can(hub, signed_out, tmp_path):
    publish(hub, MODEL)
    done = submit(MODEL, *HONEST, "--contact", "bob", "--dry-run")
    assert done.exit_code == 0 and "no token: `hf auth login` before --create-pr" in done.stderr
    assert submit(MODEL, *HONEST, "--contact", "bob").exit_code == 0
    assert len(written(tmp_path)) == 1


def test_without_a_token_the_contact_is_asked_for(hub, signed_out):
    publish(hub, MODEL)
    assert "error: contact: is missing" in submit(MODEL, *HONEST).stderr


def test_an_api_is_not_looked_for_on_the_hub(hub):
    told = ("--kind", "api", "--precision", "none", "--revision", "0" * 40, "--licence", "other", "--contact", "bob")
    done = submit("openai/some-model", *HONEST, *told, "--dry-run")
    assert done.exit_code == 0 and "kind: api" in done.stdout, done.output
    assert hub.requests == []


def test_offline_it_says_what_the_hub_would_have_known(hub, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    done = submit(MODEL, *HONEST)
    assert done.exit_code == 2 and "error: revision: is missing" in done.stderr
    assert "HF_HUB_OFFLINE is set" in done.stderr.splitlines()[-1]
    told = (
        "--revision",
        "0" * 39 + "1",
        "--precision",
        "float16",
        "--kind",
        "base",
        "--licence",
        "mit",
        "--contact",
        "bob",
    )
    done = submit(MODEL, *HONEST, *told)
    assert done.exit_code == 2 and "not checked: HF_HUB_OFFLINE is set" in done.stderr
    assert len(written(tmp_path)) == 1


def test_a_request_is_never_written_over(hub, tmp_path):
    publish(hub, MODEL)
    assert submit(MODEL, *HONEST).exit_code == 0
    before = (tmp_path / "work" / written(tmp_path)[0]).read_bytes()
    done = submit(MODEL, *HONEST, "--comment", "again")
    assert "exists" in str(done.exception)
    assert (tmp_path / "work" / written(tmp_path)[0]).read_bytes() == before


class TestCreatePr:
    def test_on_the_hub_it_opens_one_with_the_one_file(self, hub, tmp_path):
        sha = publish(hub, MODEL)
        done = submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER)
        assert done.exit_code == 0, done.output
        repo = hub.store.repos["dataset", LEDGER]
        (opened,) = repo.discussions
        assert (opened.author, opened.title) == ("bob", f"Submit acme/civilian@{sha[:12]} (float16, deescalwild)")
        new = repo.resolve(opened.ref).files.keys() - repo.resolve(MAIN).files.keys()
        assert new == {f"requests/acme__civilian/{sha[:12]}-float16-deescalwild.yaml"}
        assert f"/datasets/{LEDGER}/discussions/1" in done.stderr and written(tmp_path) == []

    def test_a_second_time_finds_the_first(self, hub):
        publish(hub, MODEL)
        submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER)
        done = submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER)
        assert done.exit_code == 0 and "was open already" in done.stderr
        assert len(hub.store.repos["dataset", LEDGER].discussions) == 1

    def test_an_answer_that_was_lost_leaves_no_second_one(self, hub):
        """The Hub did the work and the connection broke."""
        publish(hub, MODEL)
        hub.faults["commit"].append(-1)
        assert submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER).exit_code != 0
        assert submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER).exit_code == 0
        assert len(hub.store.repos["dataset", LEDGER].discussions) == 1

    def test_a_merged_one_is_not_asked_for_again(self, hub):
        publish(hub, MODEL)
        submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER)
        repo = hub.store.repos["dataset", LEDGER]
        repo.merge(repo.discussions[0], "alice")
        done = submit(MODEL, *HONEST, "--create-pr", "--ledger", LEDGER)
        assert "already. See there how it stands" in str(done.exception)

    def test_without_a_token_it_says_how_to_get_one(self, hub, signed_out):
        publish(hub, MODEL)
        done = submit(MODEL, *HONEST, "--contact", "bob", "--create-pr", "--ledger", LEDGER)
        assert "hf auth login" in str(done.exception)
        assert hub.store.repos["dataset", LEDGER].discussions == []

    def test_in_a_git_checkout_it_prints_what_to_run_for_github(self, hub, tmp_path):
        sha = publish(hub, MODEL)
        subprocess.run(["git", "init", "--quiet"], check=True)
        done = submit(MODEL, *HONEST, "--create-pr")
        assert done.exit_code == 0, done.output
        commands = [line for line in done.stdout.splitlines() if line.startswith(("git ", "gh "))]
        path = f"submissions/requests/acme__civilian/{sha[:12]}-float16-deescalwild.yaml"
        assert commands[0] == f"git switch --create submit/acme__civilian-{sha[:12]}-float16-deescalwild"
        assert commands[1] == f"git add {path}" and commands[3].startswith(
            "gh pr create --title 'Submit acme/civilian@"
        )
        for command in commands[:3]:
            identity = "GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org"
            subprocess.run(f"{identity} {command}", shell=True, check=True, capture_output=True)  # noqa: S602 - what we print
        shown = subprocess.run(["git", "show", "--name-only", "--format="], capture_output=True, text=True, check=True)
        assert shown.stdout.split() == [path]

    def test_outside_a_checkout_it_says_what_to_give(self, hub, tmp_path):
        publish(hub, MODEL)
        done = submit(MODEL, *HONEST, "--create-pr")
        assert "Give --ledger ORG/NAME" in str(done.exception) and written(tmp_path) == []


def test_what_submit_writes_passes_the_check(hub, tmp_path):
    publish(hub, MODEL)
    assert submit(MODEL, *HONEST).exit_code == 0
    done = CliRunner().invoke(submissions_app, ["check", written(tmp_path)[0]])
    assert done.exit_code == 0 and "valid, 11 checks passed" in done.stdout, done.output
