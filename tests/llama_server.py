"""A real llama.cpp server on loopback with SmolLM2-135M-Instruct: an OpenAI-compatible endpoint that takes JSON schemas.

The weights are those that `make assets` unpacks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval_harness.engines.llama_cpp import serve
from eval_harness.offline_assets import gguf_file

MODEL = "smollm2-135m-instruct"


@contextmanager
def llama_server(file: Path | None = None, *, slots: int = 2, context_tokens: int = 4096) -> Iterator[str]:
    """Serve a GGUF file, SmolLM2's unless given; yields the base URL. ``context_tokens`` are those of each slot."""
    with serve(file or gguf_file(), name=MODEL, slots=slots, context_tokens=context_tokens, threads=1) as base_url:
        yield base_url
