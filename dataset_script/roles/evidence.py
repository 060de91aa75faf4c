"""One transcript → what it says about each of its labels, as named numbers between 0 and 1.

In: (label, text) turns. Out: label → :class:`Evidence`. Four kinds of evidence:
what the speaker says (cues and style), what is
said to them just before and after, how others name them (rank + name, honorific, first name by an officer), and how much of
the file is theirs. Who stands beside them is in ``company.py``. Linear in the turns.
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dataset_script.roles.cues import CUES, LISTS, MAX_CHARACTERS, RANKS, STYLES, Scan, scan
from dataset_script.roles.labels import Reading, name_words, nouns_of, read_label
from dataset_script.roles.taxonomy import side_of

Turns = Sequence[tuple[str, str]]

RECEIVED = (
    "command",
    "papers",
    "arrest",
    "inquiry",
    "police_talk",
    "plea",
    "story",
    "medical",
    "detective",
    "radio",
    "witness",
    "dispatch",
    "narration",
    "sir",
    "maam",
    "you",
    "i",
    "host",
    "legal",
    "security",
)
"""Cues that also count when another speaker says them just before (`heard_…`) or just after (`answered_…`)."""

_RECEIVED = frozenset(RECEIVED)

CLAIM_WORDS = 4
"""How far after "I'm" a role may be named ("I'm one of the nurses")."""

_CLAIMS = {("i", "am"), ("this", "is"), ("name", "is"), ("it", "is")}
_CLAIMED = {
    role: nouns_of(role) for role in ("officer", "detective", "medical", "security", "legal", "narrator", "civilian")
}
# "Officer, Dana did it" names no officer: only a first name may stand between a rank and a surname.
_RANK_AND_NAME = re.compile(rf"\b({'|'.join(sorted(RANKS))})\.?\s+([\w'’-]+)(?:\s+([\w'’-]+))?", re.I)
_NAME_END = re.compile(r"['’]s?$")
_DOCTOR = re.compile(r"\[?Dr\.?\s", re.I)
_HONORIFIC = re.compile(r"\[?(?:Mr|Mrs|Ms|Miss)\.?\s", re.I)

Features = dict[str, float]


@dataclass(frozen=True)
class Evidence:
    """What a file says about one label. ``features``: name → 0…1, absent means 0; ``rank``: said with its name in the file.

    The rank is None where another label carries it: "Hale" may be the brother of "Officer Hale".
    """

    label: str
    reading: Reading
    features: Features
    rank: str | None


def label_features(label: str, reading: Reading) -> Features:
    """What the words of an unsettled label add."""
    if reading.role is None:
        kind = "doctor" if _DOCTOR.match(label) else "honorific" if _HONORIFIC.match(label) else "name"
        return {f"label_{kind}": 1.0, "label_full_name": float(kind == "name" and len(name_words(label)) > 1)}
    return {f"label_{reading.rule if reading.confidence <= 0.7 else reading.role}": 1.0}


class _Names:
    """Which label a spoken name means. A rank + name means the label that carries the rank, where there is one."""

    def __init__(self, labels: Iterable[str]) -> None:
        self.of_word: dict[str, list[str]] = defaultdict(list)
        self.ranked: dict[str, list[str]] = defaultdict(list)
        for label in labels:
            for word in name_words(label):
                self.of_word[word].append(label)
                if read_label(label).role is not None:
                    self.ranked[word].append(label)

    def twins(self, label: str) -> bool:
        """Whether a bare name stands beside a ranked label of the same name ("Marsh" beside "Deputy Marsh")."""
        return any(other != label for word in name_words(label) for other in self.ranked.get(word, ()))

    def with_rank(self, text: str, said: Scan) -> Iterator[tuple[str, str]]:
        """(label, rank) for every rank + name in a text."""
        if not RANKS.isdisjoint(said.words):
            for rank, first, second in _RANK_AND_NAME.findall(text[:MAX_CHARACTERS]):
                # "Officer Tamsin Rye" names Rye; "the officer told Rye" does not.
                for spoken in (first, second) if first[0].isupper() else (first,):
                    word = _NAME_END.sub("", spoken.lower())
                    yield from (
                        (label, rank.lower()) for label in self.ranked.get(word) or self.of_word.get(word) or []
                    )

    def without_rank(self, words: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(label, how it is named): ``honorific``, ``introduced`` or ``plain``."""
        for place, spoken in enumerate(words):
            word = spoken.removesuffix("'s")
            before = words[max(0, place - 2) : place]
            if word in self.of_word and RANKS.isdisjoint(before):
                yield from ((label, _how_named(before)) for label in self.of_word[word])


def _how_named(before: Sequence[str]) -> str:
    if not LISTS["honorifics"].isdisjoint(before):
        return "honorific"
    return "introduced" if before and before[-1] in LISTS["introductions"] else "plain"


def _introduces_as(words: Sequence[str]) -> set[str]:
    """Roles that the speaker claims: "I'm Officer …", "this is Deputy …", "I'm an EMT", "I'm the manager", "I'm her mother"."""
    roles = set()
    for place, (first, second) in enumerate(itertools.pairwise(words)):
        if (first, second) not in _CLAIMS or words[place + 2 : place + 3] == ("not",):
            continue
        claim = words[place + 2 : place + 2 + CLAIM_WORDS]
        roles |= {role for role, nouns in _CLAIMED.items() if not nouns.isdisjoint(claim)}
        if claim and claim[0] in RANKS:
            roles.add("rank")
    return roles


def _count_turn(tally: Counter[str], said: Scan, text: str) -> None:
    tally["turns"] += 1
    tally["words"] += len(said.words)
    tally["question"] += said.is_question
    tally["one_word"] += len(said.words) <= 1
    tally["exclamation"] += "!" in text
    tally["says_officer"] += said.to_officer
    tally.update(f"claims_{role}" for role in _introduces_as(said.words))
    tally["digits"] += any(word.isdigit() for word in said.words)
    for cue, times in said.cues.items():
        tally[cue] += times if cue in STYLES else 1


def _count_names(
    tallies: Mapping[str, Counter[str]], turns: Turns, scans: Sequence[Scan], names: _Names
) -> dict[str, str]:
    """Count how labels are named; returns label → the rank that is first said with it."""
    asked_name = False
    ranks: dict[str, str] = {}
    for (speaker, text), said in zip(turns, scans, strict=True):
        by_authority = side_of(read_label(speaker).role or "unknown") == "authority"
        for label, rank in names.with_rank(text, said):
            ranks.setdefault(label, rank)
            tallies[label]["claims_rank" if label == speaker else "named_rank"] += 1
        for label, how in sorted(set(names.without_rank(said.words))):
            if label == speaker:
                tallies[label]["named_by_self"] += 1
                tallies[label]["gives_name"] += asked_name
            else:
                tallies[label][f"named_{how}"] += 1
                tallies[label]["named_by_authority"] += by_authority
        asked_name = "name" in said.words and said.is_question
    return ranks


def _count_neighbours(tallies: Mapping[str, Counter[str]], turns: Turns, scans: Sequence[Scan]) -> None:
    """What the turns just before and just after each run of one speaker hold."""
    starts = [i for i in range(len(turns)) if i == 0 or turns[i][0] != turns[i - 1][0]]
    for start, end in itertools.pairwise([*starts, len(turns)]):
        tally = tallies[turns[start][0]]
        tally["runs"] += 1
        for place, verb in ((start - 1, "heard"), (end, "answered")):
            if not 0 <= place < len(turns):
                continue
            for cue in _RECEIVED.intersection(scans[place].cues):
                tally[f"{verb}_{cue}"] += 1
            tally[f"{verb}_question"] += scans[place].is_question
            tally[f"{verb}_officer"] += scans[place].to_officer
            tally[f"{verb}_short"] += len(scans[place].words) <= 2


_RATES = (*CUES, "question", "one_word", "exclamation", "says_officer", "digits")
_NAMED = ("rank", "honorific", "introduced", "plain", "by_self", "by_authority")
_OFTEN = (
    *CUES,
    "says_officer",
    "gives_name",
    *(f"claims_{role}" for role in ("rank", *_CLAIMED)),
    *(f"named_{how}" for how in _NAMED),
)
_AROUND = tuple(
    f"{verb}_{what}" for verb in ("heard", "answered") for what in (*RECEIVED, "question", "officer", "short")
)
_ASKING = ("command", "papers", "arrest", "inquiry", "police_talk", "radio")
_TELLING = ("plea", "story", "witness")


def _numbers(tally: Counter[str], file: Counter[str]) -> Features:
    """Counts of one label as shares; the constants added below the line keep a single turn from weighing like ten."""
    turns, words, runs = tally["turns"], max(tally["words"], 1), tally["runs"]
    numbers = {f"rate_{name}": tally[name] / (turns + 2) for name in _RATES}
    numbers |= {f"often_{name}": min(tally[name], 3) / 3 for name in _OFTEN}
    numbers |= {f"words_{style}": min(1.0, 5 * tally[style] / (words + 10)) for style in STYLES}
    numbers |= {name: tally[name] / (runs + 2) for name in _AROUND}
    numbers |= {f"share_{cue}": tally[cue] / (file[cue] + 1) for cue in CUES}
    asking, telling = (sum(tally[cue] for cue in group) / (turns + 2) for group in (_ASKING, _TELLING))
    numbers["mixed"] = min(asking, telling, 1.0)
    numbers["little"] = 10 / (words + 10)
    numbers["turn_share"] = turns / file["turns"]
    numbers["turns"] = min(1.0, math.log1p(turns) / 4)
    numbers["turn_length"] = min(1.0, math.log1p(words / turns) / 5)
    numbers["run_length"] = min(1.0, math.log(turns / runs) / 2)
    return numbers


def gather(turns: Turns) -> dict[str, Evidence]:
    """Evidence for every label of one transcript, in the order in which the labels first speak."""
    scans = [scan(text) for _, text in turns]
    tallies: dict[str, Counter[str]] = {}
    for (speaker, text), said in zip(turns, scans, strict=True):
        _count_turn(tallies.setdefault(speaker, Counter()), said, text)
    labels = list(tallies)
    names = _Names(labels)
    ranks = _count_names(tallies, turns, scans, names)
    _count_neighbours(tallies, turns, scans)
    most = max(labels, key=lambda label: tallies[label]["turns"], default=None)
    file: Counter[str] = sum(tallies.values(), Counter())
    found = {}
    for place, label in enumerate(labels):
        tally = tallies[label]
        numbers = _numbers(tally, file)
        numbers |= {
            "alone": float(len(labels) == 1),
            "ranked_twin": float(names.twins(label)),
            "speaks_first": float(place == 0),
            "talks_most": float(label == most),
        }
        found[label] = Evidence(label, read_label(label), numbers, None if names.twins(label) else ranks.get(label))
    return found
