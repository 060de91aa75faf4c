"""What a reviewer decided: one line of an append-only JSON-lines file that several reviewers may write at once."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from filelock import FileLock
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from dataset_script.errors import DataError
from dataset_script.privacy import TYPES
from dataset_script.roles import ROLES

MAX_TEXT = 20_000

Kind = Literal["verdict", "role", "text", "personal_data", "comment"]
Subject = tuple[str, str, Kind, int | None, str | None, tuple[int, int] | None]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reviewer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,39}$")]


class ReviewDecision(BaseModel):
    """One decision. ``value`` is ``accept``/``reject``, a role, a text, a type of personal data, or a comment.

    A role is given to a whole ``speaker`` label or to one ``turn``. ``words`` are those that a mark of personal data covered: they find it
    again where a correction or a repair has moved them. ``seen_sha256`` is the transcript as the reviewer saw it
    (:func:`transcript_sha256`): a decision on a transcript that has changed since is never applied. ``withdrawn`` takes the reviewer's
    earlier decision on the same subject back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    transcript: str = Field(min_length=1, max_length=300)
    seen_sha256: Sha256
    kind: Kind
    value: str = Field(max_length=MAX_TEXT)
    turn: int | None = Field(None, ge=0)
    speaker: str | None = Field(None, max_length=2000)
    span: tuple[int, int] | None = None
    words: str = Field("", max_length=MAX_TEXT)
    reason: str = Field("", max_length=2000)
    reviewer: Reviewer
    time: AwareDatetime
    adjudication: bool = False
    withdrawn: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        allowed = {"verdict": ("accept", "reject"), "role": sorted(ROLES), "personal_data": sorted(TYPES)}.get(
            self.kind
        )
        if allowed and self.value not in allowed:
            raise ValueError(f"value of a {self.kind} must be one of {', '.join(allowed)}")
        if self.kind == "role" and (self.turn is None) == (self.speaker is None):
            raise ValueError("a role is given to a speaker or to a turn")
        if self.kind in ("text", "personal_data") and self.turn is None:
            raise ValueError(f"a {self.kind} needs a turn")
        if self.kind == "text" and not self.value.strip():
            raise ValueError("a corrected text must say something")
        if (self.kind == "personal_data") != (self.span is not None) or (
            self.span and not 0 <= self.span[0] < self.span[1]
        ):
            raise ValueError("personal data needs a span of characters, and nothing else does")
        if self.words and self.kind != "personal_data":
            raise ValueError("only a mark of personal data has words")
        return self

    @property
    def subject(self) -> Subject:
        """What the decision is about: a reviewer has one valid decision on each subject, the latest."""
        return self.transcript, self.seen_sha256, self.kind, self.turn, self.speaker, self.span


def transcript_sha256(rows: Iterable[tuple[str, str]]) -> str:
    """Digest of a transcript's (speaker, text) rows as released."""
    digest = hashlib.sha256()
    for speaker, text in rows:
        digest.update(f"{speaker}\0{text}\0".encode())
    return digest.hexdigest()


def now() -> datetime:
    """The time that a decision is stamped with: UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


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
        file.write("".join(decision.model_dump_json() + "\n" for decision in decisions).encode())
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class Review:
    """The decisions of a file, in its order, and the numbers of lines that a crash has torn."""

    decisions: tuple[ReviewDecision, ...]
    torn_lines: tuple[int, ...] = ()


def read_review(path: Path) -> Review:
    """Read a decisions file.

    Raises:
        DataError: no such file, or a whole line that is no decision.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file. `deescalwild data review` writes it.")
    found, torn = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(ReviewDecision.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            if first["type"] == "json_invalid":
                torn.append(number)
                continue
            field = ".".join(map(str, first["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {first['msg']}. Mend or remove the line.") from None
    return Review(tuple(found), tuple(torn))


def read_decisions(path: Path) -> tuple[ReviewDecision, ...]:
    """The decisions of a file, in its order."""
    return read_review(path).decisions
