"""Personal data: what is found in every way of saying it, what stays, and what the redacted text may never show."""

import itertools
import json
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.privacy import (
    WITH_EVIDENCE,
    WITHOUT,
    Labelled,
    is_found,
    measure,
    read_set,
    split_marks,
    summary,
    total,
)
from dataset_script import privacy
from dataset_script.privacy import PLACEHOLDER, Mention, SpokenTurn, find_personal_data, load_ner, redact
from dataset_script.privacy.labels import names_in_label
from dataset_script.privacy.lexicon import fold
from dataset_script.privacy.ner import MissingModel
from dataset_script.privacy.tokens import words_of

DATA = Path(__file__).parents[1] / "data"
VOCABULARY = Path(privacy.__file__).parent / "words" / "vocabulary.toml"
FORMS = json.loads((DATA / "privacy_forms.json").read_text("utf-8"))


def turn(role: str, text: str, speaker: str | None = None) -> SpokenTurn:
    return SpokenTurn(speaker or f"[{role}]", role, text)


def form(case: dict) -> Labelled:
    split = [split_marks(number, text) for number, (_, text) in enumerate(case["turns"])]
    turns = tuple(turn(role, text) for (role, _), (text, _) in zip(case["turns"], split, strict=True))
    return Labelled(case["about"], turns, tuple(mark for _, marks in split for mark in marks))


@pytest.mark.parametrize("case", FORMS, ids=[case["about"] for case in FORMS])
def test_every_way_of_saying_it_is_found_and_nothing_else(case):
    labelled = form(case)
    found = find_personal_data(labelled.turns)
    missed = [
        m
        for m in labelled.marks
        if not is_found(m, labelled.turns[m.turn].text, [f for f in found if f.turn == m.turn])
    ]
    false = [
        f
        for f in found
        if not any((m.turn, m.type) == (f.turn, f.type) and m.start < f.end and f.start < m.end for m in labelled.marks)
    ]
    assert (missed, false) == ([], [])


# Just below what benchmarks/privacy.py measures on files that the rules were written with: a guard, not a claim. What blind files gave at
# first sight stands in tests/data/privacy/README.md.
FLOORS = {"structured": 0.97, WITH_EVIDENCE: 0.98, WITHOUT: 0.95}


def test_labelled_files_are_found_to_the_floors():
    scores, _ = measure(read_set("dev"), find_personal_data)
    parts = summary(scores)
    assert {name: parts[name].recall for name, floor in FLOORS.items() if parts[name].recall < floor} == {}
    assert total(scores, list(scores)).precision >= 0.93


TRANSCRIPT = (
    turn("officer", "Deputy Marsh with the county. What's your name?", "Deputy Marsh"),
    turn("subject", "Dolores Strand. D-O-L-O-R-E-S.", "Dolores Strand"),
    turn("officer", "And a phone number, Ms. Strand?", "Deputy Marsh"),
    turn("subject", "Five five five, oh one four two.", "Dolores Strand"),
    turn("officer", "555-0142. Is Ray Strand here?", "Deputy Marsh"),
    turn("civilian", "Ray's out back with Dolores.", "[Neighbor]"),
)


def test_one_person_and_one_value_have_one_placeholder_however_they_are_said():
    redaction = redact(TRANSCRIPT, notes=["Dolores Strand, 24, argues with her brother Ray."])
    assert redaction.texts == [
        "Deputy [NAME_1] with the county. What's your name?",
        "[NAME_2]. [NAME_2].",
        "And a phone number, Ms. [NAME_3]?",
        "[PHONE_1].",
        "[PHONE_1]. Is [NAME_4] here?",
        "[NAME_4]'s out back with [NAME_2].",
    ]
    assert redaction.notes == ["[NAME_2], 24, argues with her brother [NAME_4]."]
    assert redaction.counts == {"NAME": 9, "PHONE": 2}


def test_a_surname_alone_is_the_person_where_only_one_bears_it():
    redaction = redact([turn("officer", "Dolores Strand lives here. Ms. Strand?")])
    assert redaction.texts == ["[NAME_1] lives here. Ms. [NAME_1]?"]


def test_mentions_point_at_the_placeholders_and_hold_no_text():
    redaction = redact(TRANSCRIPT)
    shown = [redaction.texts[m.turn][m.start : m.end] for m in redaction.mentions]
    assert all(PLACEHOLDER.fullmatch(each) for each in shown)
    assert [PLACEHOLDER.fullmatch(each)["type"] for each in shown] == [m.type for m in redaction.mentions]


def test_labels_with_names_become_pseudonyms_of_their_role_and_others_stay():
    roles = {
        "Deputy Marsh": "officer",
        "[Police Officer]": "officer",
        "Dolores Strand": "subject",
        "Officer Kell": "officer",
        "[Driver stopped by Deputy Kell]": "subject",
        "Lincoln 14": "officer",
        "Grace": "civilian",
        "Mother": "civilian",
        "[Marisol's Sister]": "civilian",
        "Dr. Amadi": "medical",
    }
    redaction = redact([turn(role, "Okay.", label) for label, role in roles.items()])
    assert redaction.speakers == {
        "Deputy Marsh": "Officer_1",
        "[Police Officer]": "[Police Officer]",
        "Dolores Strand": "Subject_1",
        "Officer Kell": "Officer_2",
        "[Driver stopped by Deputy Kell]": "Subject_2",
        "Lincoln 14": "Lincoln 14",
        "Grace": "Civilian_1",
        "Mother": "Mother",
        "[Marisol's Sister]": "Civilian_2",
        "Dr. Amadi": "Medical_1",
    }


def test_placeholders_and_pseudonyms_that_are_there_are_neither_changed_nor_used_again():
    redaction = redact(
        [
            turn("officer", "[NAME_1], this is Deputy Kell.", "Officer_1"),
            turn("subject", "I know.", "Dolores"),
            turn("officer", "Hi.", "Deputy Kell"),
        ]
    )
    assert redaction.texts[0] == "[NAME_1], this is Deputy [NAME_2]."
    assert redaction.speakers == {"Officer_1": "Officer_1", "Dolores": "Subject_1", "Deputy Kell": "Officer_2"}


def test_what_people_marked_is_replaced_and_looked_for_elsewhere():
    turns = [turn("subject", "They all call that guy Button over there."), turn("officer", "Which quollish one?")]
    marked = [Mention(1, 6, 14, "NAME", "reviewer")]
    assert redact(turns, marked=marked).texts[1] == "Which [NAME_1] one?"


def test_a_mark_outside_its_turn_is_refused():
    with pytest.raises(ValueError, match="turn 0: the mark 3–99"):
        redact([turn("officer", "Okay.")], marked=[Mention(0, 3, 99, "NAME", "reviewer")])


MINORS = {
    "I'm sixteen.": True,
    "My son is nine and he's in the car.": True,
    "She's only 12.": True,
    "The 16-year-old ran.": True,
    "He's in eighth grade.": True,
    "He's a minor.": True,
    "I'm 15 minutes away.": False,
    "I'm sixteen weeks pregnant.": False,
    "I'm 34.": False,
    "It's a 12-year-old truck.": False,
    "I was sixteen when I started driving.": False,
    "He's 6 foot 2.": False,
    "I'm five months sober.": False,
    "She's ten times worse.": False,
}


@pytest.mark.parametrize("text", MINORS)
def test_minors_are_flagged_by_what_is_said(text):
    assert redact([turn("subject", text)]).minors is MINORS[text]


@pytest.mark.parametrize(
    ("label", "is_minor"),
    [
        ("[Teenage Boy]", True),
        ("[Child]", True),
        ("[Woman]", False),
        ("[Child Services Worker]", False),
        ("[Juvenile Male]", True),
    ],
)
def test_minors_are_flagged_by_labels(label, is_minor):
    assert redact([turn("civilian", "Okay.", label)]).minors is is_minor


LABEL_NAMES = ("Halloran", "Marisol Okafor", "Deputy Lindqvist", "Sgt. Ibarra", "Anneliese Vogt", "Oyelaran")
FRAMES = (
    "{} get down.", "Tell {} I said so.", "It's {}'s truck.", "{}? {}!", "on {} Street", "I saw {}, Mary 12 and the {}s", "st. {} park",
    "What's your name?", "What's your date of birth and your address?", "{}, {} and 4211 {} Road", "my name is {}", "{} 22, copy", "a {} b",
    "5 5 5, 0 1 4 2", "March 3rd, '81", "O-K-A-F-O-R", "officer {} dot com at {} dot com", "[NAME_3] {}", "last name {} first name {}",
)  # fmt: skip


@st.composite
def scenarios(draw) -> list[SpokenTurn]:
    labels = draw(st.lists(st.sampled_from(LABEL_NAMES), min_size=1, max_size=3))
    words = [word for label in labels for word in label.split() if not word.endswith(".") and word != "Deputy"]
    said = st.sampled_from(words).flatmap(lambda word: st.sampled_from([word, word.lower(), word.upper()]))
    turns = []
    for label in labels + draw(st.lists(st.sampled_from(labels), max_size=5)):
        frame = draw(st.sampled_from(FRAMES))
        text = frame.format(*(draw(said) for _ in range(frame.count("{}"))))
        turns.append(SpokenTurn(label, draw(st.sampled_from(["officer", "subject", "civilian"])), text))
    return turns


@settings(max_examples=300, deadline=None)
@given(scenarios())
def test_the_name_of_a_label_never_stays(turns):
    names = {word for t in turns for name in names_in_label(t.speaker) for word in name}
    redaction = redact(turns)
    for text in redaction.texts:
        assert names.isdisjoint(words_of(text).folded), text
    assert names.isdisjoint(fold(word) for label in redaction.speakers.values() for word in words_of(label).folded)


@settings(max_examples=300, deadline=None)
@given(scenarios())
def test_redacting_again_changes_nothing(turns):
    once = redact(turns)
    published = [SpokenTurn(once.speakers[t.speaker], t.role, text) for t, text in zip(turns, once.texts, strict=True)]
    again = redact(published)
    assert (again.texts, again.mentions) == (once.texts, [])
    assert all(label == pseudonym for label, pseudonym in again.speakers.items())


CUES = sorted({word for listed in tomllib.loads(VOCABULARY.read_text("utf-8")).values() for word in listed.split()})
VALUES = [
    "5",
    "20",
    "1419",
    "555",
    "0142",
    "1990",
    "oh",
    "two",
    "forty",
    "hundred",
    "K",
    "BRX",
    "[NAME_1]",
    "Quill",
    "’s",
]
JOINTS = ["", " ", " ", " ", ", ", ". ", "? ", "-", "/", ":", "'"]


@st.composite
def salads(draw) -> str:
    """The recognisers' own cue words, numbers and letters in any order, grown together or apart."""
    words = draw(
        st.lists(st.tuples(st.sampled_from(CUES + VALUES * 40), st.sampled_from(JOINTS), st.booleans()), max_size=16)
    )
    return "".join((word.capitalize() if is_capital else word) + joint for word, joint, is_capital in words)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.text(max_size=60) | salads(), max_size=6))
def test_no_text_breaks_it_and_mentions_lie_in_their_turns(texts):
    turns = [
        SpokenTurn("[Officer]" if i % 2 else "Halloran", "officer" if i % 2 else "subject", t)
        for i, t in enumerate(texts)
    ]
    found = find_personal_data(turns)
    assert all(0 <= m.start < m.end <= len(turns[m.turn].text) for m in found)
    assert all(a.turn < b.turn or a.end <= b.start for a, b in itertools.pairwise(found))
    assert redact(turns) == redact(turns)


@pytest.mark.parametrize(
    "words", ["okay yeah no ", "one two three ", "A, B, C, D, ", "I live at 12 dot com at ", "Marcus, D-O-L 555-0142 "]
)
def test_a_monstrous_turn_takes_linear_time(words):
    turns = [
        turn("officer", "What's your name, address and phone number?"),
        turn("subject", words * (20_000 // len(words.split()))),
    ]
    start = time.perf_counter()
    redact(turns)
    assert time.perf_counter() - start < 10


class Titles:
    """A finder of names that takes every word after "Captain" for one."""

    def __call__(self, texts):
        return [[(t.index("Captain ") + 8, len(t))] if "Captain " in t else [] for t in texts]


def test_a_further_finder_of_names_adds_what_is_no_english_word():
    turns = [turn("officer", "ask Captain blorvath"), turn("officer", "ask Captain please")]
    assert redact(turns, ner=Titles()).texts == ["ask Captain [NAME_1]", "ask Captain please"]


def test_a_spacy_model_finds_names(tmp_path):
    spacy = pytest.importorskip("spacy")
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Blorvath"}])
    model.to_disk(tmp_path / "model")
    find = load_ner(str(tmp_path / "model"))
    assert find(["so Blorvath left", "okay"]) == [[(3, 11)], []]


def test_a_missing_model_is_named_and_told_how_to_get():
    pytest.importorskip("spacy")
    with pytest.raises(MissingModel, match="no_such_model"):
        load_ner("no_such_model")


def test_a_missing_spacy_is_told_how_to_get(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)  # what Python itself does for a package that is not there
    with pytest.raises(MissingModel, match="pip install spacy"):
        load_ner("en_core_web_sm")
