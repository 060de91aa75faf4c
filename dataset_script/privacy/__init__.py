"""Personal data in a scenario → placeholders, pseudonyms and a flag for minors.

In: turns with resolved roles. Out: :class:`Redaction`, or the mentions alone. Open ``find.py`` first for what is found and in what
order, ``redaction.py`` for what is put in its place; one recogniser a file: ``names.py``, ``numbers.py``, ``dates.py``,
``addresses.py``, ``emails.py``, which share ``tokens.py`` and ``values.py``. Word lists are data in ``words/``.
"""

from dataset_script.privacy.find import find_personal_data
from dataset_script.privacy.mentions import PLACEHOLDER, TYPES, Mention, SpokenTurn
from dataset_script.privacy.ner import NameFinder, load_ner
from dataset_script.privacy.redaction import Redaction, redact

__all__ = [
    "PLACEHOLDER",
    "TYPES",
    "Mention",
    "NameFinder",
    "Redaction",
    "SpokenTurn",
    "find_personal_data",
    "load_ner",
    "redact",
]
