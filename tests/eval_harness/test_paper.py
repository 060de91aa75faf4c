"""The paper's protocol against the published script's behaviour, item by item."""

import itertools
import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_script.dialogue import Scenario, Turn
from eval_harness import paper
from eval_harness.benchmark import load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.scoring import make_metric

AUTHORITY = [
    "Deputy",
    "Officer",
    "Dispatcher",
    "Law enforcement",
    "Property owner",
    "Sergeant",
    "Lieutenant",
    "Trooper",
    "Police",
    "Sheriff",
    "Corporal",
    "Agent",
]


def script(rows, reply):
    """What the released script does with a file's rows, told again: yields (history, officer's words, reference, reply)."""
    role = {
        label: "user" if any(word.lower() in label.lower() for word in AUTHORITY) else "assistant" for label, _ in rows
    }
    history = [("system", paper.SYSTEM_PROMPT)]
    for (label, text), (next_label, next_text) in itertools.pairwise(rows):
        history.append((role[label], text))
        if role[label] == "user" and role[next_label] == "assistant":
            yield list(history), text, next_text, reply(text)
            history.append(("assistant", next_text))


def scenario(rows):
    turns = tuple(Turn(index, None, label, "unknown", "", 0.0, text) for index, (label, text) in enumerate(rows))
    officers = [label for label, _ in rows if any(word.lower() in label.lower() for word in AUTHORITY)]
    return Scenario("s", "test", "stop", "", "", "s", turns, quality={"keyword_officers": officers})


ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            ["[Police Officer]", "Deputy Marsh", "Dana", "[Detective]", "[Travel Agent]", "[Narrator]", "Reagent"]
        ),
        st.text(min_size=1, max_size=20),
    ),
    max_size=30,
)


@given(ROWS)
def test_items_and_histories_are_the_scripts(rows):
    own = scenario(rows)
    expected = list(script(rows, str))
    found = list(paper.items(own))
    assert [(item.officer_text, item.reference) for item in found] == [
        (officer, ref) for _, officer, ref, _ in expected
    ]
    for item, (history, *_) in zip(found, expected, strict=True):
        assert [(m["role"], m["content"]) for m in paper.messages(own, item.turn_index)] == history


def test_an_answered_civilian_row_stands_twice_in_the_history():
    own = scenario(
        [("[Police Officer]", "Name?"), ("Dana", "Dana."), ("[Police Officer]", "Licence?"), ("Dana", "No.")]
    )
    assert [m["content"] for m in paper.messages(own, 3)[1:]] == ["Name?", "Dana.", "Dana.", "Licence?"]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("No.<|im_end|>x", "No."), ("No.\nOfficer: stop", "No."), ("Civilian: No.", "No."), ("Assistant:Civilian: yo", "Civilian: yo"),
        ("Officer: stop", ""), ("  Yeah \n well ", "Yeah \n well"), ("suspect: Suspect: hm", "Suspect: hm"), ("User: a", ""),
    ],
)  # fmt: skip
def test_the_scripts_cleaner(raw, clean):
    assert paper.clean_reply(raw) == clean


def nmt_bleu(prediction, reference):
    """`compute_bleu` of tensorflow/nmt with smooth=True for one pair, told again from its definition."""
    said, wanted = prediction.split(), reference.split()
    precisions = []
    for order in range(1, 5):
        grams = [Counter(tuple(t[i : i + order]) for i in range(len(t) - order + 1)) for t in (said, wanted)]
        overlap = sum((grams[0] & grams[1]).values())
        precisions.append((overlap + 1.0) / (max(len(said) - order + 1, 0) + 1.0))
    ratio = len(said) / len(wanted)
    brevity = 1.0 if ratio > 1.0 else math.exp(1 - 1.0 / ratio)
    return brevity * math.exp(sum(math.log(p) for p in precisions) / 4)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=12),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=12),
)
def test_bleu_is_the_scripts(said, wanted):
    prediction, reference = " ".join(said), " ".join(wanted)
    (score,) = paper.PaperBLEU().score([prediction], [reference])
    assert score.value == pytest.approx(100 * nmt_bleu(prediction, reference), abs=1e-9)


def test_yeah_for_no_scores_84_and_another_signature_says_so():
    bleu = paper.PaperBLEU()
    assert bleu.score(["Yeah"], ["No"])[0].value == pytest.approx(84.09, abs=0.005)
    assert bleu.signature != make_metric("bleu_4").signature


def run_task(name, tiny_data, model, metadata=None):
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    from eval_harness.run import TASKS

    manager = TaskManager(
        include_path=str(TASKS), include_defaults=False, metadata={"data_dir": str(tiny_data), **(metadata or {})}
    )
    return simple_evaluate(
        model="hf", model_args={"pretrained": str(model), "dtype": "float32"}, tasks=[name], task_manager=manager, apply_chat_template=True,
        log_samples=True, bootstrap_iters=0, device="cpu", gen_kwargs="max_gen_toks=4",
    )  # fmt: skip


def test_both_protocols_run_as_one_group_and_categories_add_up(tiny_data, tiny_model):
    found = run_task("deescalwild_both", tiny_data, tiny_model, {"limit_scenarios": 2, "split": "train"})
    ranked, published = found["results"]["deescalwild_categories"], found["results"]["deescalwild_paper"]
    of_category = Counter(sample["doc"]["category"] for sample in found["samples"]["deescalwild_categories"])
    parts = sum(ranked[f"rouge_l/{category},none"] * count for category, count in of_category.items())
    assert parts / of_category.total() == pytest.approx(ranked["rouge_l,none"])
    scenarios = load_benchmark(tiny_data, "train").first_scenarios(2).scenarios
    samples = found["samples"]["deescalwild_paper"]
    expected = [item.item_id for name in sorted(scenarios) for item in paper.items(scenarios[name])]
    assert expected and [s["doc"]["item_id"] for s in samples] == expected
    assert "non-compliant depending on the conversation context" in json.dumps(samples[0]["arguments"])
    bleu = paper.PaperBLEU().score([s["filtered_resps"][0] for s in samples], [s["doc"]["reference"] for s in samples])
    assert published["bleu_4,none"] == pytest.approx(sum(score.value for score in bleu) / len(bleu))


def test_a_template_that_refuses_the_history_is_an_error_not_a_scored_message(tiny_data):
    from lm_eval.tasks import TaskManager

    from eval_harness.run import TASKS

    manager = TaskManager(
        include_path=str(TASKS), include_defaults=False, metadata={"data_dir": str(tiny_data), "split": "train"}
    )
    task = manager.load(["deescalwild_paper"])["tasks"]["deescalwild_paper"]

    def strict(history, add_generation_prompt):
        from jinja2.exceptions import TemplateError

        raise TemplateError("roles must alternate")

    with pytest.raises(EvaluationError, match="nothing to reproduce"):
        task.fewshot_context(next(iter(task.test_docs())), apply_chat_template=True, chat_template=strict)
