"""A real llama.cpp server on loopback with SmolLM2-135M-Instruct: an OpenAI-compatible endpoint that takes JSON schemas.

The weights are those that `make assets` unpacks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from eval_harness.engines.llama_cpp import serve
from eval_harness.offline_assets import gguf_file

MODEL = "smollm2-135m-instruct"


@contextmanager
def llama_server(*, slots: int = 2, context_tokens: int = 4096) -> Iterator[str]:
    """Serve the model; yields the base URL. ``context_tokens`` are those of each slot."""
    with serve(gguf_file(), name=MODEL, slots=slots, context_tokens=context_tokens, threads=1) as base_url:
        yield base_url
