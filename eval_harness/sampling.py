"""Sampled replies that anybody gets again: each item has a random generator of its own, seeded by the run's seed and the item's id.

So a reply depends neither on the batch it was decoded in nor on which replies were finished before.
"""

import hashlib
from collections.abc import Sequence

import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)


def item_seed(seed: int, item_id: str) -> int:
    """Seed of one item's generator, below 2⁶³."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{item_id}".encode()).digest()[:8], "big") >> 1


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
        self._process = LogitsProcessorList(
            [
                RepetitionPenaltyLogitsProcessor(float(settings.get("repetition_penalty") or 1.0)),
                TemperatureLogitsWarper(float(settings["temperature"])),
                *([TopKLogitsWarper(int(settings["top_k"]))] if settings.get("top_k") else []),
                TopPLogitsWarper(float(settings.get("top_p") or 1.0)),
            ]
        )

    def __call__(self, logits: torch.Tensor, rows: Sequence[int], replies: Sequence[Sequence[int]]) -> torch.Tensor:
        """Next token of each row.

        Args:
            logits: (B, V) of the rows still going.
            rows: their numbers among all prompts.
            replies: new tokens so far, of all prompts.

        Returns:
            (B,) token ids.
        """
        chosen = []
        for own, row in zip(logits.float().cpu(), rows, strict=True):
            seen = torch.tensor([[*self._prompts[row], *replies[row]]])
            probabilities = self._process(seen, own[None]).softmax(dim=-1)
            chosen.append(torch.multinomial(probabilities[0], 1, generator=self._generators[row]))
        return torch.cat(chosen).to(logits.device)
