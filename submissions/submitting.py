"""A checked request for a model, before anything is written: what its author said, what the Hub says, and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

from submissions import hub
from submissions.draft import fill
from submissions.hub_checks import hub_outcomes
from submissions.report import Report
from submissions.request import Request
from submissions.request_file import RequestError, faults_of_field, request_of


@dataclass(frozen=True)
class Prepared:
    """A request, notes about its model, and why the Hub was not asked, if it was not."""

    request: Request
    notes: tuple[str, ...] = ()
    unchecked: str | None = None


def prepare(said: Mapping[str, str | None], revision: str | None) -> Prepared:
    """Fill in a request and check it against the Hub.

    Args:
        said: field → value, or None where the author said nothing.
        revision: branch, tag or commit; the main branch unless given.

    Raises:
        RequestError: all that is to be mended.
    """
    if faults := faults_of_field("model", said["model"]):
        raise RequestError(*faults)
    if said["kind"] == "api":
        return Prepared(request_of(fill({**said, "revision": revision}, None, None)))
    try:
        return _with_hub(said, revision)
    except hub.HubUnreachable as error:
        return _without_hub(said, revision, str(error))


def _with_hub(said: Mapping[str, str | None], revision: str | None) -> Prepared:
    user, facts = hub.user_name(), hub.look_up(str(said["model"]), revision)
    if isinstance(facts, hub.ModelNotFound):
        raise RequestError(facts.line)
    said = {**said, "model": facts.id}
    values, base = fill(said, facts, user), None
    if values.get("base_model"):
        base = hub.look_up(values["base_model"], said["base_revision"])
        if isinstance(base, hub.ModelFacts):
            values = fill({**said, "base_revision": base.sha}, facts, user)
    request = request_of(values)
    outcomes, notes = hub_outcomes(request, hub.HubAnswer(facts, base))
    if faults := Report(tuple(outcomes), path="").faults:
        raise RequestError(*faults)
    missing = () if user else ("no token: `hf auth login` before --create-pr",)
    return Prepared(request, (*notes, *missing))


def _without_hub(said: Mapping[str, str | None], revision: str | None, reason: str) -> Prepared:
    """As far as it goes: the author has to say what the Hub could have told."""
    try:
        return Prepared(request_of(fill({**said, "revision": revision}, None, None)), unchecked=reason)
    except RequestError as error:
        incomplete = RequestError(*error.problems, f"the Hub, which knows some of this, was not asked: {reason}")
        incomplete.exit_code = hub.HubUnreachable.exit_code
        raise incomplete from None
