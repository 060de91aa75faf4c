"""E-mail addresses, written and spoken."""

import bisect
import re
from collections.abc import Iterator

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.tokens import Words
from dataset_script.privacy.values import is_number

_WRITTEN = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_TOP_LEVEL = r"(?:com|net|org|edu|gov|us|io|co|me|info|biz|mil|example|test|invalid|uk|ca|mx|tv)"
# "dot", "underscore", "at" as they are said. Every repetition is bounded, so that long turns cost no more than their length.
_SPOKEN = re.compile(
    rf"\bat\s(?:[\w-]+\s){{0,2}}[\w-]+(?:\s(?:dot|point)\s[\w-]+){{0,2}}(?:\s(?:dot|point)\s|\.){_TOP_LEVEL}\b"
    rf"|\s?@\s?[\w-]+(?:\s(?:dot|point)\s|\.){_TOP_LEVEL}\b",
    re.I,
)
_JOINERS = frozenset(["dot", "period", "underscore", "dash", "hyphen", "point"])
_LEAD_INS = word_list("email_lead_ins")
_THE_NUMBER = ["the", "number"]
_LONGEST_LOCAL_PART, _LONGEST_SPELLED_LOCAL_PART = 9, 40


def find_emails(words: Words) -> Iterator[tuple[int, int]]:
    """Start and end in the text of each e-mail address."""
    text = words.text
    if "@" in text:
        for match in _WRITTEN.finditer(text):
            yield match.start(), len(match.group().rstrip(".-")) + match.start()
    if "@" not in text and " at " not in text.lower():
        return
    for match in _SPOKEN.finditer(text):
        start = _local_part(words, match.start())
        if start is not None:
            yield start, match.end()


def _local_part(words: Words, before: int) -> int | None:
    """Where the words of the local part begin that ends at a place of the text; None where there are none."""
    last = bisect.bisect_right(words.stops, before) - 1
    first = None
    counted = 0
    for index in range(last, -1, -1):
        counted += len(words.folded[index]) > 1  # "I-L-I-N-C-A" is one word of it
        if counted > _LONGEST_LOCAL_PART or last - index > _LONGEST_SPELLED_LOCAL_PART:
            break
        is_announced = words.folded[index : index + 2] == _THE_NUMBER
        is_spelled = "-" in {words.gap(index), words.after(index)} or words.word(index + 1) in _JOINERS
        is_letter = len(words.folded[index]) == 1 and is_spelled
        if (
            words.folded[index] in _LEAD_INS
            and not is_letter
            and words.folded[index] not in _JOINERS
            and not is_announced
        ):
            break
        first = index
        gap = words.gap(index)
        is_read_out = gap == ", " and (
            is_announced
            or len(words.word(index - 1)) == 1
            or words.folded[index] in _JOINERS
            or is_number(words, index)
        )
        if (set(gap) - set(" -_.+") or gap == ". ") and not is_read_out:
            break
    return None if first is None else words.starts[first]
