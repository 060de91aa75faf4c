"""The privacy pass beside plain Presidio, on labelled fiction.

    python -m benchmarks.privacy [--misses] [--no-presidio]

Labelled set: tests/data/privacy, ``[[TYPE|surface]]`` marks in fictional turns, dev files (tuned on) and, where there are any, held-out files (measured only).
A mention is found where predicted ones, of whatever type, cover at least half of its letters and digits and touch every one of its value tokens (maximal runs
of letters or of digits that are no function words; for an address only digits and words that begin with a capital). A prediction is right where it overlaps a mark of any type;
its type is right where it overlaps one of the same type. Prints tables and, last, one JSON line. ``--misses`` lists errors of the dev files only.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_script.privacy import Mention, SpokenTurn, find_personal_data
from dataset_script.privacy.labels import names_in_label
from dataset_script.privacy.lexicon import fold

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "privacy"
STRUCTURED = ("PHONE", "ADDRESS", "DOB", "PLATE", "LICENSE", "SSN", "EMAIL", "VIN", "OTHER_ID")
WITH_EVIDENCE, WITHOUT = "NAME, evidence in the file", "NAME, other"

_MARK = re.compile(r"\[\[([A-Z_]+)\|([^\]]+)\]\]")
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_RANK = re.compile(
    r"\b(?:officer|deputy|sergeant|sgt\.?|lieutenant|lt\.?|corporal|captain|trooper|constable|sheriff|chief|marshal|ranger|detective|investigator|agent|"
    r"mr\.?|mrs\.?|ms\.?|miss|dr\.?|doctor|judge|father|nurse)\s+$",
    re.I,
)
_INTRODUCED = re.compile(
    r"\b(?:name(?:['’]s| is)|names? |i['’]m|i am|this is|named|call(?:s|ed)? (?:me|him|her)|last of|first|last name|go by|it['’]s)\s*$",
    re.I,
)
_SPELLED = re.compile(r"(?:[A-Za-z][-, .]+){2,}[A-Za-z]\b")
_NO_VALUES = frozenset(
    ["the", "of", "and", "in", "on", "at", "uh", "um", "a", "is", "it", "area", "code", "dash", "dot", "number"]
)
# What Presidio calls the types of the labelled set.
PRESIDIO_TYPES = {
    "PERSON": "NAME", "PHONE_NUMBER": "PHONE", "LOCATION": "ADDRESS", "DATE_TIME": "DOB", "US_DRIVER_LICENSE": "LICENSE", "US_SSN": "SSN",
    "EMAIL_ADDRESS": "EMAIL", "US_PASSPORT": "OTHER_ID", "US_BANK_NUMBER": "OTHER_ID", "CREDIT_CARD": "OTHER_ID", "US_ITIN": "SSN",
}  # fmt: skip


@dataclass(frozen=True)
class Labelled:
    """One labelled file: turns without marks, and the marks as mentions."""

    name: str
    turns: tuple[SpokenTurn, ...]
    marks: tuple[Mention, ...]


@dataclass(frozen=True)
class Score:
    """Counts of one type: marks, marks found, predictions, predictions on a mark, predictions on a mark of their type."""

    marks: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0
    right_type: int = 0

    @property
    def recall(self) -> float | None:
        """Share of marks found; None without marks."""
        return self.found / self.marks if self.marks else None

    @property
    def precision(self) -> float | None:
        """Share of predictions that overlap a mark; None without predictions."""
        return self.right / self.predicted if self.predicted else None


Finder = Callable[[Sequence[SpokenTurn]], list[Mention]]


def split_marks(turn: int, marked: str) -> tuple[str, list[Mention]]:
    """A marked text → the text alone, and its marks."""
    text, marks, at = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[at : match.start()]
        marks.append(Mention(turn, len(text), len(text) + len(match[2]), match[1], "mark"))
        text, at = text + match[2], match.end()
    return text + marked[at:], marks


def read_labelled(path: Path) -> Labelled:
    """A labelled file."""
    turns, marks = [], []
    for number, turn in enumerate(json.loads(path.read_text("utf-8"))["turns"]):
        text, found = split_marks(number, turn["text"])
        turns.append(SpokenTurn(turn["speaker"], turn["role"], text))
        marks += found
    return Labelled(path.stem, tuple(turns), tuple(marks))


def read_set(prefix: str) -> list[Labelled]:
    """The labelled files whose names begin with ``dev`` or ``held-out``."""
    return [read_labelled(path) for path in sorted(FOLDER.glob(f"{prefix}-*.json"))]


def is_found(mark: Mention, text: str, predicted: Sequence[Mention]) -> bool:
    """Whether enough of a mark is covered: half of its letters and digits, and some of every value token."""
    covered = [False] * (mark.end - mark.start)
    for mention in predicted:
        for place in range(max(mention.start, mark.start), min(mention.end, mark.end)):
            covered[place - mark.start] = True
    surface = text[mark.start : mark.end]
    counted = [hidden for hidden, letter in zip(covered, surface, strict=True) if letter.isalnum()]
    tokens = [match for match in _TOKEN.finditer(surface) if _is_value(match.group(), mark.type)]
    return sum(counted) * 2 >= len(counted) and all(any(covered[m.start() : m.end()]) for m in tokens)


def _is_value(token: str, kind: str) -> bool:
    """Whether a token tells anything about a person: no function word; of an address no word in small letters either."""
    if token.lower() in _NO_VALUES and kind not in {"NAME", "EMAIL"}:
        return False
    return kind != "ADDRESS" or token[0].isupper() or token.isdigit()


def has_evidence(labelled: Labelled) -> set[str]:
    """Words of names for which a file has evidence: in a label, after a rank or title, introduced, or spelled out."""
    words = {word for turn in labelled.turns for name in names_in_label(turn.speaker) for word in name}
    for mark in labelled.marks:
        text = labelled.turns[mark.turn].text
        surface, before = text[mark.start : mark.end], text[: mark.start]
        if mark.type != "NAME":
            continue
        if _SPELLED.fullmatch(surface):
            words.add(fold("".join(letter for letter in surface if letter.isalpha())))
        elif _RANK.search(before) or _INTRODUCED.search(before):
            words |= {fold(word) for word in re.findall(r"[^\W\d_]+", surface)}
    return words


def _group(mark: Mention, labelled: Labelled, evident: set[str]) -> str:
    if mark.type != "NAME":
        return mark.type
    surface = labelled.turns[mark.turn].text[mark.start : mark.end]
    words = {fold(word) for word in re.findall(r"[^\W\d_]+", surface)}
    is_evident = bool(_SPELLED.fullmatch(surface)) or not evident.isdisjoint(words)
    return WITH_EVIDENCE if is_evident else WITHOUT


def measure(files: Sequence[Labelled], find: Finder, *, show_errors: bool = False) -> tuple[dict[str, Score], float]:
    """Score of each type (predictions under the type that they say), and seconds taken."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seconds = 0.0
    for labelled in files:
        start = time.perf_counter()
        predicted = find(labelled.turns)
        seconds += time.perf_counter() - start
        evident = has_evidence(labelled)
        in_turn: defaultdict[int, list[Mention]] = defaultdict(list)
        marks_in: defaultdict[int, list[Mention]] = defaultdict(list)
        for mention in predicted:
            in_turn[mention.turn].append(mention)
        for mark in labelled.marks:
            marks_in[mark.turn].append(mark)
            text, group = labelled.turns[mark.turn].text, _group(mark, labelled, evident)
            counts[group]["marks"] += 1
            if is_found(mark, text, in_turn[mark.turn]):
                counts[group]["found"] += 1
            elif show_errors:
                print(f"missed  {labelled.name}:{mark.turn} {group}: {text[mark.start : mark.end]!r} in {text!r}")
        for mention in predicted:
            over = [mark for mark in marks_in[mention.turn] if mark.start < mention.end and mention.start < mark.end]
            counts[mention.type]["predicted"] += 1
            counts[mention.type]["right"] += bool(over)
            counts[mention.type]["right_type"] += any(mark.type == mention.type for mark in over)
            if show_errors and not any(mark.type == mention.type for mark in over):
                text = labelled.turns[mention.turn].text
                print(
                    f"{'wrong type' if over else 'false'}  {labelled.name}:{mention.turn} {mention.type} by {mention.rule}: {text[mention.start : mention.end]!r} in {text!r}"
                )
    return {group: Score(**found) for group, found in counts.items()}, seconds


def presidio() -> Finder:
    """Presidio's analyser with its own recognisers and a blank spaCy pipeline, which needs no model (shared/research/datasets.md § 4)."""
    import logging

    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    logging.disable(logging.CRITICAL)

    class Blank(SpacyNlpEngine):
        """An engine whose pipeline is given."""

        def __init__(self) -> None:
            super().__init__()
            self.nlp: Any = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing to load."""

    engine = AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])

    def find(turns: Sequence[SpokenTurn]) -> list[Mention]:
        return [
            Mention(
                number, result.start, result.end, PRESIDIO_TYPES.get(result.entity_type, result.entity_type), "presidio"
            )
            for number, turn in enumerate(turns)
            for result in engine.analyze(turn.text, language="en")
        ]

    return find


def total(scores: dict[str, Score], groups: Sequence[str]) -> Score:
    """Scores of several types added up."""
    chosen = [scores[group] for group in groups if group in scores]
    return Score(*(sum(getattr(score, name) for score in chosen) for name in Score.__dataclass_fields__))


def summary(scores: dict[str, Score]) -> dict[str, Score]:
    """What the floors of the issue are set for: structured data, names with and without evidence, and all."""
    return {
        "structured": total(scores, STRUCTURED),
        WITH_EVIDENCE: scores.get(WITH_EVIDENCE, Score()),
        WITHOUT: scores.get(WITHOUT, Score()),
        "all": total(scores, list(scores)),
    }


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _print_table(title: str, ours: dict[str, Score], theirs: dict[str, Score]) -> None:
    print(f"\n{title}")
    print(
        f"  {'type':<28}{'marks':>6} {'recall':>8} {'precision':>10} {'type right':>11}   {'Presidio recall':>16} {'precision':>10}"
    )
    rows = {group: ours.get(group, Score()) for group in (WITH_EVIDENCE, WITHOUT, "NAME", *STRUCTURED)}
    rows["NAME"] = total(ours, ("NAME", WITH_EVIDENCE, WITHOUT))
    their_rows = {**theirs, "NAME": total(theirs, ("NAME", WITH_EVIDENCE, WITHOUT))}
    for part, found in (("structured", STRUCTURED), ("all", tuple({*ours, *theirs}))):
        rows[part], their_rows[part] = total(ours, found), total(theirs, found)
    for group, score in rows.items():
        type_right = score.right_type / score.predicted if score.predicted else None
        their = their_rows.get(group, Score())
        print(
            f"  {group:<28}{score.marks:>6} {_share(score.recall):>8} {_share(score.precision):>10} {_share(type_right):>11}   "
            f"{_share(their.recall):>16} {_share(their.precision):>10}"
        )


def main() -> None:
    """Print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--misses", action="store_true", help="list what is missed, false or of the wrong type in the dev files"
    )
    parser.add_argument("--no-presidio", action="store_true", help="leave Presidio out")
    arguments = parser.parse_args()
    their_finder = None if arguments.no_presidio else presidio()
    result: dict[str, dict] = {}
    for prefix in ("dev", "held-out"):
        files = read_set(prefix)
        turns = sum(len(file.turns) for file in files)
        if not turns:
            continue
        find_personal_data(files[0].turns)
        ours, seconds = measure(files, find_personal_data, show_errors=arguments.misses and prefix == "dev")
        theirs, their_seconds = measure(files, their_finder) if their_finder else ({}, 0.0)
        speed = f"{turns / seconds:,.0f} turns/s" + (
            f", Presidio {turns / their_seconds:,.0f} turns/s" if their_finder else ""
        )
        _print_table(f"{prefix}: {len(files)} files, {turns} turns; {speed}", ours, theirs)
        result[prefix] = {
            "turns_per_s": round(turns / seconds),
            **{
                name: {"marks": score.marks, "recall": score.recall, "precision": score.precision}
                for name, score in summary(ours).items()
            },
        }
    if not result:
        sys.exit(f"{FOLDER}: no labelled files.")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
