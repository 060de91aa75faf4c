"""A scenario with its personal data replaced by stable placeholders. The mapping back is never kept."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataset_script.privacy.dates import find_dates
from dataset_script.privacy.find import find_personal_data
from dataset_script.privacy.labels import pseudonyms
from dataset_script.privacy.mentions import DOB, NAME, PLACEHOLDER, Mention, SpokenTurn
from dataset_script.privacy.minors import has_minors
from dataset_script.privacy.ner import NameFinder
from dataset_script.privacy.tokens import words_of
from dataset_script.privacy.values import find_values

_SHORTEST_PART = 4
"""Letters or digits of a value that, said alone, still show which value is meant."""
_VALUES_KEPT_IN_MIND = 50
_MOST_ROUNDS = 25
"""Talk needs two or three; only words put together at random lay something open for longer, and would take time without end."""
_NOTE_ROLE = "narrator"


@dataclass(frozen=True)
class Redaction:
    """What :func:`redact` gives back.

    Attributes:
        speakers: released label → published label.
        texts: the turns' texts, in order.
        notes: the notes, in order.
        counts: mentions replaced, by type.
        mentions: places of the placeholders in ``texts``, without what stood there.
        minors: somebody in the scenario is said to be under 18.
    """

    speakers: dict[str, str]
    texts: list[str]
    notes: list[str]
    counts: dict[str, int]
    mentions: list[Mention]
    minors: bool


def redact(
    turns: Sequence[SpokenTurn],
    *,
    notes: Sequence[str] = (),
    ner: NameFinder | None = None,
    marked: Sequence[Mention] = (),
) -> Redaction:
    """Replace the personal data of one scenario. Pure, deterministic, and idempotent on whatever people say.

    Args:
        turns: in order, with resolved roles.
        notes: further texts about the same people (context, profile); numbered together with the turns.
        ner: a further finder of names.
        marked: what people marked by hand in ``turns``.
    """
    speakers = pseudonyms(turns)
    now = [*turns, *(SpokenTurn("", _NOTE_ROLE, note) for note in notes)]
    placed: list[list[tuple[int, int, Mention]]] = [[] for _ in now]
    namer = _Namer(turn.text for turn in now)
    found = find_personal_data(now, ner=ner, marked=marked)
    # A replaced name can lay another open ("Ms. [NAME_1] Strand"), so look again until nothing is found.
    for _ in range(_MOST_ROUNDS):
        if not found:
            break
        namer.meet(now, found)
        now, placed = _replaced(now, found, placed, namer)
        now = [SpokenTurn(speakers.get(turn.speaker, turn.speaker), turn.role, turn.text) for turn in now]
        found = find_personal_data(now, ner=ner)
    mentions = [
        Mention(number, start, end, mention.type, mention.rule)
        for number, places in enumerate(placed[: len(turns)])
        for start, end, mention in places
    ]
    counts = Counter(mention.type for places in placed for _, _, mention in places)
    texts = [turn.text for turn in now]
    return Redaction(
        speakers=speakers,
        texts=texts[: len(turns)],
        notes=texts[len(turns) :],
        counts=dict(sorted(counts.items())),
        mentions=mentions,
        minors=has_minors(turns),
    )


def _replaced(
    turns: Sequence[SpokenTurn],
    found: Sequence[Mention],
    placed: list[list[tuple[int, int, Mention]]],
    namer: "_Namer",
) -> tuple[list[SpokenTurn], list[list[tuple[int, int, Mention]]]]:
    """The turns with placeholders, and where all placeholders stand now."""
    by_turn: defaultdict[int, list[Mention]] = defaultdict(list)
    for mention in found:
        by_turn[mention.turn].append(mention)
    texts, places = [], []
    for number, turn in enumerate(turns):
        text, moved = _replaced_in(turn.text, by_turn.get(number, []), placed[number], namer)
        texts.append(SpokenTurn(turn.speaker, turn.role, text))
        places.append(moved)
    return texts, places


def _replaced_in(
    text: str, mentions: Sequence[Mention], earlier: Sequence[tuple[int, int, Mention]], namer: "_Namer"
) -> tuple[str, list[tuple[int, int, Mention]]]:
    pieces, places, at, shift = [], [], 0, 0
    edits = [(m.start, m.end, m, True) for m in mentions] + [(start, end, m, False) for start, end, m in earlier]
    for start, end, mention, is_new in sorted(edits, key=lambda edit: edit[0]):
        put = namer.placeholder(mention, text[start:end]) if is_new else text[start:end]
        pieces += [text[at:start], put]
        places.append((start + shift, start + shift + len(put), mention))
        shift += len(put) - (end - start)
        at = end
    return "".join([*pieces, text[at:]]), places


def _canonical(kind: str, surface: str) -> str:
    """What is the same in two ways of saying one value."""
    words = words_of(surface)
    values = find_values(words)
    if kind == DOB and (dates := find_dates(words, values)):
        return dates[0].canonical
    pieces, index = [], 0
    for value in values:
        pieces += [*words.folded[index : value.first], value.canonical]
        index = value.last + 1
    return " ".join([*pieces, *words.folded[index:]]).upper()


def _name_words(surface: str) -> tuple[str, ...]:
    """The folded words of a name; letters said one by one are one word."""
    words = words_of(surface)
    if len(words) > 2 and all(len(word) == 1 for word in words.folded):
        return ("".join(words.folded),)
    return tuple(word for word in words.folded if len(word) > 1) or tuple(words.folded)


class _Namer:
    """Gives each person and each value of a scenario one number per type, in the order of their first mention."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._last: Counter[str] = Counter()
        self._numbers: dict[tuple[str, object], int] = {}
        self._people: list[set[str]] = []
        self._values: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_VALUES_KEPT_IN_MIND))
        for text in texts:
            for match in PLACEHOLDER.finditer(text) if "[" in text else ():
                self._last[match["type"]] = max(self._last[match["type"]], int(match["number"]))

    def meet(self, turns: Sequence[SpokenTurn], mentions: Sequence[Mention]) -> None:
        """Learn who is who before numbers are given: full names first, then those of whom a part is said."""
        names = [_name_words(turns[m.turn].text[m.start : m.end]) for m in mentions if m.type == NAME]
        for name in sorted({name for name in names if len(name) > 1}, key=lambda name: (-len(name), name)):
            words = set(name)
            same = [person for person in self._people if words <= person]
            if len(same) != 1:
                self._people.append(words)

    def placeholder(self, mention: Mention, surface: str) -> str:
        """``[TYPE_n]`` for a mention."""
        key = self._person(surface) if mention.type == NAME else self._value(mention.type, surface)
        if (mention.type, key) not in self._numbers:
            self._last[mention.type] += 1
            self._numbers[mention.type, key] = self._last[mention.type]
        return f"[{mention.type}_{self._numbers[mention.type, key]}]"

    def _person(self, surface: str) -> object:
        words = set(_name_words(surface))
        same = [index for index, person in enumerate(self._people) if words <= person]
        return same[0] if len(same) == 1 else " ".join(_name_words(surface))

    def _value(self, kind: str, surface: str) -> object:
        canonical = _canonical(kind, surface)
        if (kind, canonical) in self._numbers or len(re.sub(r"\W", "", canonical)) < _SHORTEST_PART:
            return canonical
        same = [text for text in self._values[kind] if _is_part(text, canonical) or _is_part(canonical, text)]
        if len(same) == 1 and len(re.sub(r"\W", "", same[0])) >= _SHORTEST_PART:
            return same[0]
        self._values[kind].append(canonical)
        return canonical


def _is_part(whole: str, part: str) -> bool:
    return whole.startswith(part) or whole.endswith(part)
