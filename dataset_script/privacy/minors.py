"""Is somebody in the encounter a minor? A flag for the file; nothing is masked by it."""

import re
from collections.abc import Sequence

from dataset_script.privacy.lexicon import words as word_list
from dataset_script.privacy.mentions import SpokenTurn
from dataset_script.privacy.tokens import words_of

_SPOKEN_AGES = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
)
_AGE = rf"(?:1[0-7]|[0-9]|{_SPOKEN_AGES})(?![\w.:,/-]*\d)(?![-\s](?:hundred|thousand|something))"
_NOT_AN_AGE = (
    r"(?!\s*(?:,\s*)?(?:or|to|-)?\s*(?:minutes?|mins?|hours?|days?|weeks?|miles?|blocks?|feet|foot|inch(?:es)?|percent|dollars?|bucks?|"
    r"o'clock|[ap]\.?m\b|times|of|on|for|in|point|ninety|oh|more|beers?|drinks?|cars?|guys?|people|officers?|units?|seconds?|grand|months?\s+(?:pregnant|sober|clean|out|behind|late)|"
    r"years?\s+(?:ago|sober|clean|in|now|with|on|of|at|here|for|together|married|older|younger)|twenty|thirty|forty|fifty|sixty|seventy|eighty))"
)
_CHILD = r"(?:son|daughter|kid|child|boy|girl|baby|brother|sister|niece|nephew|grandson|granddaughter|grandbaby|cousin|stepson|stepdaughter|youngest|oldest|student|friend)"
_SAID = re.compile(
    rf"\b(?:i['’]m|i am|he['’]s|he is|she['’]s|she is|(?:my|her|his|our|the|your)(?: \w+)? {_CHILD}(?:['’]s| is| just turned| turned)|\w+ (?:just )?turned)"
    rf"(?: only| just| like| barely| about)? {_AGE}\b{_NOT_AN_AGE}"
    rf"|\b{_AGE}[-\s]years?[-\s]olds?\b(?!\s+(?:car|truck|dog|cat|horse|house|whisk|scotch|bike|van|case|warrant|building|phone))"
    rf"|\b{_AGE}\s+months?[-\s]olds?\b|\bi was (?:just )?born in 20(?:1\d|2\d)"
    r"|\b(?:he|she|i|they|you|who)(?:['’]s|['’]m|['’]re| is| am| are)(?: still| just| only)? (?:an? )?(?:minor|juvenile|underage|teenager|toddler|newborn)\b"
    r"|\b(?:i['’]m|he['’]s|she['’]s|i am|he is|she is|start(?:s|ed)|going into) (?:in |a )?(?:the )?(?:kindergarten|(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|"
    r"[1-9]th|1[01]th|1st|2nd|3rd)[- ]grade(?:r)?|middle school|elementary school|high school)\b",
    re.I,
)
_CUES = re.compile(
    r"\b(?:old|olds|minor|juvenile|underage|teenager|toddler|newborn|grade|grader|kindergarten|school|turned|i['’]?a?m|he['’]?s|he is|she['’]?s|she is|born|my|her|his|our|the|your)\b",
    re.I,
)


def says_minor(text: str) -> bool:
    """Whether a turn says that a person is under 18."""
    return _CUES.search(text) is not None and _SAID.search(text) is not None


def has_minors(turns: Sequence[SpokenTurn]) -> bool:
    """Whether a label or a turn says that somebody present or spoken of is under 18."""
    labels = (words_of(label).folded for label in dict.fromkeys(turn.speaker for turn in turns))
    if any(_is_minors_label(label) for label in labels):
        return True
    return any(says_minor(turn.text) for turn in turns)


def _is_minors_label(words: Sequence[str]) -> bool:
    """ "[Teenage Boy]", "[Child]", but not "[Child Services Worker]": the last word counts, "juvenile" anywhere."""
    return not word_list("minor_labels").isdisjoint(words[-1:]) or not word_list("minors_anywhere").isdisjoint(words)
