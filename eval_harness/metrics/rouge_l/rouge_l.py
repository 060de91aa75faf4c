"""``evaluate.load("eval_harness/metrics/rouge_l")``: ROUGE-L F1 as the leaderboard computes it."""

from eval_harness import evaluate_module


class RougeL(evaluate_module.ScoringModule):
    """See ``eval_harness.scoring``."""

    metric = "rouge_l"
