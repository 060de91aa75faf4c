"""The ``chat`` config of a built dataset → training and validation sequences. The test split is never opened."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset_script.dialogue import Message
from dataset_script.manifest import Manifest, read_manifest
from finetune.errors import RecipeError
from finetune.masking import Example, encode, windows
from finetune.recipe import Data

KNOWN_DIGESTS = Path(__file__).with_name("known_digests.json")
"""Digest → what that build is. ``--any-dataset`` or a recipe's own digest lets another one in."""


@dataclass(frozen=True)
class Corpus:
    """Sequences to learn from and to stop by. ``manifest``: the build they come from."""

    manifest: Manifest
    train: list[Example]
    validation: list[Example]


def check_dataset(folder: Path, wanted: str | None, *, any_dataset: bool = False) -> Manifest:
    """The manifest of a built folder that may be trained on.

    Raises:
        RecipeError: no built dataset, another one than the recipe wants, or one that nobody knows.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise RecipeError(f"{folder} is not a built dataset. Run `deescalwild data build`, or give one with --data.")
    known = json.loads(KNOWN_DIGESTS.read_text("utf-8"))
    if any_dataset or manifest.digest == wanted:
        return manifest
    if wanted is not None:
        raise RecipeError(
            f"{folder} has digest {manifest.digest[:12]}…, the recipe wants {wanted[:12]}…. Build that version, or use --any-dataset."
        )
    if manifest.digest not in known:
        raise RecipeError(
            f"{folder} has digest {manifest.digest[:12]}…, which is no published build: a model trained on it may have seen test "
            "scenarios of another. Use --any-dataset if you know what it is."
        )
    return manifest


def conversations(folder: Path, split: str) -> list[list[Message]]:
    """The messages of each scenario of one split; only that split's files are read."""
    import pyarrow.parquet as pq

    found = []
    for path in sorted((folder / "chat").glob(f"{split}-*.parquet")):
        found += [row["messages"] for row in pq.read_table(path, columns=["messages"]).to_pylist()]
    return found


def examples(messages: Sequence[Sequence[Message]], tokenizer, data: Data) -> Iterator[Example]:
    """Sequences of at most ``data.max_length`` tokens with something to learn in each.

    Raises:
        RecipeError: see :func:`finetune.masking.learnt_spans`.
    """

    def count(part: Sequence[Message]) -> int:
        # Not rendered: exact lengths come from encoding; this only places the cuts, and a few tokens a turn are the template's.
        return sum(
            len(ids) for ids in tokenizer([m["content"] for m in part], add_special_tokens=False)["input_ids"]
        ) + _FRAME * len(part)

    for conversation in messages:
        parts: Iterable[tuple[list[Message], list[bool] | None]] = [(list(conversation), None)]
        if data.long_scenarios == "split":
            parts = windows(conversation, count, data.max_length, data.overlap)
        for part, learnt in parts:
            whole = encode(part, tokenizer, learnt)
            example = Example(whole.input_ids[: data.max_length], whole.labels[: data.max_length])
            if example.n_learnt:
                yield example


_FRAME = 8
"""Most tokens that the families' templates write around one message."""


def load_corpus(folder: Path, tokenizer, data: Data, *, any_dataset: bool = False) -> Corpus:
    """Both splits, encoded.

    Raises:
        RecipeError: see :func:`check_dataset`; or nothing to learn from.
    """
    manifest = check_dataset(folder, data.digest, any_dataset=any_dataset)
    train, validation = (
        list(examples(conversations(folder, split), tokenizer, data)) for split in ("train", "validation")
    )
    if not train or not validation:
        raise RecipeError(
            f"{folder}: the chat config's train or validation split holds nothing to learn from. Build it again."
        )
    return Corpus(manifest, train, _spread(validation, data.validation_sequences))


def _spread(sequences: list[Example], most: int | None) -> list[Example]:
    """At most ``most`` of them, evenly spaced."""
    if most is None or len(sequences) <= most:
        return sequences
    return [sequences[len(sequences) * place // most] for place in range(most)]
