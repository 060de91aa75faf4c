"""Folder of the user's cache where downloads and unpacked archives are kept."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/deescalwild``, else ``~/.cache/deescalwild``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deescalwild"
