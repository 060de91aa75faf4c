"""The engine: the same bytes on any number of workers and on Ray, and a killed build goes on."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_script.build import Engine, Manifest, build_dataset, read_manifest, working_folder
from dataset_script.errors import DataError
from dataset_script.pipeline.engine import EngineUnavailable, Stage, StageFailed, run_stages
from dataset_script.pipeline.steps import EachTask
from tests.synthetic_corpus import generate


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Sixty synthetic files: three tasks."""
    folder = tmp_path_factory.mktemp("corpus") / "released"
    generate(folder, files=60, seed=5)
    return folder


@pytest.fixture(scope="module")
def alone(corpus, tmp_path_factory) -> Path:
    """The corpus, built in one process."""
    out = tmp_path_factory.mktemp("alone") / "deescalwild"
    build_dataset(corpus, out)
    return out


def same_bytes(first: Path, second: Path) -> bool:
    files = [
        sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in (first, second)
    ]
    return files[0] == files[1] and all(
        (first / path).read_bytes() == (second / path).read_bytes() for path in files[0]
    )


def test_two_workers_give_the_bytes_of_one(corpus, alone, tmp_path):
    build_dataset(corpus, tmp_path / "deescalwild", engine=Engine(workers=2))
    assert same_bytes(alone, tmp_path / "deescalwild")


def test_ray_gives_the_bytes_of_one_process(corpus, alone, tmp_path):
    ray = pytest.importorskip("ray")
    try:
        build_dataset(corpus, tmp_path / "deescalwild", engine=Engine("ray", workers=2))
    finally:
        ray.shutdown()
    assert same_bytes(alone, tmp_path / "deescalwild")


def test_a_cluster_that_ray_address_names_is_joined_and_has_its_own_cores(monkeypatch):
    ray = pytest.importorskip("ray")
    asked = []
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda address, **options: asked.append((address, options.get("num_cpus"))))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    run_stages([], Engine("ray", workers=2), Path())
    monkeypatch.setenv("RAY_ADDRESS", "ray-head:6379")
    run_stages([], Engine("ray", workers=2), Path())
    assert asked == [("local", 2), ("ray-head:6379", None)]


def test_a_build_that_is_killed_again_and_again_gives_the_bytes_of_one_that_was_not(corpus, alone, tmp_path):
    out = tmp_path / "deescalwild"
    command = [
        sys.executable,
        "-m",
        "deescalwild_cli",
        "data",
        "build",
        "--source",
        str(corpus),
        "--out",
        str(out),
        "--workers",
        "2",
    ]
    rng = random.Random(7)
    kills = 0
    for _ in range(12):
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=4 + rng.random() * 5 + 3 * kills)
            break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            assert read_manifest(out) is None or isinstance(read_manifest(out), Manifest)
    assert kills and process.returncode == 0
    assert same_bytes(alone, out)
    assert [path.name for path in tmp_path.iterdir()] == ["deescalwild"]


def test_what_a_writer_that_was_killed_left_half_written_is_not_published(corpus, alone, tmp_path):
    work = working_folder(tmp_path / "deescalwild", read_manifest(alone).source_digest, {})
    half = work / "data" / "built" / "scenarios" / ".train-00000.parquet.4242"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PAR1")
    build_dataset(corpus, tmp_path / "deescalwild")
    assert same_bytes(alone, tmp_path / "deescalwild")


def die(rank: int, world_size: int) -> None:
    """What the kernel does to a task that takes too much memory."""
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def complain(rank: int, world_size: int) -> None:
    if rank == 1:
        raise DataError("x" * 100_000)


def test_a_worker_that_is_killed_ends_the_build_in_one_sentence(tmp_path):
    with pytest.raises(StageFailed, match=r"a worker of stage 'die' was killed.* fewer --workers"):
        run_stages([Stage("die", [EachTask("die", die)], 4)], Engine(workers=2), tmp_path)


def test_what_a_task_raises_on_a_worker_is_raised_here(tmp_path):
    with pytest.raises(DataError, match="xxx"):
        run_stages([Stage("complain", [EachTask("complain", complain)], 4)], Engine(workers=2), tmp_path)


def test_an_unknown_engine_and_a_missing_slurm_are_said(corpus, tmp_path):
    with pytest.raises(DataError, match="no engine 'dask'"):
        build_dataset(corpus, tmp_path / "deescalwild", engine=Engine("dask"))
    with pytest.raises(EngineUnavailable, match="sbatch"):
        build_dataset(corpus, tmp_path / "deescalwild", engine=Engine("slurm", 2, {"partition": "cpu"}))


def test_on_slurm_the_stages_are_queued_in_order(corpus, tmp_path, monkeypatch):
    """A stand-in `sbatch` that writes down what it is given; the scripts are datatrove's own."""
    binary = tmp_path / "bin" / "sbatch"
    binary.parent.mkdir()
    log = tmp_path / "sbatch.log"
    binary.write_text(
        f'#!/bin/bash\necho "$@" >> {log}\ngrep -h job-name "${{@: -1}}" >> {log}\necho Submitted batch job $((100 + $(wc -l < {log})))\n'
    )
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    outcome = build_dataset(
        corpus, tmp_path / "deescalwild", engine=Engine("slurm", 2, {"partition": "cpu", "time": "01:00:00"})
    )
    assert outcome.manifest is None
    # datatrove queues each stage and, after it, a job that adds up the stage's statistics.
    queued = [line for line in log.read_text().splitlines() if "--job-name=deescalwild" in line]
    names = list(dict.fromkeys(line.split("=")[-1] for line in queued))
    assert names == [f"deescalwild-{stage}" for stage in ("prepare", "duplicates", "plan", "shards", "finish")]
    assert log.read_text().count("--dependency=") >= 4


def test_every_file_has_a_fate(corpus, alone):
    assert sum(read_manifest(alone).files.values()) == len(list(corpus.rglob("*.csv")))
