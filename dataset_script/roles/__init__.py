"""Who speaks: the released speaker labels of one transcript → roles.

In: (label, text) turns. Out: label → role, the rule that decided it and a confidence. Open ``resolve.py`` first; ``labels.py``
reads a label's words (``labels.toml``), ``cues.py`` and ``evidence.py`` read the file (``cues.toml``), ``model.py`` weighs
(``weights.json``), ``overrides.py`` reads people's corrections. ``benchmarks/roles.py`` fits and measures.
"""

from dataset_script.roles.labels import classify_label
from dataset_script.roles.overrides import read_overrides
from dataset_script.roles.resolve import resolve_roles
from dataset_script.roles.taxonomy import AUTHORITY, BREAKING, CIVILIAN_SIDE, OTHER_PEOPLE, ROLES, RoleGuess, side_of

__all__ = [
    "AUTHORITY",
    "BREAKING",
    "CIVILIAN_SIDE",
    "OTHER_PEOPLE",
    "ROLES",
    "RoleGuess",
    "classify_label",
    "read_overrides",
    "resolve_roles",
    "side_of",
]
