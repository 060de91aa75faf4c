"""Figures of all files → sections of measures, each with the value on the public copy of the release where CORPUS.md gives one."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dataset_script.audit.measures import BARE_NAME, LONG_TURNS, FileFigures
from dataset_script.dialogue import MAX_HISTORY_WORDS
from dataset_script.duplicates import Link, group_incidents, links, pairs_of_bucket
from dataset_script.quality.flags import TURN_FLAGS
from dataset_script.quality.gates import GATES
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE

STOCK_PHRASE_WORDS = 3
BOILERPLATE_FILES = 5
BOILERPLATE_SHINGLES = 12
_LABELS = {
    "officer": "47.4 %",
    "civilian": "7.1 %",
    "subject": "5.3 %",
    "narrator": "3.4 %",
    "dispatch": "2.0 %",
    "unknown": "1.65 %",
    "medical": "0.39 %",
    "security": "0.16 %",
    "legal": "0.10 %",
    "machine": "0.05 %",
}
"""Share of turns in the release by the words of the label; detectives count as officers there."""
_NOT_RANKED = {"equals_officer_line": "4.1 %", "long_reference": "2.6 %", "personal_data_answer": "1.7 %"}
_PERSONAL_DATA = {
    "NAME": "5.1 %",
    "PHONE": "0.03 %",
    "ADDRESS": "0.06 %",
    "DOB": "0.01 %",
    "PLATE": "0.09 %",
    "SSN": "2 turns",
    "EMAIL": "0 turns",
}


@dataclass(frozen=True)
class Line:
    """A measure: a count or a value, its share (0–1) of ``of``, and the released train split's figure for comparison."""

    name: str
    value: float | int
    share: float | None = None
    of: str = ""
    release: str = ""


@dataclass(frozen=True)
class Section:
    """Measures of one kind; ``source`` is the section of CORPUS.md that they repeat."""

    title: str
    source: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Histogram:
    """Counts over bins; ``edges`` has one more entry than ``counts``."""

    title: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Audit:
    """The whole page. ``refused`` are files that could not be read, a sentence each."""

    path: str
    is_built: bool
    sections: tuple[Section, ...]
    histograms: tuple[Histogram, ...]
    refused: tuple[str, ...]


def _quantiles(
    values: Sequence[float], name: str, unit: str, release: tuple[str, ...] = ("", "", "", "")
) -> list[Line]:
    array = np.asarray(values or [0], float)
    rows = zip(("p5", "p50", "p95", "max"), (*np.percentile(array, (5, 50, 95)), array.max()), release, strict=True)
    return [Line(f"{name}, {label} ({unit})", round(float(value), 1), release=known) for label, value, known in rows]


def _is_gated(gate: str, file: FileFigures) -> bool:
    return gate in file.gates


def _is_from(source: str, file: FileFigures) -> bool:
    return file.source == source


class _Counts:
    """Lines with shares of the files or turns of a corpus."""

    def __init__(self, files: Sequence[FileFigures]) -> None:
        self.files = files
        self.turns = sum(file.measures.turns for file in files)

    def of_files(self, name: str, holds: Callable[[FileFigures], bool], release: str = "") -> Line:
        count = sum(map(holds, self.files))
        return Line(name, count, count / max(len(self.files), 1), "files", release)

    def of_turns(self, name: str, count: int, release: str = "") -> Line:
        return Line(name, count, count / max(self.turns, 1), "turns", release)


def _size(files: Sequence[FileFigures], refused: int) -> Section:
    words = sum(file.measures.words for file in files)
    counts = _Counts(files)
    released = {"youtube": "75.1 %", "tiktok": "22.0 %", "facebook": "2.9 %"}
    sources = [(name, released.get(name, "")) for name in sorted({file.source for file in files})]
    items = sorted((len(file.references) for file in files), reverse=True)
    return Section(
        "Size",
        "§ 0",
        (
            Line("files read", len(files)),
            Line("files refused", refused),
            *(counts.of_files(f"files from {name}", partial(_is_from, name), known) for name, known in sources),
            Line("rows mended on reading", sum(file.mended_rows for file in files)),
            Line("turns", sum(file.measures.turns for file in files)),
            Line("words, loops collapsed", words),
            Line("officer → civilian pairs by resolved roles", sum(items)),
            Line("pairs by the keyword rule", sum(file.keyword_pairs for file in files)),
            Line(
                "pairs in the ten largest files",
                sum(items[:10]),
                sum(items[:10]) / max(sum(items), 1),
                "pairs",
                "7.2 %",
            ),
        ),
    )


def _fitness(counts: _Counts) -> Section:
    released = {
        "no_authority": "16.4 %*",
        "no_civilian": "1.5 %*",
        "few_items": "23.6 %*",
        "single_speaker": "7.0 %",
        "mostly_narration": "12.2 %",
        "mostly_cycles": "2.2 %",
        "not_english": "1 file",
        "impossible_pace": "2.7 %",
        "incomplete": "6.3 % of YouTube",
        "beyond_the_end": "2 files",
        "invented": "3 files",
        "trailer": "0.5 %",
        "court_or_studio": "2.1 %",
        "not_relevant_by_words": "17.9 %",
    }
    gate_lines = [
        counts.of_files(f"{name}: {meaning}", partial(_is_gated, name), released.get(name, ""))
        for name, meaning in GATES.items()
        if any(name in file.gates for file in counts.files)
    ]
    return Section(
        "Fitness of files (* by the keyword rule)",
        "§ 1",
        (
            counts.of_files("no officer by the keyword rule", lambda file: not file.keyword_sides[0], "16.4 %"),
            counts.of_files("no civilian by the keyword rule", lambda file: not file.keyword_sides[1], "1.5 %"),
            counts.of_files(
                "unfit: no pair by resolved roles, or more than half narration",
                lambda file: not file.references or file.measures.narration_share > 0.5,
                "21.1 %",
            ),
            counts.of_files("somebody is a minor", lambda file: file.minors),
            *_quantiles(
                [file.measures.police_words_per_100 for file in counts.files],
                "police vocabulary",
                "per 100 words",
                ("0.48", "2.4", "", ""),
            ),
            counts.of_files("no pair by the keyword rule", lambda file: not file.keyword_pairs, "18.4 %"),
            counts.of_files("no pair by resolved roles", lambda file: not file.references, "17.8 %"),
            counts.of_files("1–2 pairs only", lambda file: 0 < len(file.references) < 3, "5.2 %"),
            counts.of_files("any narrator, host or advert", lambda file: file.roles["narrator"] > 0, "61.7 %"),
            counts.of_files("narration > 25 % of words", lambda file: file.measures.narration_share > 0.25, "26.4 %"),
            counts.of_files("an advert", lambda file: file.flags["promotion"] > 0, "14.4 %"),
            counts.of_files("fewer than 20 turns", lambda file: file.measures.turns < 20, "4.9 %"),
            counts.of_files("fewer than 150 words", lambda file: file.measures.words < 150, "2.7 %"),
            counts.of_files(
                "more than half the turns by unknown labels",
                lambda file: file.turns_of_unknown_labels > file.measures.turns / 2,
                "2.4 %",
            ),
            counts.of_files("C_valid by lexical patterns", lambda file: file.relevance.is_valid, "82.1 %"),
            *gate_lines,
        ),
    )


def _roles(counts: _Counts) -> Section:
    roles: Counter = sum((file.roles for file in counts.files), Counter())
    names = sum(file.turns_of_names for file in counts.files)
    names_as: Counter = sum((file.names_as for file in counts.files), Counter())
    labels: Counter = sum((file.labels for file in counts.files), Counter())
    pairs = max(sum(file.keyword_pairs for file in counts.files), 1)
    return Section(
        "Roles",
        "§ 2",
        (
            *(counts.of_turns(role, count) for role, count in roles.most_common()),
            counts.of_turns("authority", sum(roles[role] for role in AUTHORITY)),
            counts.of_turns("civilian side", sum(roles[role] for role in CIVILIAN_SIDE)),
            counts.of_turns("under a label that is a bare name", names, "32.4 %"),
            *(
                Line(f"bare names taken for {side}", count, count / max(names, 1), "their turns", known)
                for side, count, known in (
                    ("the civilian side", sum(names_as[role] for role in CIVILIAN_SIDE), "82 %"),
                    ("authority", sum(names_as[role] for role in AUTHORITY), "14 %"),
                    ("a narrator", names_as["narrator"], "4 %"),
                    ("unknown", names_as["unknown"], ""),
                )
            ),
            *(
                counts.of_turns(f"label by its words alone: {kind}", count, _LABELS.get(kind, ""))
                for kind, count in labels.most_common()
                if kind != BARE_NAME
            ),
            counts.of_turns(
                "neither side, yet civilian to the keyword rule", sum(f.keyword_neither for f in counts.files), "4.2 %"
            ),
            *(
                Line(f"keyword rule's references with {what}", count, count / pairs, "its pairs", known)
                for what, count, known in zip(
                    ("a voice that is not the civilian side's", "a narrator or machine", "two labels"),
                    map(sum, zip(*(file.keyword_references for file in counts.files), strict=True)),
                    ("11.2 %", "6.6 %", "8.0 %"),
                    strict=True,
                )
            ),
            counts.of_turns(
                "authority that the keyword rule misses", sum(f.keyword_misses for f in counts.files), "3.1 %"
            ),
            counts.of_turns("others that it takes for police", sum(f.keyword_false for f in counts.files), "0.3 %"),
        ),
    )


def _defects(counts: _Counts) -> Section:
    flags: Counter = sum((file.flags for file in counts.files), Counter())
    loop_words = sum(file.measures.loop_words for file in counts.files)
    words = sum(file.measures.words for file in counts.files) + loop_words
    released = {
        "cycle": "5.1 %",
        "repeats_own_line": "3.7 %",
        "echo": "0.65 %",
        "not_english": "0.17 %",
        "debris": "16 turns",
    }
    texts: Counter = sum((file.texts for file in counts.files), Counter())
    one_word = sum(file.turn_words[1] for file in counts.files)
    without_time, backwards, equal = (sum(each) for each in zip(*(file.times for file in counts.files), strict=True))
    return Section(
        "Defects of turns",
        "§ 3",
        (
            Line("words of exact in-turn repetition", loop_words, loop_words / max(words, 1), "words", "13.2 %"),
            counts.of_turns("turns that loop", sum(file.loop_turns for file in counts.files), "137 turns"),
            counts.of_files(
                "files with a loop or a cycle", lambda file: bool(file.loop_turns or file.flags["cycle"]), "14.9 %"
            ),
            *(
                counts.of_turns(f"{name}: {TURN_FLAGS[name]}", count, released.get(name, ""))
                for name, count in flags.most_common()
                if name not in ("loop_collapsed", "no_time", "time_backwards")
            ),
            counts.of_turns("one word", one_word, "14.1 %"),
            counts.of_turns("back-channel only", texts["back-channel"], "11.7 %"),
            counts.of_turns("[inaudible], sound tag or “...”", texts["uncertain"], "4 turns"),
            counts.of_turns("masked profanity", texts["masked"], "0 turns"),
            counts.of_turns("mojibake, control character or entity left", texts["broken"], "0 turns"),
            *(
                counts.of_turns(f"more than {limit:,} words, as they stand", count, known)
                for limit, count, known in zip(
                    LONG_TURNS,
                    map(sum, zip(*(file.long_turns for file in counts.files), strict=True)),
                    ("494 turns", "98 turns", "39 turns"),
                    strict=True,
                )
            ),
            Line(
                "longest turn (characters)",
                max((file.longest_characters for file in counts.files), default=0),
                release="241,384",
            ),
            Line(
                "longest turn (words)", max((file.longest_turn for file in counts.files), default=0), release="60,346"
            ),
            counts.of_turns("no readable time", without_time),
            counts.of_turns("time before the turn above", backwards, "3 turns"),
            counts.of_turns("time equal to the turn above", equal, "2.5 %"),
        ),
    )


def _near_duplicates(files: Sequence[FileFigures]) -> list[Link]:
    arrays = [file.shingles for file in files]
    numbers = np.repeat(np.arange(len(files), dtype=np.uint32), [len(array) for array in arrays])
    pairs = pairs_of_bucket(np.concatenate([np.empty(0, np.uint64), *arrays]), numbers)
    return links([pairs], [file.name for file in files], [max(len(array), 1) for array in arrays])


def _shares_boilerplate(files: Sequence[FileFigures]) -> int:
    """Files with a dozen runs of six words that five files share."""
    hashes, holders = np.unique(np.concatenate([file.shingles for file in files]), return_counts=True)
    common = hashes[holders >= BOILERPLATE_FILES]
    return sum(np.isin(file.shingles, common, assume_unique=True).sum() >= BOILERPLATE_SHINGLES for file in files)


def _duplicates(files: Sequence[FileFigures]) -> Section:
    found = _near_duplicates(files)
    split = {file.name: file.split for file in files}
    groups = Counter(group_incidents(split, found).values())
    lines = [
        Line("near-duplicate links", len(found), release="34"),
        Line("groups of near-duplicates", sum(size > 1 for size in groups.values()), release="28"),
        Line("files in them", sum(size for size in groups.values() if size > 1), release="62"),
    ]
    source = {file.name: file.source for file in files}
    boilerplate = int(_shares_boilerplate(files))
    series = Counter(file.series for file in files if file.series)
    lines += [
        Line("links across sources", sum(source[link.first] != source[link.second] for link in found), release="13"),
        Line("series of titled parts", len(series), release="40"),
        Line("files in them, by title", series.total(), release="111"),
        Line("files with shared boilerplate", boilerplate, boilerplate / len(files), "files", "21.1 %"),
    ]
    if any(split.values()):
        train = {reference.pair for file in files if file.split == "train" for reference in file.references}
        leaked = sum(
            reference.pair in train and reference.words > STOCK_PHRASE_WORDS
            for file in files
            if file.split == "test"
            for reference in file.references
        )
        across = sum(split[link.first] != split[link.second] for link in found)
        lines += [
            Line("links across splits", across, release="6 test files"),
            Line("test pairs that occur in train (reference > 3 words)", leaked, release="2"),
        ]
    return Section("Duplicates and leakage", "§ 4", tuple(lines))


def _references(files: Sequence[FileFigures]) -> Section:
    references = [reference for file in files for reference in file.references]
    total = max(len(references), 1)
    texts = Counter(reference.text for reference in references)
    repeated = sum(count for count in texts.values() if count > 1)
    flags = Counter(flag for reference in references for flag in reference.flags)

    def share(name: str, count: int, release: str = "") -> Line:
        return Line(name, count, count / total, "pairs", release)

    return Section(
        "References",
        "§§ 5, 7",
        (
            *_quantiles(
                [reference.words for reference in references],
                "words of a reference",
                "words",
                ("1", "7", "59", "19,649"),
            ),
            share("one word", sum(reference.words == 1 for reference in references), "14.0 %"),
            share("at most two words", sum(reference.words <= 2 for reference in references), "21.5 %"),
            share("at most three words", sum(reference.words <= 3 for reference in references), "29.0 %"),
            share("made of more than one row", sum(reference.rows > 1 for reference in references), "20.5 %"),
            share("text shared with another pair", repeated, "26.5 %"),
            *(share(f"not ranked: {flag}", count, _NOT_RANKED.get(flag, "")) for flag, count in flags.most_common()),
            *(share(f"most frequent: “{text}”", count) for text, count in texts.most_common(3)),
            *_quantiles([reference.history_words for reference in references], "history before a pair", "words"),
            share(
                f"history above the budget of {MAX_HISTORY_WORDS:,} words (about 2,048 tokens)",
                sum(reference.history_words > MAX_HISTORY_WORDS for reference in references),
                "50.4 %",
            ),
        ),
    )


def _personal_data(counts: _Counts) -> Section:
    found: Counter = sum((file.personal_data for file in counts.files), Counter())
    texts: Counter = sum((file.texts for file in counts.files), Counter())
    return Section(
        "Personal data found in the text",
        "§ 6",
        (
            counts.of_files("files with a label that is a bare name", lambda file: file.labels_of_names > 0),
            *(counts.of_turns(kind, count, _PERSONAL_DATA.get(kind, "")) for kind, count in found.most_common()),
            counts.of_turns("a full date (stays)", texts["full date"], "0.14 %"),
            counts.of_turns("“nn-year-old” (stays)", texts["year-old"], "0.29 %"),
        ),
    )


def _structure(files: Sequence[FileFigures]) -> Section:
    many, rows = (sum(each) for each in zip(*(file.repeated_runs for file in files), strict=True))
    joined, same = (sum(each) for each in zip(*(file.runs for file in files), strict=True))
    return Section(
        "Structure",
        "§ 7",
        (
            *_quantiles(
                [file.measures.turns for file in files], "turns of a file", "turns", ("20", "161", "473", "1,739")
            ),
            *_quantiles(
                [file.measures.speakers for file in files], "labels of a file", "labels", ("", "4", "10", "104")
            ),
            *_quantiles([len(file.references) for file in files], "pairs of a file", "pairs", ("", "29", "133", "685")),
            Line("runs of one speaker", joined),
            Line("of them longer than one row", many, many / max(joined, 1), "runs", "17.7 %"),
            Line("rows in those", rows, rows / max(joined + same, 1), "rows", "44 %"),
            Line("rows that continue the speaker above", same, same / max(joined + same, 1), "rows"),
        ),
    )


def _histogram(title: str, unit: str, values: Sequence[float], edges: Sequence[float]) -> Histogram:
    clipped = np.clip(np.asarray(values or [0], float), edges[0], np.nextafter(edges[-1], 0))
    counts, _ = np.histogram(clipped, edges)
    return Histogram(title, unit, tuple(map(float, edges)), tuple(map(int, counts)))


def summarise(files: Sequence[FileFigures], *, path: str, is_built: bool, refused: Sequence[str] = ()) -> Audit:
    """All sections of the page. ``files`` must not be empty."""
    counts = _Counts(files)
    words: Counter = sum((file.turn_words for file in files), Counter())
    references = [reference.words for file in files for reference in file.references]
    sections = (
        _size(files, len(refused)),
        _fitness(counts),
        _roles(counts),
        _defects(counts),
        _duplicates(files),
        _references(files),
        _personal_data(counts),
        _structure(files),
    )
    histograms = (
        _histogram("Turns of a file", "turns", [file.measures.turns for file in files], range(0, 525, 25)),
        _histogram("Words of a turn", "words", list(words.elements()), range(0, 63, 3)),
        _histogram("Words of a reference", "words", references, range(0, 63, 3)),
        _histogram("Pairs of a file", "pairs", [len(file.references) for file in files], range(0, 160, 8)),
    )
    return Audit(path, is_built, sections, histograms, tuple(refused))
