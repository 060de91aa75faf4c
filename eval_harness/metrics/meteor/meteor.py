"""``evaluate.load("eval_harness/metrics/meteor")``: METEOR as the leaderboard computes it."""

from eval_harness import evaluate_module


class METEOR(evaluate_module.ScoringModule):
    """See ``eval_harness.scoring``."""

    metric = "meteor"
