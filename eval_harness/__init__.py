"""Dataset + model → result. Start with ``run.py``; the lm-evaluation-harness task is in ``tasks/deescalwild/``."""
