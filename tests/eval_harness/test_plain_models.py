"""A base model without a chat template, evaluated for real: it gets the encounter as a transcript and speaks as the civilian."""

import json
import shutil

import pytest

from dataset_script.dialogue import item_messages
from eval_harness.benchmark import load_benchmark
from eval_harness.prompt import as_transcript
from eval_harness.run import TASKS


@pytest.fixture
def base_model(tiny_model, tmp_path):
    """The tiny model with its tokenizer's template taken out."""
    folder = tmp_path / "tiny-base"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    config.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def test_a_model_without_a_template_is_sent_a_transcript(base_model, tiny_data):
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    metadata = {"data_dir": str(tiny_data), "split": "test", "subset": "clean", "limit_scenarios": 1}
    manager = TaskManager(include_path=str(TASKS), include_defaults=False, metadata=metadata)
    found = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(base_model), "dtype": "float32", "device": "cpu"},
        tasks=["deescalwild"],
        task_manager=manager,
        limit=3,
        gen_kwargs="max_gen_toks=4",
        bootstrap_iters=0,
    )
    scenarios = load_benchmark(tiny_data, "test").scenarios
    samples = found["samples"]["deescalwild"]
    assert len(samples) == 3
    for sample in samples:
        doc = sample["doc"]
        messages = item_messages(scenarios[doc["scenario_id"]], doc["turn_index"])
        assert sample["arguments"][0][0] == as_transcript(messages)
        assert sample["arguments"][0][0].endswith(f"Officer: {messages[-1]['content']}\nCivilian:")
