"""Free text that strangers write and others read on a page, in a terminal and in a diff: what it may not hold.

Whoever shows the text escapes it all the same; this keeps what no author needs and an attacker does out of the ledger.
"""

import re
import unicodedata

_TAG = re.compile(r"<[A-Za-z/!?]")
_LINK = re.compile(r"!\[|\]\s*[(\[:]")
_SCHEME = re.compile(r"\b(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
MAX_STACKED_MARKS = 3


def name_of(char: str) -> str:
    """A character as ``U+202E RIGHT-TO-LEFT OVERRIDE``."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'control or unassigned character')}"


def first_invisible(text: str, allowed: str = "") -> str | None:
    """The first character that does not show: control, direction, zero-width, odd space, private, unassigned."""
    return next((char for char in text if not char.isprintable() and char not in allowed), None)


def first_foreign(text: str) -> str | None:
    """The first character outside ASCII: where only ASCII is expected, a look-alike."""
    return next((char for char in text if not char.isascii()), None)


def _has_stacked_marks(text: str) -> bool:
    run = 0
    for char in unicodedata.normalize("NFC", text):
        run = run + 1 if unicodedata.combining(char) else 0
        if run > MAX_STACKED_MARKS:
            return True
    return False


def fault_of(text: str, allowed: str = "") -> str | None:
    """What is wrong with a free text and how to mend it, or None.

    Args:
        text: as the author wrote it.
        allowed: invisible characters that may stand in it, such as the line feed.
    """
    if char := first_invisible(text, allowed):
        return f"holds {name_of(char)}. Remove it"
    if _TAG.search(text):
        return "holds an HTML tag. Write plain text"
    if _LINK.search(text):
        return "holds a Markdown link or image. Write the address itself"
    if _SCHEME.search(text):
        return "holds an address that is not http. Write an https:// address or none"
    if _has_stacked_marks(text):
        return f"stacks more than {MAX_STACKED_MARKS} marks on a letter. Remove them"
    return None
