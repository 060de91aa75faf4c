"""The evaluation on Hugging Face Jobs: ``run_uv_job`` with no token and no secret in the job.

The job installs this code, reads the model, which is public, and the dataset, mounted read-only, and writes into a folder of
a bucket that is mounted for it alone. This worker, which has the token, fetches what lies there and scores it again.

| variable | what |
|---|---|
| ``DEESCALWILD_JOBS_CODE`` | requirement that installs this code, such as ``deescalwild-hub @ git+https://…@COMMIT`` |
| ``DEESCALWILD_JOBS_BUCKET`` | bucket ORG/NAME for what the jobs write |
| ``DEESCALWILD_JOBS_DATASET`` | dataset repository of the benchmark, ORG/deescalwild |
| ``DEESCALWILD_JOBS_FLAVOR`` | hardware, ``l4x1`` unless given |
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any
from urllib.parse import quote

from submissions.engines import EngineMissing, EvaluationFailed, Job, Stopped
from submissions.engines.command import evaluation_command
from submissions.ledger import LedgerError, printable
from submissions.logs import clean, error_line, scrub
from submissions.request import request_path
from submissions.states import MAX_LOG_TAIL

PROGRAM = "deescalwild"
POLL_S = 15.0
PATIENCE = 20
"""Questions in a row that may stay without an answer."""
PYTHON = "3.11"
DATA, OUTPUT = "/deescalwild", "/output"
LOG_LINES = 200
MAX_FILE_BYTES = 2**30
SCRIPTS = (".py", ".sh", ".yaml", ".yml", ".toml")
OVER = ("COMPLETED", "CANCELED", "ERROR", "DELETED")


@dataclass(frozen=True)
class HfJobsEngine:
    """One Job an attempt. The private split never goes there."""

    code: str
    bucket: str
    dataset: str
    flavor: str = "l4x1"
    poll_s: float = POLL_S
    shares_private_data: bool = False

    @classmethod
    def from_environment(cls) -> "HfJobsEngine":
        """Settings from the variables above.

        Raises:
            LedgerError: one is missing.
            EngineMissing: nobody is logged in.
        """
        from huggingface_hub import get_token

        names = ("DEESCALWILD_JOBS_CODE", "DEESCALWILD_JOBS_BUCKET", "DEESCALWILD_JOBS_DATASET")
        if missing := [name for name in names if not os.environ.get(name)]:
            raise LedgerError(f"--on hf-jobs needs {', '.join(missing)} (see submissions/engines/hf_jobs.py).")
        if get_token() is None:
            raise EngineMissing("--on hf-jobs needs the login that pays for the jobs. Run `hf auth login`.")
        code, bucket, dataset = (os.environ[name] for name in names)
        return cls(code, bucket, dataset, os.environ.get("DEESCALWILD_JOBS_FLAVOR") or cls.flavor)

    def evaluate(self, job: Job, stop: Event) -> None:
        """See :class:`~submissions.engines.Engine`."""
        import httpx2
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        api = HfApi()
        # The attempt's folder has a name that no other attempt has.
        place = f"{request_path(job.request).stem}/{job.folder.parent.name}"
        started = None
        try:
            started = self._start(api, job, place)
            self._wait(api, started.id, stop)
            self._fetch(api, place, job.output)
        except BaseException as error:
            if started is not None:
                with suppress(OSError):  # it may be over; it ends at its time limit in any case
                    api.cancel_job(job_id=started.id)
            if isinstance(error, (HfHubHTTPError, httpx2.TransportError)):
                reason = f"Hugging Face Jobs did not answer ({printable(str(error), 150)})."
                raise EvaluationFailed(reason) from None
            raise

    def _start(self, api: Any, job: Job, place: str) -> Any:
        from huggingface_hub import Volume

        arguments = evaluation_command(job.request, DATA, OUTPUT, job.encoder)
        if job.weights:
            raise EvaluationFailed("Hugging Face Jobs take weights from the Hub only.", is_final=True)
        _refuse_files(arguments)
        return api.run_uv_job(
            PROGRAM,
            script_args=arguments,
            dependencies=[self.code],
            python=PYTHON,
            flavor=self.flavor,
            timeout=int(job.limits.time_s),
            name=f"deescalwild-{job.request.revision[:12]}",
            labels={"deescalwild": job.request.revision},
            volumes=[
                Volume(type="dataset", source=self.dataset, mount_path=DATA, read_only=True),
                Volume(type="bucket", source=self.bucket, mount_path=OUTPUT, path=place, read_only=False),
            ],
        )

    def _wait(self, api: Any, number: str, stop: Event) -> None:
        """Until the job is over.

        Raises:
            EvaluationFailed: it did not complete.
        """
        while (status := self._status(api, number, stop)).stage not in OVER:
            if stop.wait(self.poll_s):
                raise Stopped
        if status.stage != "COMPLETED":
            lines = "\n".join(api.fetch_job_logs(job_id=number, tail=LOG_LINES))
            tail = scrub(clean(lines))[-MAX_LOG_TAIL:]
            why = error_line(tail) or f"The job ended as {status.stage}: {status.message or 'no reason was given'}."
            raise EvaluationFailed(printable(why), tail)

    def _status(self, api: Any, number: str, stop: Event) -> Any:
        """What the Hub says of a job; a job of hours outlives some answers that do not come."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError

        for _ in range(PATIENCE):
            try:
                return api.inspect_job(job_id=number).status
            except (HfHubHTTPError, httpx2.TransportError):
                if stop.wait(self.poll_s):
                    raise Stopped from None
        return api.inspect_job(job_id=number).status

    def _fetch(self, api: Any, place: str, output: Path) -> None:
        """Copy what the job wrote, and nothing that lies or is larger than a result can be."""
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        for file in self._written(api, place):
            if file.size > MAX_FILE_BYTES:
                raise EvaluationFailed(f"The job left {printable(file.path)} of {file.size / 2**30:.1f} GiB.")
            target = output.joinpath(*PurePosixPath(file.path).relative_to(place).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            address = f"{api.endpoint}/buckets/{self.bucket}/resolve/{quote(file.path, safe='')}"
            answer = get_session().get(address, headers=build_hf_headers(), follow_redirects=True)
            hf_raise_for_status(answer)
            target.write_bytes(answer.content)

    def _written(self, api: Any, place: str) -> Iterator[Any]:
        for file in api.list_bucket_tree(self.bucket, place, recursive=True):
            parts = PurePosixPath(file.path).parts
            if file.type == "file" and ".." not in parts and len(parts) == len(PurePosixPath(place).parts) + 2:
                yield file


def _refuse_files(arguments: Sequence[str]) -> None:
    """``run_uv_job`` uploads every argument that is the name of a file here, and stops at one that looks like a script's.

    Raises:
        EvaluationFailed: a stranger's word is such a name.
    """
    for argument in arguments:
        if Path(argument).is_file() or Path(argument).suffix in SCRIPTS:
            reason = f"{printable(argument, 100)} reads like the name of a file, which Hugging Face Jobs would upload."
            raise EvaluationFailed(reason, is_final=True)
