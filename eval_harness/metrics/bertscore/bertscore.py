"""``evaluate.load("eval_harness/metrics/bertscore")``: BERTScore F1 as the leaderboard computes it."""

from eval_harness import evaluate_module


class BERTScore(evaluate_module.ScoringModule):
    """See ``eval_harness.scoring``."""

    metric = "bertscore"
