"""A model's name → what exactly will be measured, before anything heavy is loaded.

Hub id, local folder, or ``baseline/<name>``. Nothing a stranger wrote is executed: only safetensors weights, no custom code.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval_harness import baselines
from eval_harness.engines import Engine
from eval_harness.engines.hf import HF
from eval_harness.errors import EvaluationError, MissingAsset
from submissions.engines.weights import FILES as WEIGHTS  # what the worker fetched is what is looked for offline
from submissions.schema import BASELINE_ORG, Model


@dataclass(frozen=True)
class Candidate:
    """A model as the ledger names it, the folder its files are in (None for a baseline or an endpoint), and what runs it."""

    model: Model
    folder: Path | None
    engine: Engine = field(default_factory=HF)


def _digest40(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:40]


def _weights_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:40]


def _check_folder(name: str, folder: Path) -> dict:
    """The model's config, once it is known to be safe to load."""
    config_file = folder / "config.json"
    if not config_file.exists():
        raise EvaluationError(f"{name}: no config.json, so this is not a transformers model.")
    config = json.loads(config_file.read_text("utf-8"))
    if "auto_map" in config:
        raise EvaluationError(
            f"{name}: its config has auto_map (custom code), which is never run. Use a built-in architecture."
        )
    if not any(folder.glob("*.safetensors")):
        raise EvaluationError(f"{name}: no .safetensors weights. Convert them with save_pretrained and try again.")
    return config


def _parameters(folder: Path) -> int:
    from math import prod

    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as weights:
            total += sum(prod(weights.get_slice(key).get_shape()) for key in weights.keys())  # noqa: SIM118
    return total


@contextmanager
def hub_errors(name: str, revision: str | None) -> Iterator[None]:
    """Say of a model that could not be fetched why, and what to do.

    Raises:
        EvaluationError: there is no such model, revision or permission.
        MissingAsset: the Hub cannot be reached.
    """
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError:
        raise EvaluationError(
            f"{name} is gated. Accept its terms on the Hub and log in with `hf auth login`."
        ) from None
    except RevisionNotFoundError:
        raise EvaluationError(f"{name} has no revision {revision!r}.") from None
    except RepositoryNotFoundError:
        raise EvaluationError(
            f"{name} is not on the Hub (or is private). Check the id, or give a local folder."
        ) from None
    except (LocalEntryNotFoundError, OSError) as error:
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            raise EvaluationError(f"{name} has no such file. Check its name on the Hub.") from None
        raise MissingAsset(
            f"{name} cannot be fetched from the Hub ({type(error).__name__}). Go online or give a local folder."
        ) from None


def hub_folder(name: str, revision: str | None, patterns: Sequence[str] = WEIGHTS) -> tuple[Path, str]:
    """(folder, commit) of a model on the Hub; raises as :func:`hub_errors` says."""
    from huggingface_hub import snapshot_download

    with hub_errors(name, revision):
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    return folder, folder.name


def resolve(
    name: str,
    *,
    revision: str | None = None,
    ledger_name: str | None = None,
    kind: str = "base",
    base_model: str | None = None,
    weights: str = "full",
    precision: str = "float32",
    quantisation: str | None = None,
    licence: str | None = None,
    train_digest: str = "",
) -> Candidate:
    """Find a model and pin what it is.

    Args:
        name: Hub id, local folder, or ``baseline/<name>``.
        base_model: what a fine-tuned model started from. weights: ``full`` or ``merged``.
        precision: what the weights are loaded in, as PyTorch names it.
        ledger_name: id to use in the ledger for a local folder; ``local/<folder>`` unless given.
        train_digest: digest of the data that baselines are fitted on.

    Raises:
        EvaluationError: it does not exist or is not safe to load.
        MissingAsset: the Hub cannot be reached.
    """
    if name.startswith(f"{BASELINE_ORG}/"):
        short = name.removeprefix(f"{BASELINE_ORG}/")
        if short not in baselines.BASELINES:
            raise EvaluationError(f"{name} does not exist. There are: {', '.join(baselines.BASELINES)}.")
        revision = _digest40(short.encode(), baselines.VERSION.encode(), train_digest.encode())
        return Candidate(Model(id=name, revision=revision, source="baseline", kind="baseline", precision="none"), None)
    if (folder := Path(name)).is_dir():
        model_id, sha, source = (
            ledger_name or f"local/{folder.resolve().name}",
            _weights_digest(folder),
            "local",
        )
    else:
        folder, sha = hub_folder(name, revision)
        model_id, source = name, "hub"
    config = _check_folder(name, folder)
    model = ledger_model(
        id=model_id,
        revision=sha,
        source=source,
        kind=kind,
        base_model=base_model,
        weights=weights,
        architecture=config.get("model_type"),
        parameters=_parameters(folder),
        precision=precision,
        quantisation=quantisation,
        licence=licence,
    )
    return Candidate(model, folder)


def ledger_model(**fields: Any) -> Model:
    """A model as the ledger names it.

    Raises:
        EvaluationError: the ledger does not take a field.
    """
    try:
        return Model(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise EvaluationError(
            f"{first['loc'][0]} {str(first['input'])[:80]!r} is not accepted by the ledger ({first['msg']}). "
            "Give the model an id with --name ORG/NAME."
        ) from None
