"""Whether judge and judged are of one kind, from their names."""

import pytest

from eval_harness.judging.families import families_of, known_families, relation


@pytest.mark.parametrize(
    ("judge", "model", "expected"),
    [
        ("Qwen/Qwen3-32B", ["qwen/qwen3-32b"], "same model"),
        ("qwen3-32b", ["acme/civilian-3b", "Qwen/Qwen2.5-3B-Instruct", "qwen2"], "same family"),
        ("deepseek-r1-distill-qwen-7b", ["Qwen/Qwen2.5-1.5B"], "same family"),
        ("gemini-2.5-flash", ["google/gemma-3-1b-it"], "same maker"),
        ("gpt-4.1-mini", ["meta-llama/Llama-3.2-3B-Instruct"], "different"),
        ("o3-mini", ["openai/gpt-oss-20b"], "same family"),
        ("claude-sonnet-4", ["microsoft/Phi-4-mini-instruct", "phi3"], "different"),
        ("my-judge", ["Qwen/Qwen2.5-3B"], "unknown"),
        ("qwen3-32b", ["acme/civilian-3b"], "unknown"),
        ("qwen3-32b", [None], "unknown"),
        ("Microsoft/Phi-4", ["ai21/delphi-3b"], "unknown"),
    ],
)
def test_the_relation_follows_from_the_names(judge, model, expected):
    assert relation(judge, model) == expected


@pytest.mark.parametrize(
    ("name", "families"),
    [("sapphire-7b", []), ("robo3-x", []), ("ayan/polyglm4", []), ("THUDM/glm-4-9b", ["glm"]), ("01-ai/Yi-6B", ["yi"])],
)
def test_a_family_is_not_found_inside_another_word(name, families):
    assert [each.family for each in families_of([name])] == families


def test_every_family_of_the_papers_models_is_known():
    paper = ["qwen", "llama", "phi", "mistral", "granite", "gemma", "falcon", "gemini"]
    assert set(paper) <= {each.family for each in known_families()}
