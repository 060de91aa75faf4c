"""Fetching a model's files before anything runs: the trusted step has the network, the evaluation needs none."""

from pathlib import Path

from submissions.engines import EvaluationFailed
from submissions.request import Request

FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "tokenizer*", "vocab*", "merges*")
"""No pickles and no code: what is not fetched cannot be run."""


def fetch_weights(request: Request) -> Path:
    """Bring what a request names into the Hub cache; returns the cache.

    Raises:
        EvaluationFailed: it is not there (final), or the Hub cannot be reached.
    """
    from huggingface_hub import constants

    patterns = ("*.json", "*.jinja", "tokenizer*", request.gguf_file) if request.gguf_file else FILES
    _fetch(request.model, request.revision, patterns)
    if request.weights == "adapter" and request.base_model:
        _fetch(request.base_model, request.base_revision, FILES)
    return Path(constants.HF_HUB_CACHE)


def _fetch(model: str, revision: str | None, patterns: tuple[str, ...]) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        snapshot_download(model, revision=revision, allow_patterns=list(patterns))
    except GatedRepoError:
        reason = f"{model} is gated. Open it, or let the maintainers in, and ask for a retry."
        raise EvaluationFailed(reason, is_final=True) from None
    except RevisionNotFoundError:
        reason = f"{model} has no commit {revision} any more. Submit one that it has."
        raise EvaluationFailed(reason, is_final=True) from None
    except RepositoryNotFoundError:
        raise EvaluationFailed(f"{model} is not on the Hub any more, or private.", is_final=True) from None
    except (LocalEntryNotFoundError, OSError) as error:
        raise EvaluationFailed(f"{model} could not be fetched from the Hub ({type(error).__name__}).") from None
