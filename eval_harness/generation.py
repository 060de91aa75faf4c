"""Generation that keeps what is finished: every batch of replies is on disk before the next begins."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from eval_harness import shared_prefix
from eval_harness.fitting import FittingLM
from eval_harness.journal import Journal
from eval_harness.progress import Progress
from eval_harness.sampling import item_seed
from eval_harness.shared_replies import SharedReplies

Answer = Callable[[list[str]], list[str]]
"""Keys of one batch of requests → their replies."""


class ResumableHFLM(FittingLM, HFLM):
    """lm-eval's HFLM with a journal, a progress report, and a shared prefix along each scenario.

    ``fingerprint`` names everything beside prompt and settings that a reply depends on: model and revision.
    Requests to a supported architecture are answered by :mod:`eval_harness.shared_replies`, all others by HFLM.
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
        prompts, dropped = {}, {}
        for key, request in by_key.items():
            prompts[key], dropped[key] = self.fit(request)
        answer = self._shared(by_key, prompts) if shared_prefix.supports(self.model) else self._plain(by_key, prompts)
        # Batches are those of the whole run, whatever is finished already: a batch's company moves the last bits of its logits.
        todo = [batch for batch in self._batches(by_key) if any(key not in self._journal.replies for key in batch)]
        done = len(by_key) - sum(map(len, todo))
        self._progress(done, len(by_key))
        for batch in todo:
            self._journal.add(dict(zip(batch, answer(batch), strict=True)), {key: dropped[key] for key in batch})
            done += len(batch)
            self._progress(done, len(by_key))
        self.dropped_tokens = {by_key[key].doc["item_id"]: dropped[key] for key in keys}
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

    def encode(self, prompt: str) -> list[int]:
        return self.tok_batch_encode([prompt])[0][0].tolist()

    def _shared(self, requests: dict[str, Instance], prompts: dict[str, str]) -> Answer:
        """By the shared prefixes of each scenario."""
        replies = SharedReplies(
            self.model,
            self.tokenizer,
            {key: self.encode(prompt) for key, prompt in prompts.items()},
            {key: request.doc["scenario_id"] for key, request in requests.items()},
        )

        def answer(batch: list[str]) -> list[str]:
            settings = requests[batch[0]].args[1]
            seeds = [_seed(requests[key]) for key in batch] if settings.get("do_sample") else None
            return replies.reply(batch, settings, seeds)

        return answer

    def _plain(self, requests: dict[str, Instance], prompts: dict[str, str]) -> Answer:
        """By HFLM: greedy replies in one batch, sampled ones each with the generator seeded for its item."""

        def answer(batch: list[str]) -> list[str]:
            settings = {name: value for name, value in requests[batch[0]].args[1].items() if name != "seed"}
            fitted = [replace(requests[key], arguments=(prompts[key], settings)) for key in batch]
            if not settings.get("do_sample"):
                return super(ResumableHFLM, self).generate_until(fitted, disable_tqdm=True)
            replies = []
            for key, request in zip(batch, fitted, strict=True):
                torch.manual_seed(_seed(requests[key]))
                replies += super(ResumableHFLM, self).generate_until([request], disable_tqdm=True)
            return replies

        return answer


def _seed(request: Instance) -> int:
    return item_seed(request.args[1].get("seed", 0), request.doc["item_id"])
