"""lm-eval's VLLM with a journal, whole-turn cuts and a seed for each item. Imports vLLM, so it is imported by the engine alone."""

import hashlib
import json
from dataclasses import replace

from lm_eval.api.instance import Instance
from lm_eval.models.vllm_causallms import VLLM

from eval_harness.fitting import FittingLM
from eval_harness.journal import Journal
from eval_harness.progress import Progress
from eval_harness.sampling import item_seed

PORTION = 512
"""Requests between two writes to the journal: enough to keep a GPU full, few enough to lose."""


class ResumableVLLM(FittingLM, VLLM):
    """``fingerprint`` names everything beside prompt and settings that a reply depends on."""

    def __init__(self, *args, journal: Journal, fingerprint: str, progress: Progress, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._journal, self._fingerprint, self._progress = journal, fingerprint, progress
        self.dropped_tokens: dict[str, int] = {}

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Replies in the order of the requests.

        Raises:
            EvaluationError: not even system prompt and last turn fit the model's window.
        """
        keys = [self._key(request) for request in requests]
        todo = [number for number, key in enumerate(keys) if key not in self._journal.replies]
        self._progress(len(keys) - len(todo), len(keys))
        # Copies of the model are started anew for each call, so with several there is one.
        portion = PORTION if self.data_parallel_size == 1 else max(len(todo), 1)
        for start in range(0, len(todo), portion):
            self._answer({keys[number]: requests[number] for number in todo[start : start + portion]})
            self._progress(len(keys) - len(todo) + min(start + portion, len(todo)), len(keys))
        for key, request in zip(keys, requests, strict=True):
            self.dropped_tokens[request.doc["item_id"]] = self._journal.dropped_tokens[key]
        return [self._journal.replies[key] for key in keys]

    def _key(self, request: Instance) -> str:
        content = [self._fingerprint, *request.args, request.doc["item_id"]]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def _answer(self, requests: dict[str, Instance]) -> None:
        fitted = {key: self.fit(request) for key, request in requests.items()}
        asked = [replace(request, arguments=(fitted[key][0], _settings(request))) for key, request in requests.items()]
        replies = VLLM.generate_until(self, asked, disable_tqdm=True)
        dropped = {key: n_tokens for key, (_, n_tokens) in fitted.items()}
        self._journal.add(dict(zip(requests, replies, strict=True)), dropped)


def _settings(request: Instance) -> dict:
    """The request's settings, with a seed of the item's own where it samples."""
    settings = dict(request.args[1])
    seed = settings.pop("seed", 0)
    return settings | ({"seed": item_seed(seed, request.doc["item_id"])} if settings.get("do_sample") else {})
