"""Pointing the real client at a loopback Hub, in this process and in another."""

import os
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.loopback_hub.server import LoopbackHub


def use_hub(monkeypatch: pytest.MonkeyPatch, hub: LoopbackHub, *, cache: Path, token: str = "hf_alice") -> None:
    """Make ``HfApi()`` in this process speak to ``hub`` as the account of ``token``.

    ``HF_ENDPOINT`` and its like are read when ``huggingface_hub`` is imported, so here the constants are set.
    """
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", token)


def environment(hub: LoopbackHub, *, home: Path, token: str = "hf_alice") -> dict[str, str]:
    """Environment of a subprocess that takes ``hub`` for the Hub and keeps its caches in ``home``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return inherited | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
