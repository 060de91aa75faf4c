"""Whether a turn is in English: a word list settles nearly all turns, py3langid the rest."""

import re
from functools import cache

from dataset_script.quality.patterns import load

MIN_WORDS = 5
"""Shorter turns ("Sí, señora") say too little to judge, and are spoken in English encounters."""
MIN_PROBABILITY = 0.9
MAX_ENGLISH_SHARE = 0.3
"""Share of common English words from which on no model need be asked."""
MIN_SPANISH_SHARE = 0.5
MIN_DISTINCT_WORDS = 3
"""Spanish shares "no", "me" and "a" with English and is the other language of the streets, so it has a list of its own."""

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1fff\u2e80-\ufdff\ufe70-\ufefc]")


@cache
def _common_words(language: str) -> frozenset[str]:
    return frozenset(load("common_words.yaml")[language].split())


@cache
def _identifier():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def is_foreign(text: str) -> bool:
    """Whether a turn of five words or more is certainly not English.

    Text in another script (Japanese, Arabic …) needs no words: five letters of it are enough.
    """
    if not text.isascii() and len(_OTHER_SCRIPT.findall(text)) >= MIN_WORDS:
        return True
    words = [word.lower().replace("’", "'") for word in _LETTERS.findall(text[:2000])]
    if len(words) < MIN_WORDS or len(set(words)) < MIN_DISTINCT_WORDS:
        return False
    english, spanish = _common_words("english"), _common_words("spanish")
    if sum(word in spanish for word in words) / len(words) >= MIN_SPANISH_SHARE:
        return True
    if sum(word in english for word in words) / len(words) >= MAX_ENGLISH_SHARE:
        return False
    language, probability = _identifier().classify(" ".join(words))
    return language != "en" and probability >= MIN_PROBABILITY
