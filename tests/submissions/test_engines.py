"""Where models run: the command and its environment, processes, Ray, Slurm, Hugging Face Jobs on a loopback Hub."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path, PurePosixPath

import psutil
import pytest
from typer.testing import CliRunner

from eval_harness import offline_assets
from submissions import scoring
from submissions.cli import app
from submissions.engines import EvaluationFailed, Job, Limits, Stopped, command, process
from submissions.engines.command import evaluation_command, without_secrets
from submissions.engines.hf_jobs import HfJobsEngine
from submissions.engines.local import LocalEngine
from submissions.engines.ray import RayEngine
from submissions.engines.slurm import script, submission
from submissions.ledger import pack_items, write_result
from tests.hub_models import publish
from tests.loopback_hub import loopback_hub, use_hub
from tests.results import make_result
from tests.submissions.queued import make_request, result_for

ENCODER = f"{offline_assets.model_dir(offline_assets.ENCODER)}:{offline_assets.ENCODER_LAYER}"
ADAPTER = {"kind": "fine-tuned", "weights": "adapter", "base_model": "acme/base", "base_revision": "5" * 40}
SECRETS = {"HF_TOKEN": "hf_secret0123456789", "OPENAI_API_KEY": "sk-0123456789", "AWS_SECRET_ACCESS_KEY": "x"}


def python(code: str) -> tuple[str, ...]:
    """A program in place of ``python -m deescalwild_cli``; its arguments are those of the evaluation."""
    return (sys.executable, "-c", code)


def running(words: str) -> int:
    """Number of processes with these words in their command."""
    found = psutil.process_iter(["cmdline"])
    return sum(words in " ".join(each.info["cmdline"] or ()) for each in found)


def job_of(folder: Path, request=None, **limits) -> Job:
    return Job(request or make_request(), folder / "public", folder, Limits(**limits))


class TestCommand:
    def test_a_strangers_words_are_never_options_or_file_names_of_their_own(self):
        text = "--output=/tmp/elsewhere"
        request = make_request(quantisation=text)
        words = evaluation_command(request, "data", "out")
        assert f"--quantisation={text}" in words and text not in words
        assert all(word.startswith("--") for word in words[2:])

    @pytest.mark.parametrize(("protocol", "rules"), [("deescalwild", "ranked"), ("deescalwild_paper", "paper")])
    def test_the_protocol_is_the_requested_one(self, protocol, rules):
        assert f"--protocol={rules}" in evaluation_command(make_request(protocol=protocol), "data", "out")

    def test_the_command_line_takes_every_word(self):
        import typer.main

        from eval_harness.commands.evaluate import evaluate

        program = typer.Typer()
        program.command()(evaluate)
        request = make_request(
            kind="fine-tuned",
            base_model="acme/base",
            weights="merged",
            precision="bfloat16",
            quantisation="GPTQ, group 128",
        )
        words = evaluation_command(request, "data", "out", "bert:2")[1:]
        context = typer.main.get_command(program).make_context("evaluate", words)
        assert (context.params["quantisation"], context.params["dtype"]) == ("GPTQ, group 128", "bfloat16")
        assert (context.params["model"], context.params["revision"]) == (request.model, request.revision)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"kind": "api", "precision": "none"}, "deescalwild score"),
            ({"precision": "int4", "quantisation": "GPTQ"}, "float32, bfloat16, float16 and GGUF"),
        ],
    )
    def test_what_the_queue_cannot_measure_is_refused_for_good_before_anything_is_fetched(self, changes, says):
        with pytest.raises(EvaluationFailed, match=says) as failure:
            evaluation_command(make_request(**changes), "data", "out")
        assert failure.value.is_final

    def test_an_adapter_is_measured_on_the_commit_of_its_base(self):
        request = make_request("acme/lora", **ADAPTER)
        words = evaluation_command(request, "data", "out")
        assert words[:2] == ["evaluate", "acme/base"]
        assert {f"--adapter=acme/lora@{request.revision}", f"--revision={'5' * 40}", "--dtype=float32"} <= set(words)

    def test_a_gguf_file_goes_to_llama_cpp(self):
        request = make_request("acme/small", precision="gguf", gguf_file="small.Q4_K_M.gguf")
        words = evaluation_command(request, "data", "out")
        assert words[1] == "acme/small:small.Q4_K_M.gguf"
        assert {"--backend=llama.cpp", f"--revision={request.revision}"} <= set(words)
        assert not [word for word in words if word.startswith("--dtype")]

    @pytest.mark.parametrize(
        ("asked", "weights", "engine", "difference"),
        [
            ({"precision": "gguf", "gguf_file": "a.gguf"}, {"precision": "q4_k_m"}, "llama.cpp", None),
            ({"precision": "gguf", "gguf_file": "a.gguf"}, {"precision": "float32"}, "hf", "precision"),
            ({"precision": "float32"}, {"precision": "q4_k_m"}, "llama.cpp", "precision"),
            (ADAPTER, ADAPTER, "hf", None),
            (ADAPTER, ADAPTER | {"base_revision": "6" * 40}, "hf", "base_revision"),
            (ADAPTER, {"kind": "fine-tuned", "base_model": "acme/base"}, "hf", "weights"),
        ],
    )
    def test_a_result_answers_the_request_for_the_same_weights_only(self, asked, weights, engine, difference):
        request = make_request("acme/lora", **asked)
        result = result_for(request, make_result("acme/any"))
        result = result.model_copy(
            update={
                "model": result.model.model_copy(update=weights),
                "environment": result.environment.model_copy(update={"engine": engine}),
            }
        )
        found = scoring.differs(request, result)
        assert found is None if difference is None else found.startswith(difference)

    def test_weights_that_lie_here_are_measured_under_the_models_name(self, tmp_path):
        words = evaluation_command(make_request("acme/mine"), "data", "out", folder=tmp_path)
        assert words[1] == str(tmp_path) and "--name=acme/mine" in words
        assert not [word for word in words if word.startswith("--revision")]

    def test_no_secret_and_no_login_reach_the_evaluation(self, tmp_path):
        env = without_secrets(os.environ | SECRETS, home=tmp_path, cache=tmp_path / "cache")
        assert not set(SECRETS) & set(env) and not set(SECRETS.values()) & set(env.values())
        asked = "from huggingface_hub import get_token; print(get_token())"
        done = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True)
        assert done.stdout == "None\n"


class TestProcess:
    def run(self, folder: Path, code: str, stop=None, **limits) -> None:
        process.run(python(code), os.environ, folder / "log.txt", Limits(**limits), stop or threading.Event())

    @pytest.mark.parametrize(
        ("code", "reason", "is_final"),
        [
            ("import sys; print('error: no such model'); sys.exit(1)", "no such model", True),
            ("import sys; print('error: no network'); sys.exit(2)", "no network", False),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by the system", False),
            ("raise SystemExit(7)", "exit code 7", False),
        ],
    )
    def test_the_reason_is_what_the_program_said(self, tmp_path, code, reason, is_final):
        with pytest.raises(EvaluationFailed, match=reason) as failure:
            self.run(tmp_path, code)
        assert failure.value.is_final is is_final

    def test_the_logs_end_has_no_secret(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HF_TOKEN", SECRETS["HF_TOKEN"])
        with pytest.raises(EvaluationFailed) as failure:
            self.run(tmp_path, "import os; raise SystemExit('token ' + os.environ['HF_TOKEN'])")
        assert failure.value.log_tail == "token [removed]"

    def test_too_long_is_ended_with_all_its_children(self, tmp_path):
        code = f"import subprocess; subprocess.Popen(['sleep', '987']); open(r'{tmp_path}/up', 'w'); __import__('time').sleep(60)"
        with pytest.raises(EvaluationFailed, match="took longer"):
            self.run(tmp_path, code, time_s=6)
        assert (tmp_path / "up").exists()
        assert running("sleep 987") == 0

    def test_too_much_memory_is_ended(self, tmp_path):
        with pytest.raises(EvaluationFailed, match=r"more than 0\.2 GiB"):
            self.run(tmp_path, "x = bytearray(2**29); __import__('time').sleep(60)", memory_gib=0.2)

    def test_a_stop_ends_it(self, tmp_path):
        stop = threading.Event()
        threading.Timer(0.5, stop.set).start()
        begun = time.monotonic()
        with pytest.raises(Stopped):
            self.run(tmp_path, "__import__('time').sleep(60)", stop)
        assert time.monotonic() - begun < 30


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with loopback_hub() as running:
        use_hub(monkeypatch, running, cache=tmp_path / "cache")
        yield running


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class TestLocal:
    def test_an_adapter_on_the_hub_is_measured_on_the_commit_of_its_base(
        self, hub, tiny_model, tiny_adapter, tiny_data, tmp_path
    ):
        base = publish(hub, "alice/base", files_of(tiny_model))
        config = json.loads((tiny_adapter / "adapter_config.json").read_text()) | {
            "base_model_name_or_path": "alice/base"
        }
        files = files_of(tiny_adapter) | {"adapter_config.json": json.dumps(config).encode()}
        request = make_request(
            "alice/lora",
            revision=publish(hub, "alice/lora", files),
            **ADAPTER | {"base_model": "alice/base", "base_revision": base},
        )
        job = Job(request, tmp_path / "public", tiny_data, Limits(time_s=300), ENCODER)
        LocalEngine().evaluate(job, threading.Event())
        result = scoring.measured(job).result
        assert (result.model.id, result.model.weights) == ("alice/lora", "adapter")
        assert (result.model.base_model, result.model.base_revision) == ("alice/base", base)


@pytest.fixture(scope="module")
def ray_here():
    """Ray on this machine, for the module."""
    import ray

    yield RayEngine()
    ray.shutdown()


class TestRay:
    def job(self, hub, folder: Path) -> Job:
        return job_of(folder, make_request("alice/civilian", revision=publish(hub, "alice/civilian")))

    def test_the_task_runs_with_the_weights_and_without_a_token(self, hub, tmp_path, monkeypatch, ray_here):
        seen = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open(r'%s', 'w'))" % (
            tmp_path / "seen"
        )
        monkeypatch.setattr(command, "PROGRAM", python(seen))
        job = self.job(hub, tmp_path)
        ray_here.evaluate(job, threading.Event())
        words, env = json.loads((tmp_path / "seen").read_text())
        assert words == evaluation_command(job.request, job.data, job.output)
        assert "HF_TOKEN" not in env and env["HF_HUB_OFFLINE"] == "1"
        assert list(Path(env["HF_HUB_CACHE"]).glob("models--alice--civilian/snapshots/*/model.safetensors"))

    def test_a_failure_on_the_node_is_not_swallowed(self, hub, tmp_path, monkeypatch, ray_here):
        monkeypatch.setattr(command, "PROGRAM", python("print('error: a bad config'); raise SystemExit(1)"))
        with pytest.raises(EvaluationFailed, match="a bad config") as failure:
            ray_here.evaluate(self.job(hub, tmp_path), threading.Event())
        assert failure.value.is_final and failure.value.log_tail == "error: a bad config"

    def test_a_stop_ends_the_program_on_the_node(self, hub, tmp_path, monkeypatch, ray_here):
        monkeypatch.setattr(command, "PROGRAM", python("import time; time.sleep(986)"))
        stop = threading.Event()
        threading.Timer(4, stop.set).start()
        with pytest.raises(Stopped):
            ray_here.evaluate(self.job(hub, tmp_path), stop)
        begun = time.monotonic()
        while running("time.sleep(986)"):
            assert time.monotonic() - begun < 20, "the program outlived its task"
            time.sleep(0.1)


class TestSlurm:
    def test_the_script_is_bash_and_runs_the_command_with_exactly_its_environment(self, tmp_path):
        words = [
            *python("import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"),
            "$(id)",
            "a 'b'",
            ";",
        ]
        path = tmp_path / "job.sh"
        path.write_text(script(words, {"HOME": "/nowhere at all", "LANG": "C.UTF-8", "NOTE": "'$HF_TOKEN`id`"}))
        subprocess.run(["bash", "-n", path], check=True)
        done = subprocess.run(["bash", path], env=SECRETS, capture_output=True, text=True, check=True)
        seen, env = json.loads(done.stdout)
        assert seen == ["$(id)", "a 'b'", ";"]
        assert env == {
            "HOME": "/nowhere at all",
            "LANG": "C.UTF-8",
            "NOTE": "'$HF_TOKEN`id`",
            **{k: env[k] for k in env if k == "LC_CTYPE"},
        }

    def test_limits_are_slurms_and_the_workers_environment_stays_here(self):
        words = submission(Path("job.sh"), Path("log.txt"), Limits(time_s=90 * 60 + 1, memory_gib=1.5), "deescalwild-x")
        assert {"--time=91", "--mem=1536M", "--export=NONE", "--wait", "--no-requeue"} <= set(words)
        assert words[0] == "sbatch" and words[-1] == "job.sh"

    def test_without_sbatch_it_is_one_sentence_and_the_environments_fault(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        words = [
            sys.executable,
            "-m",
            "deescalwild_cli",
            "submissions",
            "run",
            "--once",
            "--on",
            "slurm",
            "--data",
            str(tmp_path),
        ]
        done = subprocess.run([*words, "--ledger", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 2
        assert (
            done.stderr
            == "error: --on slurm needs the command sbatch. Run the worker on a node of the cluster that has it.\n"
        )


class TestHfJobs:
    REQUEST = make_request("alice/civilian")

    def engine(self) -> HfJobsEngine:
        return HfJobsEngine(
            "deescalwild-hub @ git+https://example.org/x@1", "alice/runs", "acme/deescalwild", poll_s=0.01
        )

    def write_result(self, job, jobs) -> None:
        """What the evaluation leaves in its folder of the bucket."""
        (volume,) = [each for each in job.spec["volumes"] if each["type"] == "bucket"]
        files = jobs.buckets.setdefault(volume["source"], {})
        result = result_for(self.REQUEST, make_result("acme/any"))
        path = write_result(self.folder, result, pack_items([]))
        for each in path.parent.iterdir():
            files[f"{volume['path']}/{each.relative_to(self.folder)}"] = each.read_bytes()
        files[f"{volume['path']}/../../etc/passwd"] = b"no"
        files[f"{volume['path']}/notes.txt"] = b"no"

    def test_a_job_has_no_secret_and_its_result_is_fetched(self, hub, tmp_path):
        self.folder = tmp_path / "container"
        hub.store.jobs.program = self.write_result
        job = job_of(tmp_path, self.REQUEST, time_s=3600)
        self.engine().evaluate(job, threading.Event())
        (posted,) = hub.store.jobs.by_id.values()
        assert (
            "hf_alice" not in json.dumps(posted.spec)
            and not posted.spec.get("secrets")
            and not posted.spec["environment"]
        )
        assert posted.spec["command"][:2] == ["uv", "run"] and posted.spec["timeoutSeconds"] == 3600
        words = posted.spec["command"]
        assert words[words.index("deescalwild") + 1 :] == evaluation_command(self.REQUEST, "/deescalwild", "/output")
        mounts = {each["mountPath"]: each for each in posted.spec["volumes"]}
        assert mounts["/deescalwild"]["readOnly"] and PurePosixPath(mounts["/output"]["path"]).name == tmp_path.name
        assert scoring.measured(job).result.model.id == "alice/civilian"
        assert len(list(job.output.rglob("*.*"))) == 2, "nothing but the result and its predictions comes back"

    def test_a_failed_job_says_why(self, hub, tmp_path):
        def fail(job, jobs):
            job.stage, job.logs = "ERROR", ("loading", "error: alice/civilian has no config.json")

        hub.store.jobs.program = fail
        with pytest.raises(EvaluationFailed, match=r"^alice/civilian has no config.json$") as failure:
            self.engine().evaluate(job_of(tmp_path, self.REQUEST), threading.Event())
        assert failure.value.log_tail.startswith("loading\n")

    def test_a_passing_fault_of_the_hub_is_outlived(self, hub, tmp_path):
        self.folder = tmp_path / "container"
        hub.store.jobs.program = self.write_result
        hub.faults["inspect_job"].extend([503, -1, 500])
        self.engine().evaluate(job_of(tmp_path, self.REQUEST), threading.Event())

    def test_a_stopped_job_is_cancelled(self, hub, tmp_path):
        stop = threading.Event()
        stop.set()
        with pytest.raises(Stopped):
            self.engine().evaluate(job_of(tmp_path, self.REQUEST), stop)
        assert [job.stage for job in hub.store.jobs.by_id.values()] == ["CANCELED"]

    def test_no_file_of_this_machine_is_uploaded(self, hub, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "alice").mkdir()
        (tmp_path / "alice" / "civilian").write_text("mine")
        with pytest.raises(EvaluationFailed, match="name of a file"):
            self.engine().evaluate(job_of(tmp_path, self.REQUEST), threading.Event())
        assert hub.writes() == []

    def test_settings_are_asked_for_before_anything_is_taken(self, tmp_path):
        words = ["run", "--once", "--on", "hf-jobs", "--data", str(tmp_path), "--ledger", str(tmp_path)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 1 and "DEESCALWILD_JOBS_CODE" in str(done.exception)
