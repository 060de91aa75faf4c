"""Whether a turn is in English: a word list settles nearly all turns, py3langid the rest."""

import re
from functools import cache

MIN_WORDS = 5
"""Shorter turns ("Sí, señora") say too little to judge, and are spoken in English encounters."""
MIN_PROBABILITY = 0.9
MAX_ENGLISH_SHARE = 0.3
"""Share of common English words from which on no model need be asked. Spanish shares "no", "me" and "a" with English."""

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1fff\u2e80-\ufdff\ufe70-\ufefc]")
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "so",
        "if",
        "to",
        "of",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "about",
        "this",
        "that",
        "these",
        "those",
        "it",
        "its",
        "i",
        "you",
        "he",
        "she",
        "we",
        "they",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "our",
        "their",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "am",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "will",
        "would",
        "can",
        "could",
        "should",
        "not",
        "no",
        "yes",
        "yeah",
        "okay",
        "ok",
        "what",
        "where",
        "when",
        "who",
        "why",
        "how",
        "there",
        "here",
        "just",
        "like",
        "know",
        "get",
        "got",
        "go",
        "going",
        "gonna",
        "right",
        "well",
        "out",
        "up",
        "down",
        "off",
        "back",
        "now",
        "then",
        "all",
        "some",
        "any",
        "don't",
        "didn't",
        "can't",
        "i'm",
        "you're",
        "it's",
        "that's",
        "he's",
        "she's",
        "we're",
        "they're",
        "i'll",
        "you'll",
        "let",
        "let's",
        "because",
        "need",
        "want",
        "tell",
        "said",
        "say",
        "come",
        "see",
        "look",
        "man",
        "sir",
        "ma'am",
        "hey",
        "oh",
        "uh",
        "um",
        "please",
        "thank",
    ]
)


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
    if len(words) < MIN_WORDS or sum(word in _ENGLISH for word in words) / len(words) >= MAX_ENGLISH_SHARE:
        return False
    language, probability = _identifier().classify(" ".join(words))
    return language != "en" and probability >= MIN_PROBABILITY
