"""What a process printed → the few lines an author may see, without secrets."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from submissions.states import MAX_LOG_TAIL

READ_BYTES = 64 * 2**10
SHORTEST_SECRET = 6
_SECRET_NAME = re.compile(r"TOKEN|SECRET|KEY|PASSW|CREDENTIAL|AUTH", re.I)
_SECRET_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{8,}|api_org_[A-Za-z0-9]{8,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|AKIA[A-Z0-9]{16})"
    r"|(?i:(?<=bearer )[A-Za-z0-9._~+/=-]{8,})|(?<=://)[^\s/@]+:[^\s/@]+(?=@)"
)
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_NOT_TEXT = re.compile(r"[^\n\t\x20-\x7e\u00a0-\u2027\u2030-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\U0010ffff]")
REMOVED = "[removed]"


def scrub(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Text without tokens, by their shape and by the values of variables whose names say that they are secret."""
    known = os.environ if environment is None else environment
    values = [value for name, value in known.items() if _SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET]
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, REMOVED)
    return _SECRET_SHAPES.sub(REMOVED, text)


def clean(text: str) -> str:
    """Text as a terminal would leave it: no colours, and of a progress bar only its last state."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _TERMINAL_CODES.sub("", text).split("\n"))
    return _NOT_TEXT.sub("", "\n".join(lines))


def log_tail(path: Path) -> str:
    """The end of a log, scrubbed, whole lines where possible, at most ``MAX_LOG_TAIL`` characters; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - READ_BYTES))
            content = file.read(READ_BYTES)
    except FileNotFoundError:
        return ""
    text = scrub(clean(content.decode("utf-8", "replace"))).strip()
    if len(text) <= MAX_LOG_TAIL:
        return text
    cut = text[-MAX_LOG_TAIL:]
    return cut.partition("\n")[2] or cut


def error_line(text: str) -> str | None:
    """The last ``error: …`` line, which is how our commands say what went wrong."""
    lines = [line.removeprefix("error: ") for line in text.splitlines() if line.startswith("error: ")]
    return lines[-1] if lines else None
