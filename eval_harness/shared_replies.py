"""Prompts of a whole run → replies in batches, each dialogue encoded once for all batches that need it."""

from collections.abc import Callable, Mapping, Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from eval_harness import shared_prefix
from eval_harness.replies import cut_at_stops
from eval_harness.sampling import Sampler


class SharedReplies:
    """Replies by :mod:`eval_harness.shared_prefix`.

    Which prompt shares which encoding is settled here for the whole run, so that a reply does not depend on what a run before it,
    killed half-way, had finished.

    Args:
        prompts: key → tokens.
        scenarios: key → scenario; only prompts of one scenario share an encoding.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Mapping[str, Sequence[int]],
        scenarios: Mapping[str, str],
    ) -> None:
        self._model, self._tokenizer, self._prompts = model, tokenizer, prompts
        self._leader: dict[str, str] = {}
        by_scenario: dict[str, list[str]] = {}
        for key in prompts:
            by_scenario.setdefault(scenarios[key], []).append(key)
        for own in by_scenario.values():
            leaders = shared_prefix.leaders([prompts[key] for key in own])
            self._leader |= {key: own[leader] for key, leader in zip(own, leaders, strict=True)}
        self._encoded: dict[str, shared_prefix.Dialogue] = {}

    def reply(self, keys: Sequence[str], settings: dict, seeds: Sequence[int] | None) -> list[str]:
        """Replies to one batch of prompts.

        Args:
            settings: lm-eval's ``gen_kwargs``.
            seeds: of each prompt's random generator; None for greedy decoding.
        """
        followers: dict[str, list[int]] = {}
        for index, key in enumerate(keys):
            followers.setdefault(self._leader[key], []).append(index)
        # Batches follow the scenarios, so what the last batch encoded and this one does not need is needed by none.
        self._encoded = {leader: self._encoded.get(leader) or self._encode(leader) for leader in followers}
        is_finished = self._end_of_reply(settings["until"])
        replies = [""] * len(keys)
        for groups in self._by_tail(keys, followers).values():
            order = [index for _, group in groups for index in group]
            requests = [(dialogue, [self._prompts[keys[i]] for i in group]) for dialogue, group in groups]
            choose = shared_prefix.greedy
            if seeds is not None:
                choose = Sampler([self._prompts[keys[i]] for i in order], [seeds[i] for i in order], settings)
            tokens = shared_prefix.decode(self._model, requests, settings["max_gen_toks"], is_finished, choose)
            for index, own in zip(order, tokens, strict=True):
                text = str(self._tokenizer.decode(own, skip_special_tokens=True))
                replies[index] = cut_at_stops(text, settings["until"])
        return replies

    def _encode(self, key: str) -> shared_prefix.Dialogue:
        return shared_prefix.encode(self._model, self._prompts[key])

    def _by_tail(
        self, keys: Sequence[str], followers: Mapping[str, list[int]]
    ) -> dict[int, list[tuple[shared_prefix.Dialogue, list[int]]]]:
        """Number of tokens beyond the dialogue → the dialogues with such prompts, and these: one call of ``decode`` each. Mostly one."""
        found: dict[int, list[tuple[shared_prefix.Dialogue, list[int]]]] = {}
        for leader, own in followers.items():
            dialogue = self._encoded[leader]
            groups = shared_prefix.group_by_tail(dialogue, [self._prompts[keys[i]] for i in own])
            for tail, group in groups.items():
                found.setdefault(tail, []).append((dialogue, [own[i] for i in group]))
        return found

    def _end_of_reply(self, stops: Sequence[str]) -> Callable[[list[int]], bool]:
        end_tokens = self._model.generation_config.eos_token_id
        ends = set(end_tokens if isinstance(end_tokens, list) else [end_tokens]) | {self._tokenizer.eos_token_id}
        window = max(map(len, stops), default=0) + 1

        def is_finished(tokens: list[int]) -> bool:
            return tokens[-1] in ends or any(stop in self._tokenizer.decode(tokens[-window:]) for stop in stops)

        return is_finished
