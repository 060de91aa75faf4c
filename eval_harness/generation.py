"""Generation that keeps what is finished: every batch of replies is on disk before the next begins."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from eval_harness import shared_prefix
from eval_harness.errors import EvaluationError

Progress = Callable[[int, int], None]
"""Called with (finished, total)."""


class Journal:
    """Append-only JSON lines ``{"key", "reply"}``. A line torn by a crash is ignored and generated again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replies: dict[str, str] = {}
        if path.exists():
            lines = path.read_bytes().split(b"\n")
            for line in lines[:-1]:
                try:
                    row = json.loads(line)
                    self.replies[row["key"]] = row["reply"]
                except (ValueError, KeyError, TypeError):
                    continue
            if lines[-1]:  # no line end: torn
                with path.open("ab") as file:
                    file.write(b"\n")

    def add(self, rows: dict[str, str]) -> None:
        """Keep finished replies; they are on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            for key, reply in rows.items():
                file.write(json.dumps({"key": key, "reply": reply}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.replies.update(rows)


class ResumableHFLM(HFLM):
    """lm-eval's HFLM with a journal, a progress report, and a shared prefix along each scenario.

    ``fingerprint`` names everything beside prompt and settings that a reply depends on: model and revision.
    Greedy requests of a supported architecture are decoded by :mod:`eval_harness.shared_prefix`; all others by HFLM.
    """

    def __init__(self, *args, journal: Journal, fingerprint: str, progress: Progress, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._journal, self._fingerprint, self._progress = journal, fingerprint, progress

    def _key(self, request: Instance) -> str:
        prompt, settings = request.args
        content = json.dumps([self._fingerprint, prompt, settings], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Replies in the order of the requests.

        Raises:
            EvaluationError: a prompt does not fit the model's window. It is never cut silently.
        """
        keys = [self._key(request) for request in requests]
        todo = {key: request for key, request in zip(keys, requests, strict=True) if key not in self._journal.replies}
        done = len(set(keys)) - len(todo)
        self._progress(done, len(set(keys)))
        for batch in self._batches(todo):
            self._journal.add(dict(zip(batch, self._generate([todo[key] for key in batch]), strict=True)))
            done += len(batch)
            self._progress(done, len(set(keys)))
        return [self._journal.replies[key] for key in keys]

    def _batches(self, todo: dict[str, Instance]) -> Iterator[list[str]]:
        """Keys of one scenario at a time, longest prompt first, at most ``batch_size`` together."""
        by_scenario: dict[str, list[str]] = {}
        for key in sorted(todo, key=lambda key: -len(todo[key].args[0])):
            by_scenario.setdefault(todo[key].doc["scenario_id"], []).append(key)
        size = int(self.batch_size)
        for own in by_scenario.values():
            for start in range(0, len(own), size):
                yield own[start : start + size]

    def _generate(self, requests: list[Instance]) -> list[str]:
        settings = requests[0].args[1]
        prompts = [self.tok_batch_encode([request.args[0]])[0][0].tolist() for request in requests]
        room = self.max_length - settings["max_gen_toks"]
        if (longest := max(map(len, prompts))) > room:
            raise EvaluationError(
                f"a prompt of {longest} tokens leaves no room for a reply in this model's window of {self.max_length}"
            )
        if settings.get("do_sample") or not shared_prefix.supports(self.model):
            return super().generate_until(requests, disable_tqdm=True)
        return self._generate_shared(prompts, settings)

    def _generate_shared(self, prompts: list[list[int]], settings: dict) -> list[str]:
        end_tokens = self.model.generation_config.eos_token_id
        ends = set(end_tokens if isinstance(end_tokens, list) else [end_tokens]) | {self.tokenizer.eos_token_id}
        stops = settings["until"]
        window = max(map(len, stops)) + 1

        def is_finished(tokens: list[int]) -> bool:
            return tokens[-1] in ends or any(stop in self.tokenizer.decode(tokens[-window:]) for stop in stops)

        shared = max(prompts, key=len)
        cache = shared_prefix.encode_prefix(self.model, shared)
        replies = [""] * len(prompts)
        for group in shared_prefix.group_by_tail(shared, prompts):
            tokens = shared_prefix.decode(
                self.model, cache, shared, [prompts[i] for i in group], settings["max_gen_toks"], is_finished
            )
            for index, own in zip(group, tokens, strict=True):
                text = self.tokenizer.decode(own, skip_special_tokens=True)
                replies[index] = min((text.split(stop)[0] for stop in stops), key=len)
        return replies
