"""Engine ``llama.cpp``: a GGUF file in a llama.cpp server inside this process, asked like any endpoint. Chat template and tokenizer are the file's."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataset_script.judge.budget import Budget
from dataset_script.judge.client import Endpoint
from eval_harness.engines import EngineName, MissingEngine, Opened, Work, local_device
from eval_harness.engines.answers import Answers, usage_of
from eval_harness.engines.gguf_file import read_header
from submissions import schema

CONTEXT_TOKENS = 4096
"""Of each slot, where the model has as many: the history's 1,500 words, a persona and a reply at two tokens a word, and room."""
SERVED_NAME = "model"
_SAMPLING_NAMES = {"repetition_penalty": "repeat_penalty"}
_TIMEOUT_S = 3600.0
"""A processor may need minutes for one long prompt, and nobody else is asked."""


@contextmanager
def serve(
    file: Path,
    *,
    name: str = SERVED_NAME,
    slots: int = 1,
    context_tokens: int = CONTEXT_TOKENS,
    threads: int | None = None,
    api_key: str | None = None,
) -> Iterator[str]:
    """Serve a GGUF file on a free port of this machine; yields the base URL.

    Args:
        slots: requests at a time, each with a prompt cache of its own.
        context_tokens: of each slot.
        threads: of the processor; llama.cpp's own choice unless given.
        api_key: what a client must send, so that no other user of this machine is served.

    Raises:
        MissingEngine: xllamacpp is not installed.
    """
    try:
        import xllamacpp
    except ModuleNotFoundError:
        raise MissingEngine(
            "--backend llama.cpp needs xllamacpp, llama.cpp as a package. Run `pip install xllamacpp`."
        ) from None
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    params.cache_prompt = True
    params.default_template_kwargs = {"enable_thinking": "false"}
    if threads:
        params.cpuparams.n_threads = threads
        # Threads that sleep when they wait: on cores that others use, spinning for each other is slower.
        params.cpuparams.poll = 0
    if api_key:
        params.api_keys = [api_key]
    params.warmup = False
    params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # the destructor ends the server's threads


@dataclass(frozen=True)
class LlamaCpp:
    """``concurrency``: scenarios at a time, each in a slot of the server. ``threads``: of the processor; llama.cpp's choice unless given."""

    concurrency: int = 2
    threads: int | None = None

    name = EngineName.llama_cpp

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`; ``folder`` is the GGUF file itself."""
        from importlib.metadata import version

        from eval_harness.engines.served import Manner, ServedLM

        assert folder is not None
        header = read_header(folder)
        context = min(CONTEXT_TOKENS, header.context_tokens or CONTEXT_TOKENS)
        key = secrets.token_urlsafe(16)
        manner = Manner(self.concurrency, {"repeat_last_n": CONTEXT_TOKENS}, _SAMPLING_NAMES)
        answers = Answers(work.journal)
        fingerprint = f"{model.id}@{model.revision}/{model.precision}/{self.concurrency}x{context}"
        with serve(
            folder, slots=self.concurrency, context_tokens=context, threads=self.threads, api_key=key
        ) as base_url:
            endpoint = Endpoint(base_url, SERVED_NAME, key, _TIMEOUT_S, max_retries=0)
            lm = ServedLM(endpoint, manner, Budget(), answers, fingerprint, work.progress)
            yield Opened(
                lm,
                local_device("cpu"),
                forget=answers.forget,
                versions=lambda: _versions(folder, header.sha256, version("xllamacpp")),
                template=header.chat_template,
                usage=lambda: usage_of(lm.given.values(), has_prices=False),
            )


def _versions(file: Path, sha256: str, package: str) -> dict[str, str]:
    return {"xllamacpp": package, "gguf-file": file.name[-300:], "gguf-sha256": sha256}
