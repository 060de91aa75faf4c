"""``manifest.json``: what a built folder is."""

import json
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = "manifest.json"
CANARY = "deescalwild:canary:5d1f0c1e-7f0b-4a53-9d6e-1f5b0c0a2d11"
"""A string that occurs nowhere else. A model that completes it has seen this dataset's files."""


@dataclass(frozen=True)
class Manifest:
    """What a built folder is: enough to tell one build from another and to check it."""

    name: str
    version: str
    digest: str
    items_digest: str
    is_sample: bool
    source_digest: str
    counts: dict[str, dict[str, int]]
    privacy: bool = False
    splits_imposed: bool = False
    splits_kept: bool = False
    """Scenarios stay in the splits of the build that stood in this folder before; the same input alone may give others."""
    canary: str = CANARY
    files: dict[str, int] = field(default_factory=dict)
    """Files by fate: kept, gated, refused."""


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a built folder, or None where there is none that can be read."""
    try:
        return Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
