"""A result with its predictions, as `deescalwild evaluate` writes it, of a baseline whose words nobody says on the tiny dataset."""

import shutil
from pathlib import Path

import pytest

from eval_harness import models
from eval_harness.benchmark import load_benchmark
from eval_harness.run import Settings, evaluate


@pytest.fixture(scope="session")
def measured(tiny_data, tmp_path_factory) -> Path:
    """A result file; look, don't touch."""
    digest = load_benchmark(tiny_data, "test").manifest.digest
    candidate = models.resolve("baseline/salad", train_digest=digest)
    return evaluate(candidate, Settings(tiny_data, tmp_path_factory.mktemp("measured") / "results"))


@pytest.fixture
def result(measured, tmp_path) -> Path:
    """A copy of it in a ledger of its own."""
    shutil.copytree(measured.parent, tmp_path / "results" / measured.parent.name)
    return tmp_path / "results" / measured.parent.name / measured.name
