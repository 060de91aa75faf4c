"""A model's raw output → the civilian's words."""

import re

_MARKERS = re.compile(r"<\|(?:im_end|endoftext|eot_id|end|im_start)\|>|</s>|<end_of_turn>")
_THOUGHTS = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)|\A.*?</(?:think|thinking|thought|reasoning)>", re.S
)
_LABEL = re.compile(r"^\s*[\[(]?(?:civilian|subject|suspect|assistant|driver)[\])]?\s*:\s*", re.I)


def has_thoughts(text: str) -> bool:
    """Whether a raw reply holds a thinking model's thoughts, closed or cut off."""
    return bool(_THOUGHTS.search(text))


def clean_reply(text: str) -> str:
    """The first line of a reply, without thoughts, end markers, a leading speaker label, or quotation marks around it.

    Applied to every backend alike: stop strings are honoured by some and ignored by others.
    """
    text = _MARKERS.split(_THOUGHTS.sub("", text), maxsplit=1)[0].strip()
    line = text.splitlines()[0] if text else ""
    line = _LABEL.sub("", line).strip()
    if len(line) > 1 and line[0] == line[-1] == '"' and line.count('"') == 2:
        line = line[1:-1].strip()
    return line
