"""Model repositories for the loopback Hub: small, real safetensors, and whatever is wrong with them."""

import json
from typing import Any

import numpy as np
from safetensors.numpy import save

from tests.loopback_hub import File, LoopbackHub
from tests.loopback_hub.store import MAIN

README = "---\nlicense: apache-2.0\n---\nA model that plays the civilian.\n"


def weights(n_parameters: int = 64) -> bytes:
    """A safetensors file with one float16 tensor."""
    return save({"embed.weight": np.zeros(n_parameters, np.float16)})


def model_files(**changes: bytes | str | dict | None) -> dict[str, bytes]:
    """Files of a sound model. ``changes``: name with ``__`` for a dot → content, an object for JSON, or None to leave it out."""
    files: dict[str, bytes | str | dict | None] = {
        "README.md": README,
        "config.json": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
        "tokenizer_config.json": {"chat_template": "{{ messages }}"},
        "model.safetensors": weights(),
        **{name.replace("__", "."): content for name, content in changes.items()},
    }
    return {name: _bytes(content) for name, content in files.items() if content is not None}


def _bytes(content: bytes | str | dict) -> bytes:
    if isinstance(content, dict):
        return json.dumps(content).encode()
    return content.encode() if isinstance(content, str) else content


def publish(hub: LoopbackHub, model: str, files: dict[str, bytes] | None = None, **settings: Any) -> str:
    """Put a model on the Hub and return its commit. ``settings``: ``private``, ``gated``, ``extra``."""
    repo = hub.store.create("model", model, "alice")
    for name, value in settings.items():
        setattr(repo, name, value)
    content = model_files() if files is None else files
    stored = {name: File(data, is_lfs=name.endswith(".safetensors")) for name, data in content.items()}
    return repo.commit(MAIN, stored, "upload", "alice").oid
