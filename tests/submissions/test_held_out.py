"""The private split: measured by the worker, recomputed, and of it only aggregates leave."""

import gzip
import threading
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from eval_harness import models, offline_assets
from eval_harness.run import Settings, evaluate
from submissions.engines import Engine, EvaluationFailed, Job
from submissions.ledger import LedgerError, pack_items, result_files, verification_path, write_result
from submissions.scoring import held_out_folder
from submissions.stores.local import LocalStore
from submissions.verification import Verification
from submissions.worker import Setup, Worker
from tests.built_folders import build_with_splits
from tests.loopback_hub import File, loopback_hub, use_hub
from tests.loopback_hub.store import MAIN
from tests.results import make_result
from tests.submissions.queued import add_request, make_request, result_for, unchecked

ENCODER = f"{offline_assets.model_dir(offline_assets.ENCODER)}:{offline_assets.ENCODER_LAYER}"
MODEL = "bob/tiny-civilian"


@dataclass
class InThisProcess:
    """Runs the evaluation of a model's folder in the test's own process, which has its libraries loaded."""

    folder: Path
    shares_private_data: bool = True

    def evaluate(self, job: Job, stop: threading.Event) -> None:
        evaluate(models.resolve(str(self.folder), ledger_name=job.request.model), Settings(job.data, job.output))


@dataclass
class Quotes:
    """Fails on one dataset, quoting it; answers any other at once."""

    data: Path
    shares_private_data: bool = True

    def evaluate(self, job: Job, stop: threading.Event) -> None:
        if job.data == self.data:
            raise EvaluationFailed(texts(job.data)[0], "\n".join(texts(job.data)))
        write_result(job.output, result_for(job.request, make_result(job.request.model)), pack_items([]))


@pytest.fixture(scope="module")
def private(tmp_path_factory) -> Path:
    """A built dataset of sample scenarios, none of which is in ``tiny_data``."""
    splits = ("test", "train", "validation")
    return build_with_splits(tmp_path_factory.mktemp("gated"), splits, skipped=9, name="the-private-split")


def texts(built: Path) -> list[str]:
    """What was said in a built dataset, without the short replies that anybody gives."""
    rows = [row for path in built.rglob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    said = {turn["text"] for row in rows for turn in row.get("turns") or ()}
    return sorted(text for text in said if len(text.split()) > 3)


def names(built: Path) -> set[str]:
    """Ids of its scenarios, and of its items with them."""
    rows = [row for path in built.rglob("*.parquet") for row in parquet.read_table(path).to_pylist()]
    return {row["scenario_id"] for row in rows}


def written(folder: Path) -> str:
    """Everything in a ledger, unpacked."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode() for path in found
    )


def work(ledger: Path, engine: Engine, setup: Setup) -> tuple[str, list[str]]:
    """One attempt; the state after it and what the worker said."""
    said: list[str] = []
    return Worker(LocalStore(ledger), engine, setup, said.append).step().state, said


def test_only_aggregates_leave_the_worker(tmp_path, tiny_model, tiny_data, private):
    ledger, attempts = tmp_path / "ledger", tmp_path / "attempts"
    attempts.mkdir()
    add_request(ledger, make_request(MODEL, revision=models.resolve(str(tiny_model)).model.revision))
    setup = Setup(tiny_data, work=attempts, held_out=private, encoder=ENCODER)
    state, said = work(ledger, InThisProcess(tiny_model), setup)
    assert state == "finished", said

    (path,) = result_files(ledger / "results")
    record = Verification.model_validate_json(verification_path(path).read_bytes())
    assert record.heldout is not None and record.heldout.n_scenarios == 1
    score = record.heldout.scores.bertscore
    assert 0 < score.low <= record.held_out["bertscore"] <= score.high

    everything = written(ledger) + "\n".join(said)
    assert any(text in everything for text in texts(tiny_data)), (
        "the public split's texts are there, so they would be found"
    )
    assert [text for text in texts(private) if text in everything] == []
    assert [name for name in names(private) if name in everything] == []
    assert private.name not in everything
    assert list(attempts.iterdir()) == []


def test_a_failure_on_the_private_split_is_visible_and_quotes_nothing(tmp_path, private):
    ledger = tmp_path / "ledger"
    name = add_request(ledger, make_request(MODEL))
    setup = Setup(tmp_path, held_out=private, check=unchecked)
    state, said = work(ledger, Quotes(private), setup)
    entry = LocalStore(ledger).snapshot().entries[name]
    assert state == "pending" and "private split failed" in entry.attempts[0].reason
    everything = written(ledger) + "\n".join(said)
    assert [text for text in texts(private) if text in everything] == []


def test_where_others_would_see_it_the_private_split_stays_here(tmp_path, private):
    ledger = tmp_path / "ledger"
    add_request(ledger, make_request(MODEL))
    setup = Setup(tmp_path, held_out=private, check=unchecked)
    state, said = work(ledger, Quotes(private, shares_private_data=False), setup)
    assert state == "finished", said


class TestWhere:
    def test_a_folder_as_it_is_and_none_where_none_is_named(self, private):
        assert held_out_folder({"DEESCALWILD_HELDOUT": str(private)}) == private
        assert held_out_folder({}) is None

    def test_a_gated_repository_is_read_with_the_maintainers_token(self, private, monkeypatch, tmp_path):
        with loopback_hub() as hub:
            use_hub(monkeypatch, hub, cache=tmp_path / "cache")
            repo = hub.store.create("dataset", "acme/private", "alice")
            repo.gated = "manual"
            files = {
                str(path.relative_to(private)): File(path.read_bytes()) for path in private.rglob("*") if path.is_file()
            }
            repo.commit(MAIN, files, "built", "alice")
            folder = held_out_folder({"DEESCALWILD_HELDOUT": "acme/private"})
            assert texts(folder) == texts(private)
            monkeypatch.setenv("HF_TOKEN", "hf_bob")
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "bobs"))
            with pytest.raises(OSError, match=r"(?i)gated|restricted|access"):
                held_out_folder({"DEESCALWILD_HELDOUT": "acme/private"})

    @pytest.mark.parametrize("named", ["/gone", "./gone", "word", "a/b/c"])
    def test_anything_else_is_an_error_before_work_begins(self, named):
        with pytest.raises(LedgerError, match="DEESCALWILD_HELDOUT"):
            held_out_folder({"DEESCALWILD_HELDOUT": named})
