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


class BERTScore(Metric):
    """Mean over items of BERTScore F1, 0–1."""

    name = "bertscore"
    scale = 1.0

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
        pairs = [
            (prediction.strip(), reference.strip())
            for prediction, reference in zip(predictions, references, strict=True)
        ]
        distinct = sorted({pair for pair in pairs if not is_empty(pair[0]) and not is_empty(pair[1])})
        values: dict[tuple[str, str], float] = {}
        if distinct:
            cands, refs = zip(*distinct, strict=True)
            _, _, f1 = _load(self.encoder).score(list(cands), list(refs))
            values = dict(zip(distinct, f1.tolist(), strict=True))
        return [ItemScore(value := values.get(pair, 0.0), (value,)) for pair in pairs]
