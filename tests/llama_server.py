"""A real llama.cpp server on loopback with SmolLM2-135M-Instruct: an OpenAI-compatible endpoint that takes JSON schemas.

The weights are those that `make assets` unpacks; the server is xllamacpp's build of llama.cpp.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval_harness.offline_assets import gguf_file

MODEL = "smollm2-135m-instruct"


@contextmanager
def llama_server(weights: Path | None = None, *, slots: int = 2, context_tokens: int = 4096) -> Iterator[str]:
    """Serve ``weights`` (GGUF; SmolLM2 unless given); yields the base URL. ``context_tokens`` are those of each slot."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights or gguf_file())
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context_tokens
    # One thread that sleeps when it waits: llama.cpp's threads spin for each other, and on cores that others use that is slower.
    params.cpuparams.n_threads = 1
    params.cpuparams.poll = 0
    params.warmup = False
    params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # the destructor ends the server's threads
