"""The four metrics equal their libraries, and keep their rules on odd input."""

import csv
import json
from pathlib import Path

import evaluate
import pytest
from bert_score import BERTScorer
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize import word_tokenize
from rouge_score import rouge_scorer

from dataset_script.build import SAMPLE
from eval_harness.errors import EvaluationError
from eval_harness.scoring import BLEU4, METRICS, Encoder, RougeL, bertscore, make_metric, meteor, synonyms, use_encoder
from eval_harness.scoring.bertscore import LAYER_VARIABLE, MODEL_VARIABLE
from eval_harness.scoring.rouge import lcs_length

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "golden_pairs.json").read_text("utf-8"))
PAIRS = GOLDEN["pairs"]
PREDICTIONS = [pair["prediction"] for pair in PAIRS]
REFERENCES = [pair["reference"] for pair in PAIRS]
TOLERANCE = {"rouge_l": 1e-6, "bleu_4": 1e-6, "meteor": 1e-6, "bertscore": 1e-5}

words = st.text("ab c'.?!1é", max_size=40)


@pytest.fixture(scope="module", params=METRICS)
def metric(request):
    return make_metric(request.param)


def test_there_are_enough_golden_pairs_of_every_kind():
    assert len(PAIRS) >= 200
    assert any(not pair["prediction"] for pair in PAIRS) and any(not pair["reference"] for pair in PAIRS)
    assert any(len(pair["prediction"].split()) >= 200 for pair in PAIRS)
    assert any(not pair["prediction"].isascii() for pair in PAIRS)


def test_items_equal_the_libraries(metric):
    scores = metric.score(PREDICTIONS, REFERENCES)
    off = [
        (pair["prediction"], pair["reference"], score.value, pair[metric.name])
        for pair, score in zip(PAIRS, scores, strict=True)
        if abs(score.value - pair[metric.name]) > TOLERANCE[metric.name]
    ]
    assert off == []


def test_corpus_bleu_equals_sacrebleu():
    metric = BLEU4()
    assert metric.aggregate(metric.score(PREDICTIONS, REFERENCES)) == pytest.approx(GOLDEN["corpus_bleu"], abs=1e-9)


def test_an_empty_side_scores_zero(metric):
    scores = metric.score(["", " ", "Yes.", "\n"], ["No.", "No.", "", ""])
    assert [score.value for score in scores] == [0.0] * 4


def test_no_items_no_score(metric):
    assert metric.score([], []) == []
    assert metric.aggregate([]) == 0.0


def test_lists_of_two_lengths_are_refused(metric):
    with pytest.raises(ValueError, match="2 predictions for 1"):
        metric.score(["a", "b"], ["a"])


def test_values_do_not_depend_on_the_company(metric):
    together = metric.score(PREDICTIONS[60:90], REFERENCES[60:90])
    for number in (0, 13, 29):
        (alone,) = metric.score([PREDICTIONS[60 + number]], [REFERENCES[60 + number]])
        assert alone.value == pytest.approx(together[number].value, abs=TOLERANCE[metric.name])


def test_a_signature_names_the_library_and_its_version(metric):
    library = {
        "rouge_l": "rouge_score:0.1.2",
        "bleu_4": "sacrebleu:2.6.0",
        "meteor": "nltk:3.10.4",
        "bertscore": "bert_score:0.3.13",
    }
    assert metric.signature.startswith(f"{metric.name}|") and library[metric.name] in metric.signature


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=8), st.integers(0, 8))
def test_bleu_statistics_add_up_over_any_cut(pairs, cut):
    """Corpus BLEU of the whole equals BLEU of the parts' summed statistics."""
    metric = BLEU4()
    predictions, references = zip(*pairs, strict=True)
    whole = metric.score(predictions, references)
    parts = metric.score(predictions[:cut], references[:cut]) + metric.score(predictions[cut:], references[cut:])
    assert metric.aggregate(whole) == metric.aggregate(parts)


@settings(max_examples=60, deadline=None)
@given(words, words)
def test_rouge_is_symmetric_bounded_and_full_for_equal_words(first, second):
    metric = RougeL()
    (forth,), (back,) = metric.score([first], [second]), metric.score([second], [first])
    assert forth.value == pytest.approx(back.value)
    assert 0 <= forth.value <= 100
    if any(char.isalnum() and char.isascii() for char in first):
        assert metric.score([first], [first])[0].value == pytest.approx(100)


@pytest.mark.parametrize("name", METRICS)
def test_evaluate_loads_each_metric_by_its_folder(name):
    loaded = evaluate.load(f"eval_harness/metrics/{name}")
    found = loaded.compute(predictions=PREDICTIONS[60:64], references=REFERENCES[60:64])
    direct = make_metric(name)
    scores = direct.score(PREDICTIONS[60:64], REFERENCES[60:64])
    assert found[name] == pytest.approx(direct.aggregate(scores), abs=1e-6)
    assert len(found["items"]) == 4 and found["signature"] == direct.signature


def test_roberta_large_is_the_default_encoder(monkeypatch):
    monkeypatch.delenv(MODEL_VARIABLE)
    assert Encoder.from_environment() == Encoder("roberta-large", 17)


@pytest.mark.parametrize("text", ["roberta-large", "roberta-large:last", ":17"])
def test_a_malformed_encoder_is_refused_with_an_example(monkeypatch, text):
    monkeypatch.setenv(MODEL_VARIABLE, "x")
    monkeypatch.setenv(LAYER_VARIABLE, "1")
    with pytest.raises(EvaluationError, match="roberta-large:17"):
        use_encoder(text)


@pytest.fixture(scope="module")
def spoken() -> list[str]:
    """Every distinct line of the sample."""
    rows = [
        row
        for path in sorted((SAMPLE / "transcripts").glob("*.csv"))
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    return sorted({row["transcript"] for row in rows})


def test_words_are_cut_as_nltk_cuts_them(spoken):
    assert [list(meteor._tokens(text)) for text in spoken] == [word_tokenize(text) for text in spoken]


@given(st.text("ab .?!'\")\n", max_size=12))
def test_words_of_odd_text_are_cut_as_nltk_cuts_them(text):
    assert list(meteor._tokens(text)) == word_tokenize(text)


def test_synonyms_are_those_of_nltks_reader(spoken):
    """Every word of the sample, its lower-case form and its stem; ten inflections that only the lists of irregular forms know."""
    from nltk.corpus import wordnet

    stemmer, synonyms = meteor._words()
    words = {word for text in spoken for word in text.split()}
    words |= {stemmer.stem(word) for word in words} | {
        "",
        "abaci",
        "better",
        "worst",
        "was",
        "feet",
        "zymurgy",
        "'hood",
        "0",
        "\x00",
    }
    expected = {
        word: {lemma.name() for synset in wordnet.synsets(word) for lemma in synset.lemmas() if "_" not in lemma.name()}
        for word in words
    }
    assert {word: set(synonyms(word)) for word in words} == expected
    assert sum(map(bool, expected.values())) > 1000


@given(st.lists(st.sampled_from("abcd"), max_size=70), st.lists(st.sampled_from("abcd"), max_size=70))
def test_lcs_is_rouge_scores(first, second):
    table = rouge_scorer._lcs_table(first, second)
    assert lcs_length(first, second) == table[-1][-1]


def test_a_model_is_loaded_once_however_often_it_scores(monkeypatch):
    """Encoder and WordNet: new metric objects, new calls, no new load."""
    loads = []
    for owner, name in ((BERTScorer, "__init__"), (synonyms.Synonyms, "__init__")):
        own = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda self, *a, _own=own, **k: (loads.append(type(self).__name__), _own(self, *a, **k))[1]
        )
    bertscore._load.cache_clear()
    meteor._words.cache_clear()
    for _ in range(3):
        for name in METRICS:
            make_metric(name).score(["Yes, sir.", "I was driving."], ["No.", "He drove."])
    assert sorted(loads) == ["BERTScorer", "Synonyms"]
