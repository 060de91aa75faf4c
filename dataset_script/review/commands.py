"""A command from the page → a decision. Every command is a stranger's: it is checked before anything is written. No Gradio."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dataset_script.errors import DataError
from dataset_script.review.decisions import Kind, ReviewDecision, Subject, now
from dataset_script.review.view import Desk, ReviewScenario


class Command(BaseModel):
    """What the page sends: a move (``go``, ``filter``), an ``undo``, or a decision on the scenario that is open."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    action: Literal["go", "filter", "undo", "decide"]
    transcript: str = Field("", max_length=300)
    filter: str = Field("all", max_length=20)
    kind: Kind = "comment"
    value: str = Field("", max_length=20_000)
    turn: int | None = None
    speaker: str | None = Field(None, max_length=2000)
    span: tuple[int, int] | None = None
    reason: str = Field("", max_length=2000)


def parse(text: str) -> Command:
    """Read a command.

    Raises:
        DataError: it is not one.
    """
    try:
        return Command.model_validate_json(text)
    except ValidationError as error:
        raise DataError(f"that is not a command of this page ({error.errors()[0]['msg']}).") from None


def decision(command: Command, scenario: ReviewScenario, reviewer: str, *, adjudicates: bool) -> ReviewDecision:
    """The decision that a command asks for.

    Raises:
        DataError: the turn, the speaker or the place in the text does not exist, or the value is not allowed.
    """
    if command.turn is not None and not 0 <= command.turn < len(scenario.turns):
        raise DataError(f"{scenario.transcript} has no turn {command.turn}.")
    if command.speaker is not None and command.speaker not in {turn.speaker for turn in scenario.turns}:
        raise DataError(f"{scenario.transcript} has no such speaker.")
    if command.span and command.turn is not None and command.span[1] > len(scenario.turns[command.turn].text):
        raise DataError("the marked place lies beyond the end of the turn; undo the correction of its text first.")
    try:
        return ReviewDecision(
            transcript=scenario.transcript,
            seen_sha256=scenario.sha256,
            kind=command.kind,
            value=command.value,
            turn=command.turn,
            speaker=command.speaker,
            span=command.span,
            words=scenario.turns[command.turn].text[slice(*command.span)]
            if command.span and command.turn is not None
            else "",
            reason=command.reason,
            reviewer=reviewer,
            time=now(),
            adjudication=adjudicates,
        )
    except ValidationError as error:
        raise DataError(f"that cannot be decided: {error.errors()[0]['msg']}.") from None


def undo(desk: Desk, scenario: ReviewScenario) -> ReviewDecision | None:
    """The withdrawal of the reviewer's last standing decision on a scenario; None where there is none.

    Who adjudicates takes back adjudications, and nothing that the same person said as a reviewer.
    """
    place = (scenario.transcript, scenario.sha256, desk.reviewer, desk.adjudicates)
    standing: dict[Subject, ReviewDecision] = {}
    for each in desk.decisions:
        if (each.transcript, each.seen_sha256, each.reviewer, each.adjudication) == place:
            standing.pop(each.subject, None)
            if not each.withdrawn:
                standing[each.subject] = each
    last = next(reversed(standing.values()), None)
    return last and last.model_copy(update={"withdrawn": True, "time": now()})
