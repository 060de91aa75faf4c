"""Gates: reasons for which a whole file stays out of the splits (CORPUS.md §§ 1, 9a).

A gated file is not lost: the report keeps its name, its measures and every reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dataset_script.dialogue import Turn
from dataset_script.quality.patterns import normalised, pattern
from dataset_script.quality.relevance import Relevance
from dataset_script.roles import AUTHORITY, CIVILIAN_SIDE

MIN_ITEMS = 3
MAX_NARRATION = 0.5
MAX_CYCLES = 0.3
MAX_FOREIGN = 0.5
MAX_WORDS_PER_MINUTE = 260
MIN_MINUTES_FOR_PACE = 0.5
"""A clock that spans less is read as if it spanned this: whole seconds say little about a few of them."""
MIN_COVERAGE = 0.8
END_TOLERANCE_S = 5
"""Whole seconds, rounded this way or that, and a last word over the black screen."""
MIN_INVENTED_TURNS = 2
MAX_POLICE_WORDS_OF_INVENTED = 0.3
"""Per 100 words. Real encounters have 2.4 at the median, wholly invented files at most 0.2 (CORPUS.md § 1)."""

GATES = {
    "refused": "the file could not be read",
    "second_copy_of_id": "another file has the same scenario id",
    "rejected_by_reviewers": "people rejected the scenario",
    "no_authority": "nobody with a police, corrections or dispatch role speaks",
    "no_civilian": "nobody on the civilian side speaks",
    "few_items": f"fewer than {MIN_ITEMS} authority turns are answered by the civilian side",
    "single_speaker": "one label only: a monologue, or voices that were not told apart",
    "mostly_narration": f"more than {MAX_NARRATION:.0%} of the words are narration",
    "mostly_cycles": f"more than {MAX_CYCLES:.0%} of the turns are cycles of lines",
    "not_english": f"more than {MAX_FOREIGN:.0%} of the words are not English",
    "impossible_pace": f"more than {MAX_WORDS_PER_MINUTE} words a minute over the file: its times or its words are wrong",
    "incomplete": f"the transcript covers less than {MIN_COVERAGE:.0%} of the recording",
    "beyond_the_end": "starts turns after the recording has ended",
    "invented": "stock podcast talk without a police vocabulary: the transcriber made it up",
    "trailer": "a trailer or compilation by its title",
    "court_or_studio": "a court, interview or interrogation recording by its title",
    "not_relevant": "the relevance rule C_valid does not hold by a judge's answers",
    "not_relevant_by_words": "the relevance rule C_valid does not hold by the lexical patterns (off unless asked for)",
    "context_filter": "a judge says: no police, no conversation, advertisement, training or irrelevant",
    "joins_two_splits": "belongs to incidents that an earlier release put into different splits",
    "not_in_split_list": "the split list that was imposed does not name it",
}
ALWAYS_ON = frozenset({"refused", "second_copy_of_id", "joins_two_splits", "not_in_split_list"})
"""No choice of the maintainer: there is no file, or no split, to keep."""
OFF_BY_DEFAULT = frozenset({"not_relevant_by_words"})
"""Words alone miss too much of short encounters: the patterns leave out half of the sample, which people wrote as relevant."""
REVIEWERS_OVERRULE = frozenset(GATES) - {
    "refused",
    "second_copy_of_id",
    "rejected_by_reviewers",
    "joins_two_splits",
    "not_in_split_list",
}
"""Gates that do not hold where people accepted the scenario."""


@dataclass(frozen=True)
class Measures:
    """Shares (0–1) and counts of one file that gates and the audit read."""

    turns: int
    words: int
    speakers: int
    items: int
    narration_share: float
    cycle_share: float
    foreign_share: float
    loop_words: int
    words_per_minute: float | None
    coverage: float | None
    police_words_per_100: float
    invented_turns: int


def _words_per_minute(turns: Sequence[Turn], lengths: Sequence[int]) -> float | None:
    """Pace between the first and the last start time, or None where no clock runs.

    How long the last turn lasts is not known, so its words do not count; nor do times out of order.
    """
    timed = [
        (turn.start_s, length)
        for turn, length in zip(turns, lengths, strict=True)
        if turn.start_s is not None and "time_backwards" not in turn.flags
    ]
    span = timed[-1][0] - timed[0][0] if timed else 0.0
    if span <= 0:
        return None
    return sum(length for _, length in timed[:-1]) / max(span / 60, MIN_MINUTES_FOR_PACE)


def measure(turns: Sequence[Turn], *, items: int, loop_words: int, duration_s: float | None = None) -> Measures:
    """Measure a file after repair. ``duration_s`` is the recording's length where the source gives it."""
    lengths = [len(turn.text.split()) for turn in turns]
    words = sum(lengths)
    spoken = zip(turns, lengths, strict=True)
    narration = foreign = 0
    for turn, length in spoken:
        narration += length * (turn.role == "narrator")
        foreign += length * ("not_english" in turn.flags)
    times = [turn.start_s for turn in turns if turn.start_s is not None and "time_backwards" not in turn.flags]
    last = max(times, default=0.0)
    if duration_s and duration_s < last <= duration_s + END_TOLERANCE_S:
        last = duration_s
    texts = [normalised(turn.text) for turn in turns]
    police_words = sum(len(pattern("police_vocabulary").findall(text)) for text in texts)
    return Measures(
        turns=len(turns),
        words=words,
        speakers=len({turn.speaker for turn in turns}),
        items=items,
        narration_share=narration / max(words, 1),
        cycle_share=sum("cycle" in turn.flags for turn in turns) / max(len(turns), 1),
        foreign_share=foreign / max(words, 1),
        loop_words=loop_words,
        words_per_minute=_words_per_minute(turns, lengths),
        coverage=last / duration_s if times and duration_s else None,
        police_words_per_100=100 * police_words / max(words, 1),
        invented_turns=sum(bool(pattern("invented").search(text)) for text in texts),
    )


def gates(turns: Sequence[Turn], measures: Measures, relevance: Relevance, title: str = "") -> list[str]:
    """Every reason to keep a file out of the splits, in the order of :data:`GATES`; empty for a sound one."""
    roles = {turn.role for turn in turns}
    pace, coverage = measures.words_per_minute, measures.coverage
    reasons = {
        "no_authority": roles.isdisjoint(AUTHORITY),
        "no_civilian": roles.isdisjoint(CIVILIAN_SIDE),
        "few_items": measures.items < MIN_ITEMS,
        "single_speaker": measures.speakers == 1,
        "mostly_narration": measures.narration_share > MAX_NARRATION,
        "mostly_cycles": measures.cycle_share > MAX_CYCLES,
        "not_english": measures.foreign_share > MAX_FOREIGN,
        "impossible_pace": pace is not None and pace > MAX_WORDS_PER_MINUTE,
        "incomplete": coverage is not None and coverage < MIN_COVERAGE,
        "beyond_the_end": coverage is not None and coverage > 1.0,
        "invented": measures.invented_turns >= MIN_INVENTED_TURNS
        and measures.police_words_per_100 < MAX_POLICE_WORDS_OF_INVENTED,
        "trailer": bool(pattern("trailer_title").search(normalised(title))),
        "court_or_studio": bool(pattern("court_or_studio_title").search(normalised(title))),
        "not_relevant": not relevance.is_lexical and not relevance.is_valid,
        "not_relevant_by_words": relevance.is_lexical and not relevance.is_valid,
        "context_filter": bool(relevance.count("context_filters")),
    }
    return [reason for reason, holds in reasons.items() if holds]


def held(reasons: Collection[str], *, accepted_by_reviewers: bool, off: Collection[str]) -> list[str]:
    """The reasons that count: not switched off, and not overruled by people."""
    overruled = REVIEWERS_OVERRULE if accepted_by_reviewers else frozenset()
    return [reason for reason in reasons if reason not in off and reason not in overruled]
