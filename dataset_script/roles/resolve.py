"""One transcript → the role of each of its labels.

In: (label, text) turns. Out: label → :class:`RoleGuess`. The words of a label come first; where they do not settle the role,
evidence from the whole file does, weighed by the model; one person in a file is the subject.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from dataset_script.roles.company import Known, company
from dataset_script.roles.evidence import Evidence, Features, gather, label_features
from dataset_script.roles.labels import Reading, role_of_rank
from dataset_script.roles.model import RoleModel, RoleModels, default_models
from dataset_script.roles.taxonomy import CIVILIAN_SIDE, RoleGuess, side_of

KEYWORDS = (
    "deputy", "officer", "dispatcher", "law enforcement", "property owner", "sergeant", "lieutenant", "trooper", "police",
    "sheriff", "corporal", "agent",
)  # fmt: skip
"""The published evaluation script's list (CORPUS.md, header): a label that contains one of them is the officer."""

MARGIN = 0.2
"""Smallest lead of the best side over the next; below it the role is ``unknown`` (CORPUS.md § 2, method, step 4)."""
NEARLY_SURE = 0.8
"""From this confidence on a label's words count as known when the labels beside it are weighed."""
MONOLOGUE_WORDS = 12
"""A file's only label is a narrator where its turns are longer than this on average (CORPUS.md § 1)."""
CLEAR_SUBJECT = 0.75
"""How sure the model must be to call a second person of one file a subject."""

Mode = Literal["resolver", "keyword"]


def keyword_role(label: str) -> RoleGuess:
    """The published rule: officer or civilian, by a word in the label."""
    lower = label.lower()
    return RoleGuess("officer" if any(word in lower for word in KEYWORDS) else "civilian", "keyword", 1.0)


def settle(evidence: Evidence) -> RoleGuess | None:
    """The role, where no weighing is needed: the label's words settle it, or somebody gives the bare name a rank."""
    reading = evidence.reading
    if reading.role is not None:
        return RoleGuess(reading.role, reading.rule, reading.confidence) if reading.is_settled else None
    if evidence.rank is None:
        return None
    return RoleGuess(role_of_rank(evidence.rank), "rank_and_name_in_file", 0.95)


def known_by_label(found: Mapping[str, Evidence]) -> dict[str, dict[str, float]]:
    """Roles of those labels that need no weighing, or whose words name one that is nearly sure."""
    known = {}
    for label, evidence in found.items():
        role = settled.role if (settled := settle(evidence)) else evidence.reading.role
        if role and (settled or evidence.reading.confidence >= NEARLY_SURE):
            known[label] = {role: 1.0}
    return known


def features_of(found: Mapping[str, Evidence], speakers: Sequence[str], known: Known) -> dict[str, Features]:
    """Everything that the model weighs, for each label that is not settled."""
    beside = company(speakers, known)
    return {
        label: evidence.features | label_features(label, evidence.reading) | beside[label]
        for label, evidence in found.items()
        if settle(evidence) is None
    }


def _decide(
    roles: Mapping[str, float], features: Features, reading: Reading, model: RoleModel
) -> tuple[RoleGuess, float]:
    """Guess for a label that its words do not settle, and the share of ``subject`` in its civilian side."""
    sides: dict[str, float] = {}
    for role, probability in roles.items():
        sides[side_of(role)] = sides.get(side_of(role), 0.0) + probability
    first, second = sorted(sides, key=lambda side: -sides[side])[:2]
    best, rival = (
        max((role for role in roles if side_of(role) == side), key=roles.__getitem__) for side in (first, second)
    )
    rule = f"{reading.rule}+{model.strongest(features, best, rival)}"
    role = best if sides[first] - sides[second] >= MARGIN else "unknown"
    return RoleGuess(role, rule, round(min(sides[first], 1.0), 4)), roles["subject"] / (
        roles["subject"] + roles["civilian"]
    )


def _is_monologue(found: Mapping[str, Evidence], turns: Sequence[tuple[str, str]]) -> bool:
    words = sum(len(text.split(maxsplit=200)) for _, text in turns)
    return len(found) == 1 and words > MONOLOGUE_WORDS * len(turns)


def _name_subjects(guesses: dict[str, RoleGuess], shares: Mapping[str, float]) -> None:
    """Police deal with one person, as a rule: the likeliest of the civilian side, beside those that a label names."""
    candidates = [label for label in shares if guesses[label].role in CIVILIAN_SIDE]
    settled = any(guess.role == "subject" for label, guess in guesses.items() if label not in shares)
    likeliest = max(candidates, key=shares.__getitem__, default=None)
    for label in candidates:
        is_subject = shares[label] >= CLEAR_SUBJECT or (label == likeliest and not settled)
        guesses[label] = replace(guesses[label], role="subject" if is_subject else "civilian")


def resolve_turns(turns: Sequence[tuple[str, str]], models: RoleModels) -> dict[str, RoleGuess]:
    """The resolver proper: roles by given models, without overrides."""
    found = gather(turns)
    speakers = [label for label, _ in turns]
    guesses = {label: guess for label, evidence in found.items() if (guess := settle(evidence))}
    if not guesses and _is_monologue(found, turns):
        return {speakers[0]: RoleGuess("narrator", "single_label_long_turns", 0.8)}
    known = known_by_label(found)
    first = features_of(found, speakers, known)
    alone = {label: models.first.probabilities(features) for label, features in first.items()}
    shares: dict[str, float] = {}
    for label, features in features_of(found, speakers, alone | known).items():
        together = models.second.probabilities(features)
        roles = {role: (alone[label][role] + together[role]) / 2 for role in together}
        guesses[label], shares[label] = _decide(roles, features, found[label].reading, models.second)
    _name_subjects(guesses, shares)
    return guesses


def resolve_roles(
    turns: Sequence[tuple[str, str]], *, overrides: Mapping[str, str] | None = None, mode: Mode = "resolver"
) -> dict[str, RoleGuess]:
    """Roles of all labels of one transcript.

    Args:
        turns: (speaker label, text) in file order.
        overrides: label → role, as people corrected it in this file; they win in both modes.
        mode: ``resolver``, or ``keyword`` for the published script's rule.

    Returns:
        label → guess, for every label that occurs, in order of first appearance.
    """
    labels = list(dict.fromkeys(label for label, _ in turns))
    if mode == "keyword":
        guesses = {label: keyword_role(label) for label in labels}
    else:
        guesses = resolve_turns(turns, default_models())
    corrected = {label: RoleGuess(role, "override", 1.0) for label, role in (overrides or {}).items()}
    return {label: corrected.get(label, guesses[label]) for label in labels}
