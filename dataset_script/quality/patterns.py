"""The regular expressions of ``patterns.yaml`` and ``taxonomy.yaml``, compiled once.

They are written in lower case and match :func:`normalised` text: three times as fast as ``re.IGNORECASE``.
"""

import re
from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def load(name: str) -> Any:
    """A data file of this package, as plain Python; parsed once, and not to be changed."""
    return yaml.safe_load(resources.files(__package__).joinpath(name).read_text("utf-8"))


def normalised(text: str) -> str:
    """A text in the spelling that the expressions are written in: lower case, straight apostrophes."""
    return text.lower().replace("’", "'")


@cache
def pattern(name: str) -> re.Pattern[str]:
    """One compiled alternative of all expressions under a key of ``patterns.yaml``."""
    return re.compile("|".join(f"(?:{part})" for part in load("patterns.yaml")[name]))
