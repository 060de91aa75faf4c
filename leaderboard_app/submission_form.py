"""The Submit form's values → the report of the pull request's own checks, and the file. Pure but for two looks into the ledger."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from submissions.checks import AskHub, LedgerFacts, check
from submissions.hub import HubAnswer, look_up
from submissions.hub_ledger import taken_places
from submissions.pull_request import Change, Proposal
from submissions.report import HUB_CHECKS, Outcome, Report
from submissions.request import Request, request_path
from submissions.request_file import RequestError, parse_request, request_bytes
from submissions.states import queue_path

MAX_VALUE = 2000
LIVE_CHECKS = ("content", "place")
"""What is checked at every keystroke. ``files`` and ``rate`` are about the pull request itself; the others ask the Hub."""


@dataclass(frozen=True)
class Draft:
    """A filled form. ``report``: of ``submissions.checks``; ``None`` where nothing was typed yet."""

    report: Report | None

    @property
    def request(self) -> Request | None:
        """The request, where the form holds a valid one that nobody has submitted."""
        return self.report.request if self.report and not self.report.faults else None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The checks that the page shows, in the order of the report: the Hub's only once it was asked."""
        outcomes = self.report.outcomes if self.report else ()
        return tuple(each for each in outcomes if each.check in LIVE_CHECKS or each.check in HUB_CHECKS)

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
        """The two commands that open the pull request from the submitter's own machine, an option a line."""
        if self.request is None:
            return ""
        said = self.request.model_dump(exclude_defaults=True, exclude={"schema_version", "model"})
        options = [shlex.join((f"--{name.replace('_', '-')}", str(value))) for name, value in said.items()]
        words = [f"deescalwild submit {self.request.model}", *options, "--create-pr"]
        return "hf auth login\n" + " \\\n  ".join(words)


def draft(values: Mapping[str, str | None], ledger: Path | None = None, ask_hub: AskHub | None = None) -> Draft:
    """Check a form by what checks the pull request.

    Args:
        values: field of a request → what was typed; empty ones are left out.
        ledger: the folder that holds ``requests`` and ``queue``; what stands there already is said.
        ask_hub: asks the Hub; ``None`` leaves its checks for later.
    """
    typed = {name: value.strip()[:MAX_VALUE] for name, value in values.items() if value and value.strip()}
    if "model" not in typed:
        return Draft(None)
    content = yaml.safe_dump(typed, allow_unicode=True).encode()
    try:
        place = str(request_path(parse_request(content)))
    except RequestError:
        place = "requests/unknown.yaml"  # the report says what is wrong with the content
    added = Change("added", place, size=len(content), content=content)
    return Draft(check(Proposal((added,)), LedgerFacts(_taken(place, ledger)), ask_hub))


def _taken(place: str, ledger: Path | None) -> Mapping[str, str]:
    """Whether a place is taken; only it is looked for, because this runs at every keystroke."""
    if ledger is None:
        return {}
    return taken_places([path for path in (place, queue_path(place)) if (ledger / path).exists()])


def ask_without_token(request: Request) -> HubAnswer:
    """What the Hub tells anybody about a request: the board's own token must not open a stranger's way to what is private.

    Raises:
        HubUnreachable: offline, no network, too many requests, or a failure of the Hub.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=False)
    base = look_up(request.base_model, request.base_revision, api=api) if request.base_model else None
    return HubAnswer(look_up(request.model, request.revision, api=api), base)
