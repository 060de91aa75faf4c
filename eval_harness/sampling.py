"""Sampled replies that anybody gets again: each item has a random generator of its own, seeded by the run's seed and the item's id.

So a reply depends neither on the batch it was decoded in nor on which replies were finished before.
"""

import hashlib
from collections.abc import Sequence

import torch


def item_seed(seed: int, item_id: str) -> int:
    """Seed of one item's generator, below 2⁶³."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{item_id}".encode()).digest()[:8], "big") >> 1


def penalise_repetition(logits: torch.Tensor, seen: Sequence[Sequence[int]], penalty: float) -> torch.Tensor:
    """Logits (B, V) with those of tokens already seen divided by the penalty if positive, else multiplied, as transformers does."""
    penalised = logits.clone()
    for row, tokens in zip(penalised, seen, strict=True):
        index = torch.tensor(sorted(set(tokens)), device=logits.device)
        own = row[index]
        row[index] = torch.where(own > 0, own / penalty, own * penalty)
    return penalised


def draw(logits: torch.Tensor, uniform: torch.Tensor, top_k: int | None, top_p: float) -> torch.Tensor:
    """One token a row from the ``top_k`` likeliest, of these from the smallest set with a probability of at least ``top_p``.

    Args:
        logits: (B, V), the temperature applied.
        uniform: (B,) random numbers of [0, 1), one a row.

    Returns:
        (B,) token ids, by inverting the distribution function over tokens in falling order.
    """
    best, tokens = logits.topk(min(top_k or logits.shape[-1], logits.shape[-1]), dim=-1)
    probabilities = best.double().softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities
    kept = torch.where(before < top_p, probabilities, 0.0).cumsum(dim=-1)
    place = torch.searchsorted(kept, uniform[:, None] * kept[:, -1:], right=True)
    return tokens.gather(1, place.clamp(max=tokens.shape[1] - 1))[:, 0]


class Sampler:
    """Chooses next tokens as transformers' ``generate`` does: repetition penalty, temperature, top-k, top-p, in this order.

    Args:
        prompts: token sequences; the repetition penalty looks at prompt and reply.
        seeds: of each prompt's generator; see :func:`item_seed`.
        settings: ``temperature``, ``top_p``, ``top_k``, ``repetition_penalty``.
    """

    def __init__(self, prompts: Sequence[Sequence[int]], seeds: Sequence[int], settings: dict) -> None:
        self._prompts = prompts
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._temperature = float(settings["temperature"])
        self._penalty = float(settings.get("repetition_penalty") or 1.0)
        self._top_k = int(settings["top_k"]) if settings.get("top_k") else None
        self._top_p = float(settings.get("top_p") or 1.0)

    def __call__(self, logits: torch.Tensor, rows: Sequence[int], replies: Sequence[Sequence[int]]) -> torch.Tensor:
        """Next token of each row.

        Args:
            logits: (B, V) of the rows still going.
            rows: their numbers among all prompts.
            replies: new tokens so far, of all prompts.

        Returns:
            (B,) token ids.
        """
        seen = [[*self._prompts[row], *replies[row]] for row in rows]
        scores = penalise_repetition(logits.float(), seen, self._penalty) / self._temperature
        uniform = torch.stack([torch.rand((), dtype=torch.float64, generator=self._generators[row]) for row in rows])
        return draw(scores, uniform.to(logits.device), self._top_k, self._top_p)
