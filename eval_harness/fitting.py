"""Prompts that fit a model's window, for lm-eval models that know their tokenizer and their window."""

from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM

from dataset_script.dialogue import item_messages
from eval_harness import paper
from eval_harness.benchmark import find_data, load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.prompt import WindowTooSmall, fit_to_window, render_prompt


class FittingLM(TemplateLM):
    """An lm-eval model whose prompts are cut at whole turns, never in the middle of one."""

    def fit(self, request: Instance) -> tuple[str, int]:
        """The prompt of a request, cut to the window, and how many tokens the cut cost.

        The paper's script does not cut a chat prompt, and cuts a plain one at its end, the officer's question.

        Raises:
            EvaluationError: not even system prompt and last turn fit.
        """
        prompt, settings = request.args
        if request.task_name == paper.TASK:
            return (prompt, 0) if self.tokenizer.chat_template else self._cut_end(prompt)
        room = self.max_length - settings["max_gen_toks"]
        return (prompt, 0) if len(self.encode(prompt)) <= room else self._cut(request, room)

    def encode(self, prompt: str) -> list[int]:
        """Tokens of a rendered prompt."""
        return self.tok_encode(prompt)

    def _cut_end(self, prompt: str) -> tuple[str, int]:
        tokens = self.encode(prompt)
        kept = tokens[: paper.MAX_PLAIN_PROMPT_TOKENS]
        return (self.tokenizer.decode(kept), len(tokens) - len(kept)) if len(kept) < len(tokens) else (prompt, 0)

    def _cut(self, request: Instance, room: int) -> tuple[str, int]:
        doc = request.doc
        scenario = load_benchmark(find_data(doc["data_dir"]), doc["split"]).scenarios[doc["scenario_id"]]
        template = self.apply_chat_template if self.tokenizer.chat_template else None
        try:
            return fit_to_window(
                item_messages(scenario, doc["turn_index"]),
                lambda messages: render_prompt(messages, template),
                lambda prompt: len(self.encode(prompt)),
                room,
            )
        except WindowTooSmall as error:
            raise EvaluationError(
                f"{doc['item_id']}: {error}. The model cannot be evaluated on this benchmark."
            ) from None
