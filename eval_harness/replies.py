"""A model's raw output → the civilian's words."""

import re
from collections.abc import Sequence

_MARKERS = re.compile(r"<\|(?:im_end|endoftext|eot_id|end|im_start|return)\|>|</s>|<end_of_turn>|<turn\|>")
_TAGS = "think|thinking|thought|reasoning"
_THOUGHT_MARKS = (
    (rf"<(?:{_TAGS})>", rf"</(?:{_TAGS})>"),  # DeepSeek-R1, Qwen3, GLM, Nemotron
    (r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    (r"<\|channel>thought", r"<channel\|>"),  # Gemma 4
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Command A Reasoning
    (r"◁think▷", r"◁/think▷"),  # Kimi
    # gpt-oss, with its marks or, decoded without special tokens, with the words that stood between them.
    (
        r"\A(?:<\|channel\|>)?analysis(?:<\|message\|>|(?=[A-Z]))",
        r"(?:<\|end\|>)?(?:<\|start\|>)?assistant(?:<\|channel\|>)?final(?:<\|message\|>)?",
    ),
)
"""How thoughts begin and end. A thought that is cut off has no end; one that the prompt has begun has no beginning."""
_THOUGHTS = re.compile(
    "|".join(
        [rf"{begin}.*?(?:{end}|\Z)" for begin, end in _THOUGHT_MARKS]
        + [rf"\A.*?(?:{'|'.join(end for _, end in _THOUGHT_MARKS[:-1])})"]
    ),
    re.S,
)
_LABEL = re.compile(r"^\s*[\[(]?(?:civilian|subject|suspect|assistant|driver)[\])]?\s*:\s*", re.I)


def cut_at_stops(text: str, stops: Sequence[str]) -> str:
    """A text up to the first of the stop strings: some engines write them, some endpoints ignore them."""
    return min((text.split(stop)[0] for stop in stops), key=len, default=text)


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
