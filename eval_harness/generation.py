"""Generation that keeps what is finished: every batch of replies is on disk before the next begins."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from dataset_script.dialogue import item_messages
from eval_harness import paper, shared_prefix
from eval_harness.benchmark import find_data, load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.journal import Journal
from eval_harness.progress import Progress
from eval_harness.prompt import WindowTooSmall, fit_to_window, render_prompt
from eval_harness.sampling import Sampler, item_seed


class ResumableHFLM(HFLM):
    """lm-eval's HFLM with a journal, a progress report, and a shared prefix along each scenario.

    ``fingerprint`` names everything beside prompt and settings that a reply depends on: model and revision.
    Requests to a supported architecture are decoded by :mod:`eval_harness.shared_prefix`, sampled ones by :mod:`eval_harness.sampling`; all
    others by HFLM.
    """

    def __init__(self, *args, journal: Journal, fingerprint: str, progress: Progress, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._journal, self._fingerprint, self._progress = journal, fingerprint, progress
        accelerator = getattr(self, "accelerator", None)
        if accelerator is not None:
            # lm-eval 0.4.13 sees other processes only where this machine has several GPUs, and takes the rank within a machine for the rank.
            self._rank, self._world_size = accelerator.process_index, accelerator.num_processes
            self._device = accelerator.device

    def _key(self, request: Instance) -> str:
        prompt, settings = request.args
        content = json.dumps([self._fingerprint, prompt, settings], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Replies in the order of the requests.

        ``dropped_tokens`` then tells, by item id, what a window smaller than the history has cost.

        Raises:
            EvaluationError: not even system prompt and last turn fit the model's window.
        """
        keys = [self._key(request) for request in requests]
        by_key = dict(zip(keys, requests, strict=True))
        # Batches are those of the whole run, whatever is finished already: a batch's company moves the last bits of its logits.
        todo = [batch for batch in self._batches(by_key) if any(key not in self._journal.replies for key in batch)]
        done = len(by_key) - sum(map(len, todo))
        self._progress(done, len(by_key))
        for batch in todo:
            own = [by_key[key] for key in batch]
            prompts, dropped = zip(*map(self._fit, own), strict=True)
            replies = self._generate(own, list(prompts))
            self._journal.add(dict(zip(batch, replies, strict=True)), dict(zip(batch, dropped, strict=True)))
            done += len(batch)
            self._progress(done, len(by_key))
        self.dropped_tokens = {
            request.doc["item_id"]: self._journal.dropped_tokens[key]
            for key, request in zip(keys, requests, strict=True)
        }
        return [self._journal.replies[key] for key in keys]

    def _batches(self, todo: dict[str, Instance]) -> Iterator[list[str]]:
        """Keys in batches of at most ``batch_size``, those of one scenario together, longest prompt first."""
        by_scenario: dict[str, list[str]] = {}
        for key in sorted(todo, key=lambda key: -len(todo[key].args[0])):
            by_scenario.setdefault(todo[key].doc["scenario_id"], []).append(key)
        in_order = [key for own in by_scenario.values() for key in own]
        size = int(self.batch_size)
        for start in range(0, len(in_order), size):
            yield in_order[start : start + size]

    def _fit(self, request: Instance) -> tuple[str, int]:
        """The prompt of a request, cut to the window at whole turns, and how many tokens the cut cost.

        The paper's script does not cut a chat prompt, and cuts a plain one at its end, the officer's question.
        """
        prompt, settings = request.args
        if request.task_name == paper.TASK:
            return (prompt, 0) if self.tokenizer.chat_template else self._cut_end(prompt)
        room = self.max_length - settings["max_gen_toks"]
        return (prompt, 0) if len(self._encode(prompt)) <= room else self._cut(request, room)

    def _cut_end(self, prompt: str) -> tuple[str, int]:
        tokens = self._encode(prompt)
        kept = tokens[: paper.MAX_PLAIN_PROMPT_TOKENS]
        return (self.tokenizer.decode(kept), len(tokens) - len(kept)) if len(kept) < len(tokens) else (prompt, 0)

    def _encode(self, prompt: str) -> list[int]:
        return self.tok_batch_encode([prompt])[0][0].tolist()

    def _cut(self, request: Instance, room: int) -> tuple[str, int]:
        doc = request.doc
        scenario = load_benchmark(find_data(doc["data_dir"]), doc["split"]).scenarios[doc["scenario_id"]]
        template = self.apply_chat_template if self.tokenizer.chat_template else None
        try:
            return fit_to_window(
                item_messages(scenario, doc["turn_index"]),
                lambda messages: render_prompt(messages, template),
                lambda prompt: len(self._encode(prompt)),
                room,
            )
        except WindowTooSmall as error:
            raise EvaluationError(
                f"{doc['item_id']}: {error}. The model cannot be evaluated on this benchmark."
            ) from None

    def _generate(self, requests: list[Instance], prompts: list[str]) -> list[str]:
        settings = requests[0].args[1]
        if not shared_prefix.supports(self.model):
            return self._generate_plainly(requests, prompts)
        scenarios = [request.doc["scenario_id"] for request in requests]
        item_ids = [request.doc["item_id"] for request in requests]
        return self._generate_shared([self._encode(prompt) for prompt in prompts], scenarios, item_ids, settings)

    def _generate_plainly(self, requests: list[Instance], prompts: list[str]) -> list[str]:
        """By HFLM: greedy replies in one batch, sampled ones each with the generator seeded for its item."""
        known = {name: value for name, value in requests[0].args[1].items() if name != "seed"}
        fitted = [
            replace(request, arguments=(prompt, known)) for request, prompt in zip(requests, prompts, strict=True)
        ]
        if not known.get("do_sample"):
            return super().generate_until(fitted, disable_tqdm=True)
        replies = []
        for request, own in zip(requests, fitted, strict=True):
            torch.manual_seed(item_seed(request.args[1].get("seed", 0), request.doc["item_id"]))
            replies += super().generate_until([own], disable_tqdm=True)
        return replies

    def _generate_shared(
        self, prompts: list[list[int]], scenarios: list[str], item_ids: list[str], settings: dict
    ) -> list[str]:
        """Replies, the prompts of each scenario along one encoded dialogue, all scenarios step by step together."""
        by_scenario: dict[str, list[int]] = {}
        for index, scenario in enumerate(scenarios):
            by_scenario.setdefault(scenario, []).append(index)
        by_tail: dict[int, list[tuple[shared_prefix.Dialogue, list[int]]]] = {}
        for own in by_scenario.values():
            dialogue = shared_prefix.encode(self.model, max((prompts[i] for i in own), key=len))
            for tail, group in shared_prefix.group_by_tail(dialogue, [prompts[i] for i in own]).items():
                by_tail.setdefault(tail, []).append((dialogue, [own[i] for i in group]))
        is_finished = self._end_of_reply(settings["until"])
        replies = [""] * len(prompts)
        for groups in by_tail.values():
            requests = [(dialogue, [prompts[i] for i in group]) for dialogue, group in groups]
            order = [i for _, group in groups for i in group]
            choose = shared_prefix.greedy
            if settings.get("do_sample"):
                seeds = [item_seed(settings.get("seed", 0), item_ids[i]) for i in order]
                choose = Sampler([prompts[i] for i in order], seeds, settings)
            tokens = shared_prefix.decode(self.model, requests, settings["max_gen_toks"], is_finished, choose)
            for index, own_tokens in zip(order, tokens, strict=True):
                text = self.tokenizer.decode(own_tokens, skip_special_tokens=True)
                replies[index] = min((text.split(stop)[0] for stop in settings["until"]), key=len, default=text)
        return replies

    def _end_of_reply(self, stops: list[str]) -> Callable[[list[int]], bool]:
        end_tokens = self.model.generation_config.eos_token_id
        ends = set(end_tokens if isinstance(end_tokens, list) else [end_tokens]) | {self.tokenizer.eos_token_id}
        window = max(map(len, stops), default=0) + 1

        def is_finished(tokens: list[int]) -> bool:
            return tokens[-1] in ends or any(stop in self.tokenizer.decode(tokens[-window:]) for stop in stops)

        return is_finished
