"""Engine ``openai``: any OpenAI-compatible endpoint. Nobody here knows its weights or its machine, and the result says so."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_script.judge.budget import Budget, Prices
from dataset_script.judge.client import Endpoint, api_key_from
from eval_harness.engines import EngineName, Opened, Work
from eval_harness.engines.answers import Answer, Answers, usage_of
from submissions import schema


@dataclass(frozen=True)
class OpenAI:
    """An endpoint and how to use it.

    Args:
        base_url: such as ``https://generativelanguage.googleapis.com/v1beta/openai``.
        served_name: the model as the endpoint calls it.
        api_key_variable: environment variable that holds the key.
        price_in, price_out, price_cached: US dollars for a million tokens; None where unknown.
        max_cost: US dollars that the whole evaluation may cost, earlier runs of it included.
        fields: of every request's body, beside the protocol's.
    """

    base_url: str
    served_name: str
    api_key_variable: str = "OPENAI_API_KEY"
    concurrency: int = 4
    price_in: float | None = None
    price_out: float | None = None
    price_cached: float | None = None
    max_cost: float | None = None
    timeout_s: float = 120.0
    max_retries: int = 5
    fields: Mapping[str, Any] = field(default_factory=dict)

    name = EngineName.openai

    @property
    def host(self) -> str:
        """Host and port, without what a URL may hide."""
        return Endpoint(self.base_url, self.served_name, "none").host

    @property
    def revision(self) -> str:
        """Digest of host and served name: all that pins a model whose weights nobody sees."""
        return hashlib.sha256(f"{self.host}\0{self.served_name}".encode()).hexdigest()[:40]

    @property
    def has_prices(self) -> bool:
        return self.price_in is not None or self.price_out is not None

    def budget(self) -> Budget:
        """Limits of the run.

        Raises:
            DataError: a limit without prices.
        """
        return Budget(Prices(self.price_in or 0.0, self.price_out or 0.0, self.price_cached), max_cost=self.max_cost)

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`; there is no folder.

        Raises:
            EndpointUnavailable: no key.
            DataError: a limit on the cost without prices.
        """
        from eval_harness.engines.served import Manner, ServedLM

        key = api_key_from(self.api_key_variable, self.base_url)
        endpoint = Endpoint(self.base_url, self.served_name, key, self.timeout_s, self.max_retries)
        answers = Answers(work.journal)
        lm = ServedLM(
            endpoint, Manner(self.concurrency, self.fields), self.budget(), answers, self.revision, work.progress
        )
        yield Opened(
            lm,
            device=f"endpoint {self.host}, machine unknown",
            forget=answers.forget,
            versions=lambda: {"endpoint": self.host, "served-model": self.served_name} | _reported(lm.given.values()),
            usage=lambda: usage_of(lm.given.values(), has_prices=self.has_prices),
        )


def _reported(answers: Iterable[Answer]) -> dict[str, str]:
    """Who the endpoint says has answered: a name that stands for another today may be spelt out there."""
    names = sorted({answer.model for answer in answers if answer.model})
    return {"reported-model": " or ".join(names)[:300]} if names else {}
