"""What an endpoint takes of the OpenAI protocol, found out by asking.

Servers differ in four things that matter here: whether they take a JSON schema for the answer, which decoding parameters they
refuse, what they call the limit of new tokens, and whether they answer in one piece. A refused request is narrowed by one step and sent again. Pure.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

Structure = Literal["json_schema", "json_object", "text"]
_NARROWER_STRUCTURE: dict[Structure, Structure] = {"json_schema": "json_object", "json_object": "text"}
_DROPPABLE = ("seed", "temperature", "stop")

_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|too (?:long|large)|too many tokens|maximum.{0,20}tokens|reduce the length", re.I
)
_REFUSED = re.compile(
    r"(?:unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|extra)\b[^.]{0,60}?\b(?P<before>seed|temperature|stop)\b"
    r"|\b(?P<after>seed|temperature|stop)\b[^.]{0,60}?\b(?:not support|not permitted|not allowed|unsupported|unknown|unrecogni[sz]ed)",
    re.I,
)
_STREAM_ONLY = re.compile(
    r"\b(?:only|must|enable|requires?)\b[^.]{0,40}\bstream|\bstream\b[^.]{0,40}\b(?:only|must|required|true)\b", re.I
)


@dataclass(frozen=True)
class Dialect:
    """How requests are put. ``stream``: the answer comes in pieces. ``without`` names decoding parameters that the endpoint refuses and that are left to its defaults."""

    structure: Structure = "json_schema"
    without: tuple[str, ...] = ()
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream: bool = False


def is_too_long(message: str) -> bool:
    """Whether a refusal says that the request does not fit the model's context."""
    return bool(_TOO_LONG.search(message))


def narrower(dialect: Dialect, message: str, parameter: str | None, *, structured: bool) -> Dialect | None:
    """The next dialect to try after a refusal (HTTP 400 or 422), or None where the request itself is at fault.

    Args:
        dialect: the one that was refused.
        message: the endpoint's words.
        parameter: what the endpoint says is wrong, where it says so (OpenAI does).
        structured: whether the request asked for JSON at all.
    """
    if is_too_long(message):
        return None
    if dialect.limit == "max_tokens" and "max_completion_tokens" in message:
        return replace(dialect, limit="max_completion_tokens")
    if not dialect.stream and _STREAM_ONLY.search(message):
        return replace(dialect, stream=True)
    match = _REFUSED.search(message)
    refused = parameter if parameter in _DROPPABLE else (match["before"] or match["after"]).lower() if match else None
    if refused and refused not in dialect.without:
        return replace(dialect, without=tuple(sorted({*dialect.without, refused})))
    if structured and dialect.structure in _NARROWER_STRUCTURE:
        return replace(dialect, structure=_NARROWER_STRUCTURE[dialect.structure])
    return None
