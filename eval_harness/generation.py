"""Generation that keeps what is finished: every batch of replies is on disk before the next begins."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from dataset_script.dialogue import item_messages
from eval_harness import shared_prefix
from eval_harness.benchmark import find_data, load_benchmark
from eval_harness.errors import EvaluationError
from eval_harness.prompt import WindowTooSmall, fit_to_window, render_prompt

Progress = Callable[[int, int], None]
"""Called with (finished, total)."""


class Journal:
    """Append-only JSON lines ``{"key", "reply", "dropped_tokens"}``. A line torn by a crash is ignored and generated again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.replies: dict[str, str] = {}
        self.dropped_tokens: dict[str, int] = {}
        if path.exists():
            lines = path.read_bytes().split(b"\n")
            for line in lines[:-1]:
                try:
                    row = json.loads(line)
                    self.replies[row["key"]] = row["reply"]
                    self.dropped_tokens[row["key"]] = row["dropped_tokens"]
                except (ValueError, KeyError, TypeError):
                    continue
            if lines[-1]:  # no line end: torn
                with path.open("ab") as file:
                    file.write(b"\n")

    def add(self, rows: dict[str, str], dropped_tokens: Mapping[str, int] | None = None) -> None:
        """Keep finished replies, and how much of each history a small window cost; on disk when this returns."""
        dropped = {key: (dropped_tokens or {}).get(key, 0) for key in rows}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            for key, reply in rows.items():
                row = {"key": key, "reply": reply, "dropped_tokens": dropped[key]}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.replies.update(rows)
        self.dropped_tokens.update(dropped)


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

        ``dropped_tokens`` then tells, by item id, what a window smaller than the history has cost.

        Raises:
            EvaluationError: not even system prompt and last turn fit the model's window.
        """
        keys = [self._key(request) for request in requests]
        todo = {key: request for key, request in zip(keys, requests, strict=True) if key not in self._journal.replies}
        done = len(set(keys)) - len(todo)
        self._progress(done, len(set(keys)))
        for batch in self._batches(todo):
            own = [todo[key] for key in batch]
            prompts, dropped = zip(*map(self._fit, own), strict=True)
            replies = self._generate(own, list(prompts))
            self._journal.add(dict(zip(batch, replies, strict=True)), dict(zip(batch, dropped, strict=True)))
            done += len(batch)
            self._progress(done, len(set(keys)))
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
        """The prompt of a request, cut to the window at whole turns, and how many tokens the cut cost."""
        prompt, settings = request.args
        room = self.max_length - settings["max_gen_toks"]
        return (prompt, 0) if len(self._encode(prompt)) <= room else self._cut(request, room)

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
        if settings.get("do_sample") or not shared_prefix.supports(self.model):
            pairs = zip(requests, prompts, strict=True)
            fitted = [replace(request, arguments=(prompt, settings)) for request, prompt in pairs]
            return super().generate_until(fitted, disable_tqdm=True)
        scenarios = [request.doc["scenario_id"] for request in requests]
        return self._generate_shared([self._encode(prompt) for prompt in prompts], scenarios, settings)

    def _generate_shared(self, prompts: list[list[int]], scenarios: list[str], settings: dict) -> list[str]:
        """Greedy replies, the prompts of each scenario along one encoded dialogue, all scenarios step by step together."""
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
            tokens = shared_prefix.decode(self.model, requests, settings["max_gen_toks"], is_finished)
            for index, own_tokens in zip((i for _, group in groups for i in group), tokens, strict=True):
                text = self.tokenizer.decode(own_tokens, skip_special_tokens=True)
                replies[index] = min((text.split(stop)[0] for stop in settings["until"]), key=len)
        return replies

    def _end_of_reply(self, stops: list[str]) -> Callable[[list[int]], bool]:
        end_tokens = self.model.generation_config.eos_token_id
        ends = set(end_tokens if isinstance(end_tokens, list) else [end_tokens]) | {self.tokenizer.eos_token_id}
        window = max(map(len, stops)) + 1

        def is_finished(tokens: list[int]) -> bool:
            return tokens[-1] in ends or any(stop in self.tokenizer.decode(tokens[-window:]) for stop in stops)

        return is_finished
