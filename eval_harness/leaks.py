"""What a held-out split shares with train: events, near-duplicate transcripts, and exchanges word for word. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataset_script.dialogue import Item, plain
from dataset_script.duplicates import Link, comparable_text, near_duplicates
from eval_harness.benchmark import Benchmark

SAID_BY_EVERYBODY_WORDS = 3
"""References of at most so many words ("Yes, sir.") are no leak."""


@dataclass(frozen=True)
class Leaks:
    """``incidents``: in both splits. ``duplicates``: a scenario of each split that share their words (``dataset_script/duplicates.py``).

    ``exchanges``: officer's line and longer reference that stand in train as well. ``references_share``: of longer references, 0–1, that stand
    in train as anybody's reply: people repeat themselves, so this one is not zero.
    """

    incidents: tuple[str, ...]
    duplicates: tuple[Link, ...]
    exchanges: tuple[str, ...]
    references_share: float

    @property
    def found(self) -> bool:
        """Whether there is one: shared replies alone are none."""
        return bool(self.incidents or self.duplicates or self.exchanges)


def find_leaks(train: Benchmark, held_out: Benchmark) -> Leaks:
    """Compare two splits of one dataset; ``held_out`` by its ranked items, in item order."""
    longer = [item for item in held_out.items if item.subset == "clean" and _is_longer(item)]
    exchanges = {_exchange(item) for item in train.items}
    replies = {reply for _, reply in exchanges}
    return Leaks(
        incidents=tuple(sorted(_incidents(train) & _incidents(held_out))),
        duplicates=tuple(_across(train, held_out)),
        exchanges=tuple(item.item_id for item in longer if _exchange(item) in exchanges),
        references_share=sum(plain(item.reference) in replies for item in longer) / max(len(longer), 1),
    )


def _is_longer(item: Item) -> bool:
    return len(item.reference.split()) > SAID_BY_EVERYBODY_WORDS


def _exchange(item: Item) -> tuple[str, str]:
    return plain(item.officer_text), plain(item.reference)


def _incidents(split: Benchmark) -> set[str]:
    return {scenario.incident_id for scenario in split.scenarios.values()}


def _across(train: Benchmark, held_out: Benchmark) -> Sequence[Link]:
    texts = {
        name: comparable_text(turn.text for turn in scenario.turns)
        for split in (train, held_out)
        for name, scenario in split.scenarios.items()
    }
    return [
        link for link in near_duplicates(texts) if (link.first in train.scenarios) != (link.second in train.scenarios)
    ]
