"""The Submit form's values → a request file or what is to be mended in it. Pure but for one look whether the file is there."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from submissions.request import Request, request_path
from submissions.request_file import RequestError, parse_request, request_bytes

MAX_VALUE = 2000


@dataclass(frozen=True)
class Draft:
    """A filled form. ``problems``: one line each, empty where ``request`` is valid; ``None`` where nothing was typed yet."""

    problems: tuple[str, ...] | None
    request: Request | None = None

    @property
    def path(self) -> str:
        """Place of the file below ``submissions/``."""
        return str(request_path(self.request)) if self.request else ""

    @property
    def text(self) -> str:
        """The file."""
        return request_bytes(self.request).decode() if self.request else ""

    @property
    def commands(self) -> str:
        """The two commands that open the pull request from the submitter's own machine."""
        if self.request is None:
            return ""
        said = self.request.model_dump(exclude_defaults=True, exclude={"schema_version", "model"})
        options = [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        return f"hf auth login\n{shlex.join(['deescalwild', 'submit', self.request.model, *options, '--create-pr'])}"


def draft(values: Mapping[str, str | None], ledger: Path | None = None) -> Draft:
    """Check a form as the pull request's checks do.

    Args:
        values: field of a request → what was typed; empty ones are left out.
        ledger: the folder that holds ``requests``; what waits there already is said.
    """
    typed = {name: value.strip()[:MAX_VALUE] for name, value in values.items() if value and value.strip()}
    if "model" not in typed:
        return Draft(None)
    try:
        request = parse_request(yaml.safe_dump(typed, allow_unicode=True).encode())
    except RequestError as error:
        return Draft(error.problems)
    if ledger and (ledger / request_path(request)).exists():
        return Draft(("model: this revision, precision and protocol are in the queue already",))
    return Draft((), request)
