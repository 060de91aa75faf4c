"""The checks of a submission: plain facts in, a report out. No network, no disk, no clock.

A check that could not be made is *skipped* with its reason, and a report with a skipped check is never called valid.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from submissions.hub import HubAnswer, HubUnreachable
from submissions.hub_checks import hub_outcomes
from submissions.ledger import printable
from submissions.pull_request import EXECUTABLE, LINK, PLAIN_FILE, SUBMODULE, Change, Earlier, Proposal, candidate
from submissions.report import CHECKS, HUB_CHECKS, Outcome, Report, outcome, skipped
from submissions.request import MAX_REQUEST_BYTES, Request, request_path
from submissions.request_file import RequestError, parse_request

DAY = timedelta(days=1)
PER_DAY = 5
"""Pull requests of one author in 24 hours, unless the maintainers say otherwise."""


@dataclass(frozen=True)
class LedgerFacts:
    """What is in the ledger and beside it. ``taken``: path of a request, below the ledger → where it stands."""

    taken: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Earlier] | None = None
    """All pull requests that were opened before; None where they are not known."""


AskHub = Callable[[Request], HubAnswer]


def check(
    proposal: Proposal, ledger: LedgerFacts, ask_hub: AskHub | None, *, root: str = "", per_day: int = PER_DAY
) -> Report:
    """Check one submission.

    Args:
        proposal: what it changes.
        ledger: what is there.
        ask_hub: asks the Hub; None when offline. It may raise ``HubUnreachable``.
        root: folder of the ledger in the repository with its slash, such as ``submissions/``.
        per_day: pull requests that one author may open in 24 hours.
    """
    found = [outcome("files", files_faults(proposal.changes, root)), *_rate(proposal, ledger, per_day)]
    added = candidate(proposal.changes, root)
    if added is None:
        found += skipped(("content", "place", *HUB_CHECKS), "there is no one request to read")
        return Report(_ordered(found), path="", head=proposal.head)
    path = printable(added.path)
    request, faults = _parse(added)
    found.append(outcome("content", faults))
    if request is None:
        found += skipped(("place", *HUB_CHECKS), "waits for the content")
        return Report(_ordered(found), path, proposal.head)
    found.append(outcome("place", place_faults(added.path, request, proposal, ledger, root)))
    hub, notes = _hub(request, ask_hub)
    return Report(_ordered([*found, *hub]), path, proposal.head, request, (*_owner_note(proposal, request), *notes))


def _ordered(found: Sequence[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(found, key=lambda each: list(CHECKS).index(each.check)))


def _hub(request: Request, ask_hub: AskHub | None) -> tuple[list[Outcome], tuple[str, ...]]:
    if request.kind == "api":
        return [outcome(name, ()) for name in HUB_CHECKS], ("an API: there is nothing on the Hub to check",)
    if ask_hub is None:
        return skipped(HUB_CHECKS, "the Hub is not asked: --offline"), ()
    try:
        answer = ask_hub(request)
    except HubUnreachable as error:
        return skipped(HUB_CHECKS, printable(str(error))), ()
    return hub_outcomes(request, answer)


# -- what is changed ----------------------------------------------------------------------------------------------------------

_MODES = {
    LINK: "is a symbolic link. Add the file itself",
    SUBMODULE: "is a folder or a submodule. Add one file",
    EXECUTABLE: "is executable. Run `chmod -x` on it",
}


def files_faults(changes: Sequence[Change], root: str) -> list[str]:
    """Exactly one plain file is added below ``requests/``, and nothing else is touched."""
    added = [change for change in changes if change.kind == "added"]
    faults = [
        f"{printable(change.path)}: is {change.kind}. What is there is never edited, moved or removed; undo it"
        for change in changes
        if change.kind != "added"
    ]
    for change in added:
        name = printable(change.path)
        if not change.path.startswith(f"{root}requests/") or not change.path.endswith(".yaml"):
            faults.append(f"{name}: is no {root}requests/….yaml. A submission adds that one file; leave this out")
        elif change.mode != PLAIN_FILE:
            faults.append(f"{name}: {_MODES.get(change.mode, 'is no plain file. Add one')}")
    requests = [change for change in added if change.path.startswith(f"{root}requests/")]
    if len(requests) > 1:
        faults.append(f"adds {len(requests)} files below {root}requests/. Open one pull request for each")
    if not changes:
        faults.append(f"changes nothing. Add one file below {root}requests/")
    return faults


def _parse(change: Change) -> tuple[Request | None, tuple[str, ...]]:
    if change.content is None:
        return None, (f"is {change.size:,} bytes. A request has at most {MAX_REQUEST_BYTES // 2**10} KiB",)
    try:
        return parse_request(change.content), ()
    except RequestError as error:
        return None, error.problems


# -- the ledger ---------------------------------------------------------------------------------------------------------------


def place_faults(path: str, request: Request, proposal: Proposal, ledger: LedgerFacts, root: str) -> list[str]:
    """The file lies where its content says, and no other request has that place.

    A place is (model, revision, precision, protocol), compared without case: the Hub and many file systems know no difference.
    Of two open pull requests, the earlier has it.
    """
    expected = str(request_path(request))
    faults = [] if path == root + expected else [f"its content belongs at {root}{expected}. Move it there"]
    open_claims = {
        claim.removeprefix(root).casefold(): f"asked for by pull request {other.number}"
        for other in ledger.earlier or ()
        for claim in other.adds
        if proposal.number is None or other.number < proposal.number
    }
    taken = open_claims | {claim.casefold(): where for claim, where in ledger.taken.items()}
    if where := taken.get(expected.casefold()):
        faults.append(
            f"{request.model} at {request.revision[:12]} in {request.precision} under {request.protocol} is {where}. "
            "Ask there for another attempt, or submit another revision, precision or protocol"
        )
    return faults


def _rate(proposal: Proposal, ledger: LedgerFacts, per_day: int) -> Iterator[Outcome]:
    """Nothing where there is no pull request yet."""
    if proposal.author is None or proposal.created_at is None:
        return
    if ledger.earlier is None:
        yield Outcome("rate", "skipped", ("the earlier pull requests are not known",))
    else:
        yield outcome("rate", rate_faults(proposal.author, proposal.created_at, ledger.earlier, per_day))


def rate_faults(author: str, created_at: datetime, earlier: Sequence[Earlier], per_day: int) -> list[str]:
    """No more than ``per_day`` pull requests of one account in the 24 hours up to this one, this one included."""
    since = created_at - DAY
    own = sorted(
        other.created_at
        for other in earlier
        if other.author.casefold() == author.casefold() and since < other.created_at <= created_at
    )
    if len(own) < per_day:
        return []
    return [
        f"{printable(author, 60)} has opened {len(own)} others within 24 hours; {per_day} a day are read. "
        f"Open it again after {own[-per_day] + DAY:%Y-%m-%d %H:%M} UTC"
    ]


def _owner_note(proposal: Proposal, request: Request) -> Iterator[str]:
    """Anybody may submit anybody's public model, so that a board is complete; who did is shown."""
    org = request.model.partition("/")[0]
    if proposal.author and proposal.author.casefold() != org.casefold():
        yield f"submitted by {printable(proposal.author, 60)}; the model is {org}'s"
