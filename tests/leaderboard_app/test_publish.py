"""The board as a Space: what is in it, how it gets onto the Hub, and that it starts from its own requirements and nothing else."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from typer.testing import CliRunner

from leaderboard_app.publish import plan, publish, write
from leaderboard_app.store import code_digest
from submissions.decisions import decide
from submissions.hub import HubUnreachable
from submissions.ledger import LedgerError, path_of, write_result
from tests.loopback_hub import loopback_hub, use_hub
from tests.results import make_result

SPACE = "acme/deescalwild-leaderboard"


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "ledger" / "results"
    for model, quality in (("baseline/constant", 1.0), ("acme/one", 1.5), ("acme/two", 1.2)):
        write_result(folder, make_result(model, quality), b"")
    return folder


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache")
        yield running


def on_hub(hub):
    commit = hub.store.repos[("space", SPACE)].resolve("main")
    return {path: file.content for path, file in commit.files.items() if path != ".gitattributes"}


def commits(hub):
    return [path for method, path in hub.writes() if "/commit/" in path]


def contents(files):
    return {file.path: file.read() for file in files}


def test_the_space_holds_app_ledger_and_their_code_and_needs_no_torch(results):
    decide(
        results.parent,
        results / path_of(Path(), make_result("acme/two")),
        "withhold",
        "predictions are missing",
        decided_by="ada",
    )
    files = contents(plan(results))
    assert {"app.py", "README.md", "requirements.txt", "leaderboard_app/templates/table.html.jinja"} <= set(files)
    assert {"submissions/schema.py", "submissions/decisions.jsonl", "submissions/reported.csv"} <= set(files)
    assert sum(path.startswith("submissions/results/") for path in files) == 6
    names = {line.split("==")[0].split("[")[0] for line in files["requirements.txt"].decode().splitlines()}
    assert "gradio" in names and names.isdisjoint({"torch", "transformers", "datasets", "lm-eval"})
    assert all("==" in line for line in files["requirements.txt"].decode().splitlines())


def test_the_readme_tells_the_hub_how_to_run_it(results):
    about = yaml.safe_load(contents(plan(results))["README.md"].decode().split("---")[1])
    assert about["sdk"] == "gradio" and about["app_file"] == "app.py" and "hf_oauth" not in about
    assert f"gradio=={about['sdk_version']}\n" in contents(plan(results))["requirements.txt"].decode()
    assert len(about["short_description"]) <= 60


def test_people_can_sign_in_where_submissions_have_a_ledger_to_go_to(results):
    files = contents(plan(results, "acme/ledger"))
    about = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert about["hf_oauth"] and about["hf_oauth_scopes"] == ["write-discussions"]
    assert "gradio[oauth]==" in files["requirements.txt"].decode() and "acme/ledger" in files["app.py"].decode()


def test_links_hidden_files_and_caches_stay_behind(results, tmp_path):
    (tmp_path / "token").write_text("hf_secret")
    (results / "acme__one" / "link.json").symlink_to(tmp_path / "token")
    (results / "acme__one" / ".env").write_text("hf_secret")
    files = contents(plan(results))
    assert not any("__pycache__" in path or "/." in path for path in files)
    assert all(b"hf_secret" not in content for content in files.values())


def test_it_goes_up_in_one_commit_and_a_second_time_changes_nothing(results, hub):
    files = plan(results)
    assert publish(SPACE, files) == f"{hub.url}/spaces/{SPACE}"
    assert on_hub(hub) == contents(files) and len(commits(hub)) == 1
    before = hub.store.repos[("space", SPACE)].resolve("main").oid
    publish(SPACE, plan(results))
    assert hub.store.repos[("space", SPACE)].resolve("main").oid == before


def test_a_later_one_takes_away_what_is_no_longer_ours_and_keeps_what_permalinks_need(results, hub):
    publish(SPACE, plan(results))
    old = {path for path in on_hub(hub) if path.startswith("submissions/snapshots/")}
    for path in (results / "acme__two").iterdir():
        path.unlink()
    publish(SPACE, plan(results))
    after = set(on_hub(hub))
    assert not any("acme__two" in path for path in after)
    assert old and old <= after and all(code_digest() in path for path in old)
    assert len({path.split("/")[2] for path in after if path.startswith("submissions/snapshots/")}) == 2


def test_a_space_of_somebody_else_is_refused_in_a_sentence(results, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_bob")
    with pytest.raises(HubUnreachable, match="token"):
        publish(SPACE, plan(results))


def test_an_empty_ledger_is_no_space(tmp_path):
    (tmp_path / "results").mkdir()
    with pytest.raises(LedgerError, match="deescalwild evaluate"):
        plan(tmp_path / "results")


def test_a_folder_with_something_in_it_is_left_alone(results, tmp_path):
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "mine.txt").write_text("mine")
    with pytest.raises(LedgerError, match="not empty"):
        write(plan(results), tmp_path / "space")


def run(*arguments):
    from deescalwild_cli.main import app

    return CliRunner().invoke(app, ["leaderboard", "publish", *map(str, arguments)])


def test_a_dry_run_lists_the_files_and_uploads_nothing(results, hub):
    answer = run(SPACE, "--results", results, "--dry-run")
    assert answer.exit_code == 0 and hub.requests == []
    assert {line.split()[1] for line in answer.output.splitlines()[:-1]} == {file.path for file in plan(results)}
    assert "nothing was uploaded" in answer.output


@pytest.mark.parametrize("name", ["board", "a/b/c", "../x", "acme/", "acme/a b", "acme/" + "x" * 200])
def test_what_is_no_repository_id_is_refused(results, name):
    answer = run(name, "--results", results, "--dry-run")
    assert answer.exception.exit_code == 1 and "ORG/NAME" in str(answer.exception)


def fresh_environment(folder: Path, requirements: Path) -> Path:
    """A virtual environment with these requirements alone; returns its Python. By uv: pip needs minutes for the same."""
    subprocess.run([sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--system-certs", "--python", python]
    subprocess.run([*install, "--requirement", requirements], check=True, timeout=300)
    return python


def get(address: str, process: subprocess.Popen, wait_s: float = 120) -> bytes:
    until = time.monotonic() + wait_s
    while True:
        try:
            with urlopen(address, timeout=30) as answer:
                return answer.read()
        except OSError:
            assert process.poll() is None and time.monotonic() < until, f"{address} does not answer"
            time.sleep(0.2)


def test_it_starts_in_a_fresh_environment_with_its_own_requirements_only(results, tmp_path):
    space = tmp_path / "space"
    write(plan(results, "acme/ledger"), space)
    python = fresh_environment(tmp_path / "fresh", space / "requirements.txt")
    own = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    own |= {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": "7901",
        "DEESCALWILD_CACHE": str(tmp_path / "cache"),
    }
    process = subprocess.Popen([python, "app.py"], cwd=space, env=own)
    try:
        table = json.loads(get("http://127.0.0.1:7901/view", process))["table"]
        assert "acme/<wbr>one" in table and "acme/<wbr>two" in table
        get("http://127.0.0.1:7901/ready", process)
        for page in ("", "latency", "fine-tuned", "compare", "model", "queue", "submit", "paper", "about"):
            assert b"DeEscalWild" in get(f"http://127.0.0.1:7901/{page}", process)
        code = "import importlib.util as u; print([n for n in ('torch', 'transformers', 'datasets') if u.find_spec(n)])"
        assert subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
        assert not list((tmp_path / "cache").rglob("snapshot.json"))  # the one that was shipped was used
    finally:
        process.terminate()
        process.wait(timeout=20)
