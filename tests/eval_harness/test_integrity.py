"""Signs of having seen the test split are raised with evidence, and honest models raise none."""

from hypothesis import given
from hypothesis import strategies as st

from eval_harness.integrity import (
    Answer,
    canary_flag,
    exact_flag,
    overlap,
    overlap_flag,
    split_gap_flag,
)
from tests.results import make_result

REFERENCES = [
    "I told you already that the car belongs to my brother and he said I could use it.",
    "My hands are on the wheel, I am not doing anything, please do not shout at me.",
    "She locked the door at nine and I have been out here since then with the dog.",
    "Yes, sir.",
    "No.",
]
CANARY = "deescalwild:canary:5d1f0c1e-7f0b-4a53-9d6e-1f5b0c0a2d11"


def answers(predictions):
    return [
        Answer(f"s:{n}", reference, said)
        for n, (reference, said) in enumerate(zip(REFERENCES, predictions, strict=True))
    ]


HONEST = answers(["It is my brother's car.", "I am sorry.", "I was locked out.", "Yes, sir.", "No."])
BASELINES = {"baseline/constant": answers(["I do not know what to tell you, officer."] * 5)}


def test_an_honest_model_raises_no_flag_even_where_it_says_short_references():
    assert overlap_flag(HONEST, BASELINES) is exact_flag(HONEST, BASELINES) is canary_flag(HONEST, CANARY) is None


def test_a_model_that_recites_the_references_raises_both_flags_with_evidence():
    recited = answers(REFERENCES)
    assert overlap_flag(recited, BASELINES).value == 1.0
    assert (
        "3 references" in exact_flag(recited, BASELINES).evidence and "s:0" in exact_flag(recited, BASELINES).evidence
    )


def test_recitation_in_other_case_and_punctuation_is_seen():
    assert exact_flag(answers([text.upper().replace(",", "") for text in REFERENCES]), {}) is not None


def test_a_long_prediction_that_holds_half_of_the_references_raises_the_overlap_flag():
    assert overlap_flag(answers([f"Well. {text[:40]} and so on" for text in REFERENCES]), BASELINES) is not None


def test_a_baseline_that_finds_the_same_words_raises_the_threshold():
    lucky = {"baseline/retrieval": answers(REFERENCES)}
    assert exact_flag(answers(REFERENCES), lucky) is None


def test_the_canary_is_found_whole_and_in_parts():
    for said in (CANARY, f"sure: {CANARY.upper()}", "5d1f0c1e-7f0b-4a53-9d6e-1f5b0c0a2d11"):
        assert canary_flag(answers([said, *[""] * 4]), CANARY).value == 1


def test_better_on_test_than_on_validation_beyond_what_baselines_show_is_flagged():
    def on(split, model, quality):
        made = make_result(model, quality)
        return made.model_copy(update={"benchmark": made.benchmark.model_copy(update={"split": split})})

    test, validation = on("test", "acme/a", 3.0), on("validation", "acme/a", 1.0)
    level = [(on("test", "baseline/salad", 1.0), on("validation", "baseline/salad", 1.0))]
    assert split_gap_flag(test, validation, level).name == "test-above-validation"
    assert split_gap_flag(validation, test, level) is None
    easier_test = [(on("test", "baseline/salad", 3.0), on("validation", "baseline/salad", 1.0))]
    assert split_gap_flag(test, validation, easier_test) is None


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=6))
def test_overlap_is_a_share_of_any_texts(pairs):
    assert 0 <= overlap([Answer(str(n), *pair) for n, pair in enumerate(pairs)]) <= 1
