"""``evaluate.load("eval_harness/metrics/bleu_4")``: corpus BLEU-4 as the leaderboard computes it."""

from eval_harness import evaluate_module


class BLEU4(evaluate_module.ScoringModule):
    """See ``eval_harness.scoring``."""

    metric = "bleu_4"
