"""Time stamps of the release → seconds."""

import re

MAX_TIME_S = 24 * 3600
"""A later time is a slip of the transcriber: the longest video of the release lasts a few hours."""

_TIME = re.compile(
    r"(?:(?P<h>[0-9]{1,2}):)?(?P<m>[0-9]{1,4}):(?P<s>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,6}))?"
    r"|(?P<minutes>[0-9]{1,4}):(?P<seconds>[0-9]{2}):(?P<milliseconds>[0-9]{3})"
)


def parse_time(text: str) -> float | None:
    """Seconds for ``MM:SS``, ``M:SS``, ``H:MM:SS``, each with an optional ``.mmm`` or ``,mmm``, and for ``MM:SS:mmm``.

    None for anything else, negative times and times past :data:`MAX_TIME_S` included. Minutes above 59 are accepted
    where no hours are given: transcribers count them on (``75:10``).
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        return None
    hours, minutes = int(match["h"] or 0), int(match["m"] or match["minutes"])
    seconds, fraction = int(match["s"] or match["seconds"]), match["fraction"] or match["milliseconds"] or "0"
    if seconds > 59 or (match["h"] and minutes > 59):
        return None
    total = hours * 3600 + minutes * 60 + seconds + float(f"0.{fraction}")
    return total if total <= MAX_TIME_S else None
