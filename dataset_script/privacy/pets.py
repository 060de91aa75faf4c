"""A turn → names in it that are a pet's: "the dog. Oscar.", "That's the cat, that's Clementine.", "Just Rosie. My dog." """

import re
from collections.abc import Iterator

from dataset_script.privacy.lexicon import fold
from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words

_ANIMAL = "|".join(sorted(word_list("animals"), key=len, reverse=True))
_OWNER = r"(?:my|our|his|her|their|your|the)"
_SAYS_NAME = r"(?:(?:that|this|it)['’]s |(?:its|his|her) name['’]?s? (?:is )?|named |called |name of )?"
_NAMED_AFTER = re.compile(
    rf"\b{_OWNER} (?:\w+ )?(?:{_ANIMAL})(?: you \w+)?[.,]? (?i:{_SAYS_NAME})([A-Z][\w]+)(?=[.,!?]|$)"
)
_NAMED_BEFORE = re.compile(rf"\b([A-Z]\w+)[.,] (?i:{_OWNER}) (?:\w+ )?(?:{_ANIMAL})\b")


def pets_in(words: Words) -> Iterator[str]:
    """Folded names of pets."""
    if word_list("animals").isdisjoint(words.folded):
        return
    for pattern in (_NAMED_AFTER, _NAMED_BEFORE):
        yield from (fold(match[1]) for match in pattern.finditer(words.text))
