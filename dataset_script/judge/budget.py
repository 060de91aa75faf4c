"""What a run may spend and what it has spent. For one event loop: nothing here waits or locks."""

from dataclasses import dataclass

from dataset_script.errors import DataError


class BudgetSpent(Exception):
    """The next request could overrun a limit, so it was not sent."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more requests, as the endpoint counted them. ``cached_prompt_tokens`` are among ``prompt_tokens``."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_prompt_tokens + other.cached_prompt_tokens,
        )


@dataclass(frozen=True)
class Prices:
    """Price of a million tokens, in any currency; the same one as ``max_cost``. ``cached``: as ``prompt`` unless given."""

    prompt: float = 0.0
    completion: float = 0.0
    cached: float | None = None

    def cost(self, usage: Usage) -> float:
        """Price of some tokens."""
        cached = self.prompt if self.cached is None else self.cached
        read = usage.prompt_tokens - usage.cached_prompt_tokens
        return (
            read * self.prompt + usage.cached_prompt_tokens * cached + usage.completion_tokens * self.completion
        ) / 1e6


class Budget:
    """Limits of one run, not overrun: the worst case of a request is held back before it is sent.

    Tokens are the endpoint's count. A request whose answer was lost (time-out, broken connection, no OpenAI reply) counts with its worst case, once:
    what an endpoint bills for each of its retries is not known here.

    Args:
        prices: of the model.
        max_requests: HTTP requests, retries included; None for no limit.
        max_cost: in the currency of the prices; None for no limit.

    Raises:
        DataError: a limit on the cost, but no price.
    """

    def __init__(
        self, prices: Prices | None = None, *, max_requests: int | None = None, max_cost: float | None = None
    ) -> None:
        self.prices = prices or Prices()
        if max_cost is not None and not (self.prices.prompt or self.prices.completion):
            raise DataError("a limit on the cost needs prices. Give --price-in and --price-out, per million tokens.")
        self.max_requests = max_requests
        self.max_cost = max_cost
        self.requests = 0
        self.cost = 0.0
        self._held_back = 0.0

    def count_request(self) -> None:
        """Count one HTTP request that is about to be sent.

        Raises:
            BudgetSpent: it would be one too many.
        """
        if self.max_requests is not None and self.requests >= self.max_requests:
            raise BudgetSpent(f"{self.requests} requests of {self.max_requests} are spent")
        self.requests += 1

    def hold_back(self, worst: Usage) -> float:
        """Set the worst case of a request aside; returns the cost to give back to :meth:`settle`.

        Raises:
            BudgetSpent: spent, held back and this worst case together exceed the limit.
        """
        cost = self.prices.cost(worst)
        if self.max_cost is not None and self.cost + self._held_back + cost > self.max_cost:
            raise BudgetSpent(
                f"{self.cost:.4f} of {self.max_cost:.4f} is spent, and the next request may cost {cost:.4f}"
            )
        self._held_back += cost
        return cost

    def settle(self, held: float, spent: float) -> None:
        """Replace what was held back by what the request cost."""
        self._held_back -= held
        self.cost += spent
