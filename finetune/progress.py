"""A run's progress for people: steps done with the time left, and a line an evaluation."""

from collections.abc import Callable

from transformers import TrainerCallback


class Progress(TrainerCallback):
    """Tells ``steps(done, total)`` after each optimiser step and ``report(line)`` after each evaluation, in the first process only."""

    def __init__(self, steps: Callable[[int, int], None], report: Callable[[str], None]) -> None:
        self.steps = steps
        self.report = report

    def on_step_end(self, args, state, control, **kwargs):
        """One optimiser step is done."""
        if state.is_world_process_zero:
            self.steps(state.global_step, state.max_steps)

    def on_evaluate(self, args, state, control, **kwargs):
        """The validation split was gone through."""
        if state.is_world_process_zero:
            self.report(
                f"step {state.global_step}/{state.max_steps}: validation loss {kwargs['metrics']['eval_loss']:.3f}"
            )
