"""Decoding of many continuations of a few dialogues, with a single copy of each dialogue's keys and values.

Teacher forcing makes the items of a scenario prefixes of each other: item i's prompt is the first L_i tokens of the last
item's. So the longest prompt is encoded once, and all items are decoded together, each row seeing its own L_i tokens of the
shared prefix; rows of several scenarios share each step, because on a CPU a step's cost is reading the weights. Against one prompt at
a time this encodes each token once instead of once per item, and against a padded batch it neither copies nor re-reads a
row's own copy of the history at every step.

In float32 the replies equal ``generate``'s (tested); in lower precision the order of sums differs, as it does between batch sizes.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AttentionInterface, DynamicCache, PreTrainedModel

NAME = "deescalwild_shared_prefix"
SUPPORTED = frozenset({"llama", "qwen2", "qwen3", "granite"})
"""Architectures whose attention is plain: causal, no sliding window, no soft cap. Others take the usual path."""

MAX_TAIL = 64
"""Tokens that a prompt may have beyond a dialogue and share it: enough for a chat template's last lines."""


@dataclass(frozen=True)
class Dialogue:
    """An encoded prompt: its tokens, and keys and values by layer, (H, L, D) each."""

    tokens: tuple[int, ...]
    keys: tuple[torch.Tensor, ...]
    values: tuple[torch.Tensor, ...]


@dataclass
class _Block:
    """Consecutive rows of one dialogue: how many of its tokens each sees, (B,)."""

    dialogue: Dialogue
    lengths: torch.Tensor


_active: list[_Block] = []


def _attend(block: _Block, layer: int, query, key, value, scale: float):
    """Attention of one block's rows over their dialogue and their own tokens; shapes as in :func:`_attention`."""
    batch, heads, new, width = query.shape
    own = key.shape[2]
    shared_keys, shared_values = block.dialogue.keys[layer], block.dialogue.values[layer]
    key_heads, shared, _ = shared_keys.shape
    groups = heads // key_heads
    grouped = (query * scale).reshape(batch, key_heads, groups * new, width)

    by_head = grouped.transpose(0, 1).reshape(key_heads, batch * groups * new, width)
    over_shared = (
        (by_head @ shared_keys.transpose(1, 2)).reshape(key_heads, batch, groups * new, shared).transpose(0, 1)
    )
    hidden = torch.arange(shared, device=query.device)[None, :] >= block.lengths[:, None]
    over_shared = over_shared.masked_fill(hidden[:, None, None, :], float("-inf"))

    over_own = (grouped @ key.transpose(2, 3)).reshape(batch, key_heads, groups, new, own)
    later = torch.ones(new, own, dtype=torch.bool, device=query.device).triu(own - new + 1)
    over_own = over_own.masked_fill(later, float("-inf")).reshape(batch, key_heads, groups * new, own)

    weights = torch.cat([over_shared, over_own], dim=-1).softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    from_shared = weights[..., :shared].transpose(0, 1).reshape(key_heads, batch * groups * new, shared) @ shared_values
    mixed = from_shared.reshape(key_heads, batch, groups * new, width).transpose(0, 1) + weights[..., shared:] @ value
    return mixed.reshape(batch, heads, new, width)


def _attention(module, query, key, value, attention_mask, scaling=None, **_):
    """Attention over each row's shared dialogue and its own tokens.

    Args:
        query: (B, H·G, T, D) for H key heads in G groups and T new tokens a row (1 while decoding).
        key, value: (B, H, S, D) a row's own tokens so far, the new ones included.

    Returns:
        (B, T, H·G, D), None
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    sizes = [len(block.lengths) for block in _active]
    rows = zip(_active, query.split(sizes), key.split(sizes), value.split(sizes), strict=True)
    mixed = [_attend(block, module.layer_idx, q, k, v, scale) for block, q, k, v in rows]
    return torch.cat(mixed).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, _attention)


@contextmanager
def _attending(model: PreTrainedModel, blocks: list[_Block]):
    global _active
    before = model.config._attn_implementation
    _active = blocks
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
        _active = []


def supports(model: PreTrainedModel) -> bool:
    """Whether this model's replies can be decoded here with ``generate``'s own result.

    False for other attention patterns, and where the model's generation config changes greedy scores (a repetition penalty, say).
    """
    config, generation = model.config, model.generation_config
    plain_attention = config.model_type in SUPPORTED and not getattr(config, "use_sliding_window", False)
    changes_scores = (
        (generation.repetition_penalty or 1.0) != 1.0
        or generation.no_repeat_ngram_size
        or generation.suppress_tokens
        or generation.bad_words_ids
        or generation.min_new_tokens
        or generation.min_length
        or generation.forced_eos_token_id is not None
        or generation.forced_bos_token_id is not None
    )
    return plain_attention and not changes_scores


def common_prefix(first: Sequence[int], second: Sequence[int]) -> int:
    """Number of leading tokens that two sequences share."""
    for index, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return index
    return min(len(first), len(second))


@torch.inference_mode()
def encode(model: PreTrainedModel, tokens: Sequence[int]) -> Dialogue:
    """Encode a dialogue's longest prompt, once. ``tokens``: at least one."""
    cache = DynamicCache(config=model.config)
    ids = torch.tensor([list(tokens)], device=model.device)
    model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    layers: list[Any] = cache.layers
    keys = tuple(layer.keys[0].contiguous() for layer in layers)
    values = tuple(layer.values[0].contiguous() for layer in layers)
    return Dialogue(tuple(tokens), keys, values)


def _seen(dialogue: Dialogue, prompt: Sequence[int]) -> int:
    """Tokens of a prompt that its dialogue holds; the last token is always encoded anew, for its logits."""
    return min(common_prefix(dialogue.tokens, prompt), len(prompt) - 1)


def _block(dialogue: Dialogue, prompts: Sequence[Sequence[int]], device: torch.device) -> _Block:
    lengths = [_seen(dialogue, prompt) for prompt in prompts]
    longest = max(lengths)
    keys = tuple(layer[:, :longest].contiguous() for layer in dialogue.keys)
    values = tuple(layer[:, :longest].contiguous() for layer in dialogue.values)
    return _Block(Dialogue(dialogue.tokens, keys, values), torch.tensor(lengths, device=device))


def _keep(blocks: list[_Block], rows: Sequence[int], device: torch.device) -> None:
    """Drop the rows of finished replies from their blocks, in place."""
    start = 0
    for block in blocks:
        stop = start + len(block.lengths)
        kept = [row - start for row in rows if start <= row < stop]
        block.lengths = block.lengths[torch.tensor(kept, dtype=torch.long, device=device)]
        start = stop


Choose = Callable[[torch.Tensor, Sequence[int], Sequence[Sequence[int]]], torch.Tensor]
"""(B, V) logits of the rows still going, their numbers among all prompts, all replies so far → (B,) next tokens."""


def greedy(logits: torch.Tensor, rows: Sequence[int], replies: Sequence[Sequence[int]]) -> torch.Tensor:
    """The most probable token of each row."""
    return logits.argmax(dim=-1)


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    requests: Sequence[tuple[Dialogue, Sequence[Sequence[int]]]],
    max_new_tokens: int,
    is_finished: Callable[[list[int]], bool],
    choose: Choose = greedy,
) -> list[list[int]]:
    """Continuations of prompts that begin like their dialogues.

    Args:
        requests: dialogues, each with its prompts (token sequences). All prompts have equally many tokens beyond what
            their dialogue holds; see :func:`group_by_tail`.
        is_finished: whether a row's new tokens end its reply (an end token, a stop string).
        choose: next tokens from logits; greedy unless given.

    Returns:
        new tokens of each prompt, in the order of the requests, the one that finished it included.
    """
    blocks = [_block(dialogue, prompts, model.device) for dialogue, prompts in requests]
    rest = [list(prompt[_seen(dialogue, prompt) :]) for dialogue, prompts in requests for prompt in prompts]
    if len({len(tail) for tail in rest}) > 1:
        raise ValueError("prompts of one call must have tails of one length; see group_by_tail")
    rows = list(range(len(rest)))
    replies: list[list[int]] = [[] for _ in rows]
    own = DynamicCache(config=model.config)
    ids = torch.tensor(rest, device=model.device)
    lengths = torch.cat([block.lengths for block in blocks])
    position = lengths[:, None] + torch.arange(ids.shape[1], device=model.device)
    with _attending(model, blocks):
        for _ in range(max_new_tokens):
            logits = model(
                input_ids=ids, position_ids=position, past_key_values=own, use_cache=True, logits_to_keep=1
            ).logits
            chosen = choose(logits[:, -1], rows, replies)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                replies[row].append(token)
            going = [i for i, row in enumerate(rows) if not is_finished(replies[row])]
            if not going:
                break
            ids, position = chosen[:, None], position[:, -1:] + 1
            if len(going) < len(rows):
                kept = torch.tensor(going, device=model.device)
                rows = [rows[i] for i in going]
                ids, position = ids[kept], position[kept]
                _keep(blocks, going, model.device)
                own.batch_select_indices(kept)
    return replies


def leaders(prompts: Sequence[Sequence[int]]) -> list[int]:
    """For each prompt the index of the prompt whose encoding it shares: a longer one that it continues by at most MAX_TAIL tokens, else itself.

    Prompts of a scenario mostly share one. Where the history is cut to its budget, each begins at another turn and leads itself.
    """
    found = list(range(len(prompts)))
    leading: list[int] = []
    for index in sorted(found, key=lambda i: -len(prompts[i])):
        own = prompts[index]
        leader = next((i for i in leading if len(own) - common_prefix(prompts[i], own) <= MAX_TAIL), None)
        if leader is None:
            leading.append(index)
        else:
            found[index] = leader
    return found


def group_by_tail(dialogue: Dialogue, prompts: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    """Number of tokens beyond the dialogue → indices of the prompts with that many, which may be decoded in one call."""
    groups: dict[int, list[int]] = {}
    for index, prompt in enumerate(prompts):
        groups.setdefault(len(prompt) - _seen(dialogue, prompt), []).append(index)
    return groups
