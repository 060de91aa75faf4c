"""Greedy decoding of many continuations of one dialogue, with a single copy of the dialogue's keys and values.

Teacher forcing makes the items of a scenario prefixes of each other: item i's prompt is the first L_i tokens of the last
item's. So the longest prompt is encoded once, and all items are decoded together, each row seeing its own L_i tokens of the
shared prefix. Against one prompt at a time this encodes each token once instead of once per item, and against
a padded batch it neither copies nor re-reads a row's own copy of the history at every step.

In float32 the replies equal ``generate``'s (tested); in lower precision the order of sums differs, as it does between batch sizes.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from transformers import AttentionInterface, DynamicCache, PreTrainedModel

NAME = "deescalwild_shared_prefix"
SUPPORTED = frozenset({"llama", "qwen2", "qwen3", "granite"})
"""Architectures whose attention is plain: causal, no sliding window, no soft cap. Others take the usual path."""


@dataclass
class _Prefix:
    """Keys and values of the shared tokens by layer, (H, L, D) each, and how many of them each row sees, (B,)."""

    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    lengths: torch.Tensor


_active: _Prefix | None = None


def _attention(module, query, key, value, attention_mask, scaling=None, **_):
    """Attention over the shared prefix and each row's own tokens.

    Args:
        query: (B, H·G, T, D) for H key heads in G groups and T new tokens a row (1 while decoding).
        key, value: (B, H, S, D) a row's own tokens so far, the new ones included.

    Returns:
        (B, T, H·G, D), None
    """
    batch, heads, new, width = query.shape
    own = key.shape[2]
    shared_keys, shared_values = _active.keys[module.layer_idx], _active.values[module.layer_idx]
    key_heads, shared, _ = shared_keys.shape
    groups = heads // key_heads
    scale = width**-0.5 if scaling is None else scaling
    grouped = (query * scale).reshape(batch, key_heads, groups * new, width)

    by_head = grouped.transpose(0, 1).reshape(key_heads, batch * groups * new, width)
    over_shared = (
        (by_head @ shared_keys.transpose(1, 2)).reshape(key_heads, batch, groups * new, shared).transpose(0, 1)
    )
    hidden = torch.arange(shared, device=query.device)[None, :] >= _active.lengths[:, None]
    over_shared = over_shared.masked_fill(hidden[:, None, None, :], float("-inf"))

    over_own = (grouped @ key.transpose(2, 3)).reshape(batch, key_heads, groups, new, own)
    later = torch.ones(new, own, dtype=torch.bool, device=query.device).triu(own - new + 1)
    over_own = over_own.masked_fill(later, float("-inf")).reshape(batch, key_heads, groups * new, own)

    weights = torch.cat([over_shared, over_own], dim=-1).softmax(dim=-1, dtype=torch.float32).to(query.dtype)
    from_shared = weights[..., :shared].transpose(0, 1).reshape(key_heads, batch * groups * new, shared) @ shared_values
    mixed = from_shared.reshape(key_heads, batch, groups * new, width).transpose(0, 1) + weights[..., shared:] @ value
    return mixed.reshape(batch, heads, new, width).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, _attention)


@contextmanager
def _attending(model: PreTrainedModel, prefix: _Prefix):
    global _active
    before = model.config._attn_implementation
    _active = prefix
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
        _active = None


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
def encode_prefix(model: PreTrainedModel, tokens: Sequence[int]) -> DynamicCache:
    """Keys and values of the longest prompt, encoded once. ``tokens``: at least one."""
    cache = DynamicCache(config=model.config)
    ids = torch.tensor([tokens], device=model.device)
    model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    cache: DynamicCache,
    shared: Sequence[int],
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    is_finished: Callable[[list[int]], bool],
) -> list[list[int]]:
    """Greedy continuations of prompts that begin like ``shared``.

    Args:
        cache: of ``shared``, from :func:`encode_prefix`.
        prompts: B token sequences; the longer their common beginning with ``shared``, the cheaper.
        is_finished: whether a row's new tokens end its reply (an end token, a stop string).

    Returns:
        new tokens of each row, the one that finished it included.
    """
    seen = [min(common_prefix(shared, prompt), len(prompt) - 1) for prompt in prompts]
    longest = max(seen)
    lengths = torch.tensor(seen, device=model.device)
    prefix = _Prefix(
        [layer.keys[0, :, :longest].contiguous() for layer in cache.layers],
        [layer.values[0, :, :longest].contiguous() for layer in cache.layers],
        lengths,
    )
    rows = list(range(len(prompts)))
    replies: list[list[int]] = [[] for _ in rows]
    own = DynamicCache(config=model.config)
    rest = [list(prompt[known:]) for prompt, known in zip(prompts, seen, strict=True)]
    if len({len(tail) for tail in rest}) > 1:
        raise ValueError("prompts of one call must have tails of one length; see group_by_tail")
    ids = torch.tensor(rest, device=model.device)
    position = lengths[:, None] + torch.arange(ids.shape[1], device=model.device)
    with _attending(model, prefix):
        for _ in range(max_new_tokens):
            logits = model(
                input_ids=ids, position_ids=position, past_key_values=own, use_cache=True, logits_to_keep=1
            ).logits
            chosen = logits[:, -1].argmax(dim=-1)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                replies[row].append(token)
            going = [i for i, row in enumerate(rows) if not is_finished(replies[row])]
            if not going:
                break
            ids, position = chosen[:, None], position[:, -1:] + 1
            if len(going) < len(rows):
                kept = torch.tensor(going, device=model.device)
                rows = [rows[i] for i in going]
                ids, position, prefix.lengths = ids[kept], position[kept], prefix.lengths[kept]
                own.batch_select_indices(kept)
    return replies


def group_by_tail(shared: Sequence[int], prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    """Indices of prompts that may be decoded in one call: equally many tokens beyond the shared beginning."""
    groups: dict[int, list[int]] = {}
    for index, prompt in enumerate(prompts):
        tail = len(prompt) - min(common_prefix(shared, prompt), len(prompt) - 1)
        groups.setdefault(tail, []).append(index)
    return list(groups.values())
