"""What the fine-tuning demonstration says of two results."""

import pytest

from deescalwild_cli.finetune_demo import comparison, verdict
from tests.results import make_result


def test_a_clear_gain_is_called_one_and_what_is_equal_is_not_told_apart():
    base = make_result("acme/civilian", 1.0)
    better = base.model_copy(
        update={
            "per_scenario": [
                row.model_copy(update={"rouge_l": row.rouge_l + 5 * row.n_items}) for row in base.per_scenario
            ]
        }
    )
    text = comparison(base, better)
    assert "| ROUGE-L" in text and "+5.0 [+5.0, +5.0]" in text
    assert text.splitlines()[-1] == "Better by ROUGE-L. Not told apart by BLEU-4, METEOR, BERTScore."
    assert "Worse by ROUGE-L." in comparison(better, base)


def test_faults_that_neither_has_are_not_listed_and_lengths_stand_beside_the_reference():
    base, other = make_result("acme/a"), make_result("acme/b")
    faults = dict.fromkeys(base.diagnostics.faults, 0) | {"loops": 3}
    other = other.model_copy(
        update={"diagnostics": other.diagnostics.model_copy(update={"faults": faults, "mean_prediction_words": 4.25})}
    )
    lines = comparison(base, other).splitlines()
    assert [line for line in lines if line.startswith("| loops")] and not [line for line in lines if "| empty" in line]
    assert any("the reference has" in line and "4.2" in line for line in lines)


def test_models_of_other_scenarios_are_not_compared():
    with pytest.raises(ValueError, match="different scenarios"):
        comparison(make_result("acme/a", n_scenarios=8), make_result("acme/b", n_scenarios=6))


def test_a_verdict_names_every_metric_once():
    assert verdict({"ROUGE-L": 1, "METEOR": -1, "BERTScore": 1}) == "Better by ROUGE-L, BERTScore. Worse by METEOR."
