"""What a reviewer decided: one line of an append-only JSON-lines file that several reviewers may write at once."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from dataset_script.errors import DataError
from dataset_script.privacy import TYPES
from dataset_script.roles import ROLES

MAX_TEXT = 20_000
MAX_REASON = 2000
MAX_LABEL = 2000
REVIEWER = r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,39}$"

Kind = Literal["verdict", "role", "text", "personal_data", "comment"]
Span = tuple[int, int]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_VALUES = {"verdict": ("accept", "reject"), "role": tuple(sorted(ROLES)), "personal_data": TYPES}


class Seen(NamedTuple):
    """A transcript as somebody saw it: its name, and the digest of its rows (:func:`transcript_sha256`)."""

    transcript: str
    sha256: str


class Subject(NamedTuple):
    """What a decision is about. A reviewer has one standing decision on each subject, the latest."""

    seen: Seen
    kind: Kind
    turn: int | None = None
    speaker: str | None = None
    span: Span | None = None


class ReviewDecision(BaseModel):
    """One decision.

    Attributes:
        transcript: name of the transcript's file without its suffix.
        seen_sha256: the transcript as the reviewer saw it. A decision on a transcript that has changed since is never applied.
        kind: what is decided.
        value: ``accept`` or ``reject``; a role; the corrected text; a type of personal data; a comment.
        turn: index of the row from 0; None for the whole scenario, and for a role that is given to a ``speaker``.
        speaker: the released label to all turns of which a role is given.
        span: where the personal data stands in the turn as it was shown: first character, and the one after the last.
        surface: the words at ``span``, by which the place is found again in a text that was corrected or repaired.
        proposed: the role that the page showed before, as the resolver had it.
        reason: why, for people.
        adjudication: settles a conflict between reviewers.
        withdrawn: takes the reviewer's earlier decision on the same subject back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    transcript: str = Field(min_length=1, max_length=300)
    seen_sha256: Sha256
    kind: Kind
    value: str = Field(max_length=MAX_TEXT)
    turn: int | None = Field(None, ge=0)
    speaker: str | None = Field(None, max_length=MAX_LABEL)
    span: Span | None = None
    surface: str | None = Field(None, max_length=MAX_TEXT)
    proposed: str | None = None
    reason: str = Field("", max_length=MAX_REASON)
    reviewer: str = Field(pattern=REVIEWER)
    time: AwareDatetime
    adjudication: bool = False
    withdrawn: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        allowed = _VALUES.get(self.kind)
        if allowed and self.value not in allowed:
            raise ValueError(f"value of a {self.kind} must be one of {', '.join(allowed)}")
        if self.kind in ("text", "comment") and not self.value.strip():
            raise ValueError(f"a {self.kind} must say something")
        if self.kind in ("text", "personal_data") and self.turn is None:
            raise ValueError(f"a {self.kind} needs a turn")
        if self.kind == "verdict" and self.turn is not None:
            raise ValueError("a verdict is on the whole scenario")
        if self.kind == "role" and (self.turn is None) == (self.speaker is None):
            raise ValueError("a role is given to a speaker or to a turn")
        if self.kind != "role" and (self.speaker is not None or self.proposed is not None):
            raise ValueError("only a role names a speaker and what was proposed")
        if self.proposed is not None and self.proposed not in ROLES:
            raise ValueError("proposed is no role")
        self._check_place()
        return self

    def _check_place(self) -> None:
        if self.kind != "personal_data":
            if self.span is not None or self.surface is not None:
                raise ValueError("only personal data has a span and a surface")
            return
        if self.span is None or self.surface is None or not self.surface.strip():
            raise ValueError("personal data needs a span and the words that stand there")
        start, end = self.span
        if not 0 <= start < end or end - start != len(self.surface):
            raise ValueError("the span must be as long as the words that stand there")

    @property
    def seen(self) -> Seen:
        """The transcript that the decision is about."""
        return Seen(self.transcript, self.seen_sha256)

    @property
    def subject(self) -> Subject:
        """What the decision is about."""
        return Subject(self.seen, self.kind, self.turn, self.speaker, self.span)


def transcript_sha256(rows: Iterable[tuple[str, str]]) -> str:
    """Digest of a transcript's (speaker, text) rows as released."""
    digest = hashlib.sha256()
    for speaker, text in rows:
        digest.update(f"{speaker}\0{text}\0".encode())
    return digest.hexdigest()


def now() -> datetime:
    """The time that a decision is stamped with: UTC."""
    return datetime.now(UTC)


def append(path: Path, decisions: Sequence[ReviewDecision]) -> None:
    """Add decisions; they are on disk when this returns. Several processes may append to one file.

    A line that a crash has torn is ended first, so that it spoils nothing after it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"), path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write("".join(decision.model_dump_json(exclude_defaults=True) + "\n" for decision in decisions).encode())
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Review:
    """The decisions of a file, in its order, and the numbers of lines that a crash has torn."""

    decisions: tuple[ReviewDecision, ...] = ()
    torn_lines: tuple[int, ...] = ()


def _parsed(path: Path, lines: Iterable[bytes], first: int) -> Review:
    found, torn = [], []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        try:
            found.append(ReviewDecision.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            if problem["type"] == "json_invalid":
                torn.append(number)
                continue
            field = ".".join(map(str, problem["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {problem['msg']}. Mend or remove the line.") from None
    return Review(tuple(found), tuple(torn))


def read_review(path: Path) -> Review:
    """Read a decisions file.

    Raises:
        DataError: no such file, or a whole line that is no decision.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file. `deescalwild data review` writes it.")
    return _parsed(path, path.read_bytes().split(b"\n"), first=1)


def read_decisions(path: Path) -> tuple[ReviewDecision, ...]:
    """The decisions of a file, in its order. Raises as :func:`read_review` does."""
    return read_review(path).decisions


class DecisionLog:
    """A decisions file that others add to as well. Each look reads only what is new; a line without its end is left for the next."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_over()

    def _start_over(self) -> None:
        self._read_to, self._lines = 0, 0
        self._decisions: list[ReviewDecision] = []

    def decisions(self) -> Sequence[ReviewDecision]:
        """All decisions so far, in the order of the file; none where there is no file yet.

        Raises:
            DataError: a whole line that is no decision.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read_to:
            self._start_over()
        if size > self._read_to:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            lines = whole.split(b"\n")[:-1]
            self._decisions += _parsed(self.path, lines, first=self._lines + 1).decisions
            self._read_to += len(whole)
            self._lines += len(lines)
        return tuple(self._decisions)
