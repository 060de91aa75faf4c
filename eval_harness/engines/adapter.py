"""A LoRA adapter by name → what it is, before anything heavy is loaded. Only safetensors; nothing of it is executed."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from eval_harness.errors import EvaluationError
from eval_harness.models import hub_folder

FILES = ("adapter_config.json", "adapter_model.safetensors", "*.jinja", "*.model", "tokenizer*", "vocab*", "merges*")


@dataclass(frozen=True)
class Adapter:
    """``id`` and ``revision`` as in the ledger; ``rank`` is LoRA's; ``base``: what its author says it was trained on."""

    id: str
    revision: str
    source: str
    folder: Path
    rank: int
    base: str


def find_adapter(name: str) -> Adapter:
    """Find ``ORG/NAME``, ``ORG/NAME@REVISION`` or a folder.

    Raises:
        EvaluationError: it does not exist or is no LoRA adapter in safetensors.
        MissingAsset: the Hub cannot be reached.
    """
    if (folder := Path(name)).is_dir():
        found_id, revision, source = f"local/{folder.resolve().name}", None, "local"
    else:
        found_id, _, wanted = name.partition("@")
        folder, revision = hub_folder(found_id, wanted or None, FILES)
        source = "hub"
    config_file, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    if not config_file.exists():
        raise EvaluationError(f"{name}: no adapter_config.json, so this is not an adapter.")
    if not weights.exists():
        raise EvaluationError(f"{name}: no adapter_model.safetensors. Save it with safe_serialization and try again.")
    config = json.loads(config_file.read_text("utf-8"))
    if config.get("peft_type") != "LORA":
        raise EvaluationError(f"{name}: peft_type {str(config.get('peft_type'))[:40]!r} is not LORA.")
    with weights.open("rb") as content:
        digest = hashlib.sha256(config_file.read_bytes() + hashlib.file_digest(content, "sha256").digest()).hexdigest()
    return Adapter(
        found_id,
        revision or digest[:40],
        source,
        folder,
        max(int(config.get("r", 8)), *(int(rank) for rank in (config.get("rank_pattern") or {}).values()), 1),
        str(config.get("base_model_name_or_path") or ""),
    )
