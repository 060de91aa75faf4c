"""What a Dataverse answers instead of data → one sentence that says how to go on. Pure."""

from dataclasses import dataclass

MAX_QUOTED = 200
"""Characters of a server's own words that are shown."""


class DownloadError(OSError):
    """Data cannot be had at the moment, or not by this program. The message says what a person can do."""

    exit_code = 2


@dataclass(frozen=True)
class Answer:
    """A response without its body: ``message`` is the server's own word from a JSON body, ``has_name`` whether it names a file."""

    status: int
    media_type: str
    message: str = ""
    retry_after: str = ""
    has_name: bool = False


@dataclass(frozen=True)
class Resource:
    """Something to ask a Dataverse for: where it is, ``what`` it is in words, and the dataset's ``page`` for people."""

    path: str
    params: dict[str, str]
    what: str
    page: str


def refusal(answer: Answer, asked: Resource, host: str, *, has_token: bool) -> str | None:
    """Why this is no data, in one sentence; None for data.

    A page for browsers counts as a refusal under any status: the firewall in front of Harvard Dataverse and others
    answers 202, 403 or 200 with one (IQSS/dataverse.harvard.edu#479). Files come with a name, whatever their kind.
    """
    by_hand = f"Or download it by hand from {asked.page} and build with --source PATH."
    is_page = answer.media_type == "text/html" and not answer.has_name
    if answer.status == 202 or is_page:
        return (
            f"{host} answered with a page for browsers, as firewalls do, and not with {asked.what}. "
            f"Try again later from another network. {by_hand}"
        )
    if answer.status in (200, 206):
        return None
    said = _quoted(answer.message)
    if answer.status == 400 and "guestbook" in answer.message.casefold():
        return (
            f"{asked.what} asks for an entry in a guestbook, which only a person can make. "
            f"Sign it at {asked.page}, download the files there and build with --source PATH."
        )
    if answer.status == 401:
        return f"{host} does not accept DATAVERSE_API_TOKEN{said}. Make a new token in your account there, or unset it."
    if answer.status == 403 and answer.media_type == "application/json":
        access = "your token has no access to it" if has_token else "no token was given in DATAVERSE_API_TOKEN"
        return f"{asked.what} is restricted or under embargo, and {access}{said}. Request access at {asked.page}. {by_hand}"
    if answer.status == 429:
        wait = f" for {answer.retry_after} s" if answer.retry_after.isdecimal() else ""
        return f"{host} asks to wait{wait}: too many requests. Run the same command later; finished files are kept."
    if answer.status >= 500:
        return f"{host} fails with HTTP {answer.status}{said}. Run the same command later; finished files are kept."
    return f"{host} answered HTTP {answer.status} for {asked.what}{said}. {by_hand}"


def _quoted(message: str) -> str:
    """A stranger's words for a terminal: short, and without control characters."""
    clean = "".join(character for character in message if character.isprintable())[:MAX_QUOTED]
    return f" (it says: {clean})" if clean else ""
