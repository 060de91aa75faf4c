"""A model behind an OpenAI-compatible endpoint as lm-eval sees it: its chat messages, our transport, every answer kept on disk."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.openai_completions import LocalChatCompletion

from dataset_script.judge.budget import Budget
from dataset_script.judge.client import ChatClient, Decoding, Endpoint
from eval_harness.engines.answers import Answer, Answers
from eval_harness.engines.asking import Answered, Question, ask_all
from eval_harness.errors import EvaluationError
from eval_harness.replies import cut_at_stops
from eval_harness.sampling import item_seed

THOUGHTS = "<think></think>"
"""Stands for thoughts that an endpoint sent apart from the reply: they are counted as those within it are."""


@dataclass(frozen=True)
class Manner:
    """How questions are put. ``fields``: of every request's body, such as ``reasoning_effort``; ``renamed``: lm-eval's names → the server's."""

    concurrency: int = 4
    fields: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)


def ignores_limit(text: str, reply: str, completion_tokens: int | None, limit: int) -> bool:
    """Whether a reply is longer than it may be. A text beyond the limit whose first line is within it is as good as any other."""
    if not completion_tokens or completion_tokens <= limit or not text:
        return False
    return completion_tokens * len(reply) / len(text) > limit


class ServedLM(LocalChatCompletion):
    """lm-eval's chat endpoint, asked by :class:`ChatClient`: back-off, budget, dialects, several at a time.

    Args:
        fingerprint: names everything beside prompt and settings that a reply depends on: host and model.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        manner: Manner,
        budget: Budget,
        answers: Answers,
        fingerprint: str,
        progress: Callable[[int, int], None],
    ) -> None:
        super().__init__(base_url=endpoint.base_url, model=endpoint.model, num_concurrent=manner.concurrency)
        self._endpoint, self._manner, self._budget = endpoint, manner, budget
        self._answers, self._fingerprint, self._progress = answers, fingerprint, progress
        self._budget.settle(0.0, answers.cost)
        self.dropped_tokens: dict[str, int] = {}
        self.given: dict[str, Answer] = {}
        """Answers of this evaluation by key, finished earlier or now."""

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Replies in the order of the requests.

        Raises:
            EvaluationError, EndpointUnavailable: see :func:`eval_harness.engines.asking.ask_all`. What was answered is kept.
        """
        questions = [self._question(request) for request in requests]
        scenarios: dict[str, list[Question]] = {}
        for request, question in zip(requests, questions, strict=True):
            if question.key not in self._answers:
                scenarios.setdefault(request.doc["scenario_id"], []).append(question)
        self._done, self._total = len(questions) - sum(map(len, scenarios.values())), len(questions)
        self._progress(self._done, self._total)
        if scenarios:
            client = ChatClient(self._endpoint, budget=self._budget)
            ask_all(client, list(scenarios.values()), self._manner.concurrency, self._keep)
        own = [self._answers[question.key] for question in questions]
        self.given |= {answer.key: answer for answer in own}
        for question, answer in zip(questions, own, strict=True):
            self.dropped_tokens[question.item_id] = answer.dropped_tokens
        return [answer.reply for answer in own]

    def _question(self, request: Instance) -> Question:
        prompt, settings = request.args
        content = json.dumps(
            [self._fingerprint, self._manner.fields, prompt.prompt, settings, request.doc["item_id"]], sort_keys=True
        )
        sampling = ("top_p", "top_k", "repetition_penalty") if settings.get("do_sample") else ()
        names = {name: self._manner.renamed.get(name, name) for name in sampling if settings.get(name)}
        return Question(
            hashlib.sha256(content.encode()).hexdigest(),
            request.doc["item_id"],
            tuple(json.loads(prompt.prompt)),
            Decoding(
                float(settings.get("temperature") or 0.0),
                int(settings["max_gen_toks"]),
                item_seed(settings.get("seed", 0), request.doc["item_id"]) >> 32,  # servers take 31 bits
            ),
            {
                **({"stop": settings["until"]} if settings["until"] else {}),
                **{own: settings[name] for name, own in names.items()},
                **self._manner.fields,
            },
        )

    def _keep(self, answered: Answered) -> None:
        """Write an answer down as every engine's reply is: cut at the stop strings.

        Raises:
            EvaluationError: the endpoint ignores the limit of new tokens.
        """
        question, found = answered.question, answered.completion
        text = cut_at_stops(found.text, list(question.fields.get("stop", [])))
        usage = found.usage
        written = usage.completion_tokens if usage and not found.has_thoughts else None
        if ignores_limit(found.text, text, written, question.decoding.max_tokens):
            raise EvaluationError(
                f"{question.item_id}: {self._endpoint.host} wrote {written} tokens where {question.decoding.max_tokens} were allowed, so its "
                "replies follow other rules than the board's. Use an endpoint that takes max_tokens."
            )
        per_character = usage.prompt_tokens / answered.sent_characters if usage else 0.25
        self._answers.add(
            Answer(
                key=question.key,
                reply=THOUGHTS + text if found.has_thoughts else text,
                dropped_tokens=round(answered.dropped_characters * per_character),
                prompt_tokens=usage.prompt_tokens if usage else None,
                cached_prompt_tokens=usage.cached_prompt_tokens if usage else 0,
                completion_tokens=usage.completion_tokens if usage else None,
                n_requests=found.requests,
                cost=found.cost,
                model=found.model,
            )
        )
        self._done += 1
        self._progress(self._done, self._total)
