"""A request → the command that evaluates it, and the environment it may see."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submissions.engines import EvaluationFailed, Job
from submissions.engines.weights import fetch_weights
from submissions.request import QUANTISED, Request

PROGRAM = (sys.executable, "-m", "deescalwild_cli")
PASSED_ON = frozenset(
    {
        *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "ROCR_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
        *("HF_ENDPOINT", "SSL_CERT_FILE", "NLTK_DATA", "DEESCALWILD_ASSETS"),
    }
)
"""Variables of the worker that inference sees. A list of what is allowed, because a secret can have any name."""


def evaluation_command(
    request: Request, data: Path | str, output: Path | str, encoder: str | None = None, folder: Path | None = None
) -> list[str]:
    """Arguments of ``deescalwild`` that measure what was requested.

    Args:
        folder: the weights, where they do not come from the Hub; their digest is the revision.

    Raises:
        EvaluationFailed: no evaluation here can measure it.
    """
    if request.kind == "api":
        raise EvaluationFailed(
            "An API is not run by the queue. Answer the items yourself and send them with `deescalwild score`.",
            is_final=True,
        )
    if request.precision in QUANTISED:
        raise EvaluationFailed(
            "The queue loads float32, bfloat16, float16 and GGUF. Submit one of those, or send predictions with `deescalwild score`.",
            is_final=True,
        )
    what, options = _what(request, folder)
    options |= {
        "licence": request.licence,
        "protocol": "paper" if request.protocol == "deescalwild_paper" else "ranked",
        "data": data,
        "output": output,
        "quantisation": request.quantisation,
        "encoder": encoder,
    }
    # One word each: a stranger's text can then be no option, and no name of a file.
    return ["evaluate", what, *(f"--{name}={value}" for name, value in options.items() if value)]


def _what(request: Request, folder: Path | None) -> tuple[str, dict[str, Any]]:
    """MODEL of ``deescalwild evaluate``, and the options that say what it is."""
    name = {"name": request.model} if folder else {}
    if request.weights == "adapter":
        adapter = folder or f"{request.model}@{request.revision}"
        own = {"revision": request.base_revision, "adapter": adapter, "dtype": request.precision}
        return str(request.base_model), own | name
    facts = {"kind": request.kind, "base-model": request.base_model, "weights": request.weights}
    facts |= name or {"revision": request.revision}
    if request.gguf_file:
        file = str(folder / request.gguf_file) if folder else f"{request.model}:{request.gguf_file}"
        return file, facts | {"backend": "llama.cpp"}
    return str(folder or request.model), facts | {"dtype": request.precision}


def offline_step(job: Job) -> tuple[list[str], dict[str, str]]:
    """Fetch the weights; then the command that needs no network, and an environment with no token.

    Raises:
        EvaluationFailed: no evaluation can measure it, or its weights cannot be had.
    """
    from huggingface_hub import constants

    command = [*PROGRAM, *evaluation_command(job.request, job.data, job.output, job.encoder, job.weights)]
    cache = Path(constants.HF_HUB_CACHE) if job.weights else fetch_weights(job.request)
    home = job.folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    return command, without_secrets(os.environ, home=home, cache=cache)


def without_secrets(environment: Mapping[str, str], *, home: Path, cache: Path) -> dict[str, str]:
    """The environment of a step that must not act in anybody's name.

    Args:
        home: an empty folder that takes the place of the user's, so that no login stored there is found.
        cache: the Hub cache, with the weights that were fetched before.
    """
    kept = {name: value for name, value in environment.items() if name in PASSED_ON}
    return kept | {
        "HOME": str(home),
        "HF_HOME": str(home / "huggingface"),
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_OFFLINE": "1",
    }
