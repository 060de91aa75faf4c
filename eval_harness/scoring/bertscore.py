"""BERTScore F1 (Zhang et al. 2020) by ``bert_score``: roberta-large layer 17, no idf, no rescaling, on its 0–1 scale.

Another encoder is another signature; the two are never ranked together. ``DEESCALWILD_BERTSCORE_MODEL`` names one
(a Hub id or a folder), ``DEESCALWILD_BERTSCORE_LAYER`` its layer.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from eval_harness.errors import EvaluationError, MissingAsset
from eval_harness.scoring.base import SCORING_VERSION, ItemScore, Metric, check_lengths, is_empty

MODEL_VARIABLE = "DEESCALWILD_BERTSCORE_MODEL"
LAYER_VARIABLE = "DEESCALWILD_BERTSCORE_LAYER"
BATCH = 64


@dataclass(frozen=True)
class Encoder:
    """A BERTScore encoder: ``model`` is a Hub id or a local folder, ``layer`` the hidden layer compared."""

    model: str = "roberta-large"
    layer: int = 17

    @classmethod
    def from_environment(cls) -> "Encoder":
        """The encoder that the environment names, roberta-large layer 17 unless it does."""
        model = os.environ.get(MODEL_VARIABLE)
        if not model:
            return cls()
        layer = os.environ.get(LAYER_VARIABLE, "")
        if not layer.isdigit():
            raise EvaluationError(f"{MODEL_VARIABLE} is set, so {LAYER_VARIABLE} must be its layer's number.")
        return cls(model, int(layer))

    @property
    def label(self) -> str:
        """Name in a signature: the Hub id, or the folder's name with a digest of its weights."""
        weights = Path(self.model) / "model.safetensors"
        return f"{Path(self.model).name}@{_sha256(weights)[:8]}" if weights.exists() else self.model


def use_encoder(text: str) -> None:
    """Choose the encoder for this process and its children, from ``MODEL:LAYER``."""
    model, _, layer = text.rpartition(":")
    if not model or not layer.isdigit():
        raise EvaluationError(f"encoder {text!r} is not MODEL:LAYER, for example roberta-large:17.")
    os.environ[MODEL_VARIABLE], os.environ[LAYER_VARIABLE] = model, layer


@lru_cache(maxsize=8)
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=2)
def _load(encoder: Encoder):
    """The scorer of an encoder, loaded once a process."""
    from bert_score import BERTScorer
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()

    try:
        scorer = BERTScorer(
            model_type=encoder.model,
            num_layers=encoder.layer,
            idf=False,
            rescale_with_baseline=False,
            batch_size=64,
            use_fast_tokenizer=True,
        )
    except OSError as error:
        raise MissingAsset(
            f"BERTScore encoder {encoder.model!r} cannot be loaded ({str(error).splitlines()[0]}). "
            f"Go online once, or set {MODEL_VARIABLE} to a local folder."
        ) from None
    if scorer._tokenizer.__class__.__name__.startswith("Roberta"):
        # bert_score asks for a leading space at every call, which transformers 5 silently ignores.
        scorer._tokenizer = AutoTokenizer.from_pretrained(encoder.model, add_prefix_space=True)
    return scorer


def forget_encoders() -> None:
    """Let go of loaded encoders; the next score loads them again."""
    _load.cache_clear()


class BERTScore(Metric):
    """Mean over items of BERTScore F1, 0–1.

    ``bert_score`` encodes; the greedy matching is done pair by pair here, because the library's lets padding match: there a
    token whose best similarity is negative scores 0 instead, so a value would depend on which pairs share a batch.
    """

    name = "bertscore"

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.encoder = encoder or Encoder.from_environment()

    @property
    def signature(self) -> str:
        return (
            f"bertscore|f1|{self.encoder.label}|L{self.encoder.layer}|no-idf|no-rescale|"
            f"bert_score:{version('bert_score')}|{SCORING_VERSION}"
        )

    def score(self, predictions: Sequence[str], references: Sequence[str]) -> list[ItemScore]:
        check_lengths(predictions, references)
        # bert_score 0.3.13 raises on an empty string under transformers 5; such pairs score 0 by our rule anyway.
        pairs = [(p.strip(), r.strip()) for p, r in zip(predictions, references, strict=True)]
        distinct = sorted({pair for pair in pairs if not is_empty(pair[0]) and not is_empty(pair[1])})
        vectors = _embed(_load(self.encoder), sorted({text for pair in distinct for text in pair}))
        values = {(p, r): _greedy_f1(vectors[p], vectors[r]) for p, r in distinct}
        return [ItemScore(value := values.get(pair, 0.0), (value,)) for pair in pairs]


def _embed(scorer, texts: Sequence[str]) -> dict:
    """Unit vectors of each text's tokens, special tokens first and last: text → (tokens, width)."""
    import torch
    from bert_score.utils import bert_encode, sent_encode

    tokens = {text: sent_encode(scorer._tokenizer, text) for text in texts}
    vectors = {}
    ordered = sorted(texts, key=lambda text: len(tokens[text]))
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        lengths = [len(tokens[text]) for text in batch]
        ids = torch.full((len(batch), max(lengths)), scorer._tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(batch):
            ids[row, : lengths[row]] = torch.tensor(tokens[text])
            mask[row, : lengths[row]] = 1
        hidden = bert_encode(scorer._model, ids.to(scorer.device), mask.to(scorer.device), all_layers=False)
        hidden = torch.nn.functional.normalize(hidden.float(), dim=-1).cpu()
        vectors.update({text: hidden[row, : lengths[row]] for row, text in enumerate(batch)})
    return vectors


def _greedy_f1(candidate, reference) -> float:
    """F1 of greedy cosine matching (Zhang et al. 2020, eq. 1–3); special tokens may be matched but do not count."""
    similarity = candidate @ reference.T
    precision = similarity.max(dim=1).values[1:-1].mean().item()
    recall = similarity.max(dim=0).values[1:-1].mean().item()
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
