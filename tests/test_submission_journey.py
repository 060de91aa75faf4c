"""A model's way to the board: submit → check → merge → run → result → verify → board.

Every step is the command a person would type, as a process of its own, against a Hub on loopback through ``HF_ENDPOINT``.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from eval_harness import offline_assets
from leaderboard_app.queue_view import read_queue
from leaderboard_app.store import build
from submissions.ledger import items_path, parse_result, verification_path
from submissions.states import parse_entry
from submissions.verification import Verification
from submissions.worker import now
from tests.hub_models import publish
from tests.loopback_hub import LoopbackHub, environment, loopback_hub, use_hub

MODEL, LEDGER = "bob/tiny-civilian", "acme/ledger"
ENCODER = f"{offline_assets.model_dir(offline_assets.ENCODER)}:{offline_assets.ENCODER_LAYER}"


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "own-cache")
        running.store.create("dataset", LEDGER, "alice")
        yield running


def command(hub: LoopbackHub, home: Path, who: str, *arguments: str) -> str:
    """Run ``deescalwild`` as somebody; its output."""
    env = environment(hub, home=home / who, token=f"hf_{who}") | {"DEESCALWILD_LEDGER": LEDGER}
    done = subprocess.run(
        [sys.executable, "-m", "deescalwild_cli", *arguments], env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


def published(hub: LoopbackHub, folder: Path) -> str:
    """The model of a folder on the Hub; its commit."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return publish(hub, MODEL, files | {"README.md": b"---\nlicense: apache-2.0\n---\nPlays the civilian.\n"})


def test_from_a_model_id_to_a_row_on_the_board(hub, tiny_model, tiny_data, tmp_path):
    sha = published(hub, tiny_model)
    place = f"bob__tiny-civilian/{sha[:12]}-float32-deescalwild"

    command(hub, tmp_path, "bob", "submit", MODEL, "--trained-on-corpus", "no", "--create-pr")
    assert "1: valid" in command(hub, tmp_path, "alice", "submissions", "watch", "--once")
    api = HfApi()
    api.merge_pull_request(LEDGER, 1, repo_type="dataset")
    (waiting,) = json.loads(f"[{command(hub, tmp_path, 'bob', 'submissions', 'queue', '--json').strip()}]")
    assert (waiting["request"], waiting["state"], waiting["position"]) == (f"requests/{place}.yaml", "pending", 1)

    said = command(
        hub, tmp_path, "alice", "submissions", "run", "--once", "--data", str(tiny_data), "--encoder", ENCODER
    )
    assert "finished" in said

    copy = Path(api.snapshot_download(LEDGER, repo_type="dataset", local_dir=tmp_path / "copy"))
    entry = parse_entry((copy / "queue" / f"{place}.json").read_bytes())
    assert entry.state == "finished" and len(entry.attempts) == 1 and entry.result is not None
    path = copy / "results" / entry.result
    result = parse_result(path.read_bytes())
    assert (result.model.id, result.model.revision, result.model.source) == (MODEL, sha, "hub")
    assert items_path(path).is_file()
    assert Verification.model_validate_json(verification_path(path).read_bytes()).tier == "verified"
    assert len(hub.store.repo("dataset", LEDGER).history("main")[0].files) == 6
    check = ("--ledger", str(copy / "results"), "--data", str(tiny_data), "--encoder", ENCODER, "--json")
    again = json.loads(command(hub, tmp_path, "bob", "submissions", "verify", str(path), *check))
    assert again["valid"], again["problems"]
    assert max(again["largest_difference"].values()) < 1e-4, "anybody comes to the same numbers"

    (board,) = build(copy / "results", tmp_path / "cache").boards
    assert [row.model.id for row in board.rows] == [MODEL]
    (shown,) = read_queue(copy, now())
    assert (shown.model, shown.state, shown.n_attempts) == (MODEL, "finished", 1)
