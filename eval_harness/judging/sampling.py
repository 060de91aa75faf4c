"""Which items are judged, in which order, and which reply is shown first. Pure, seeded, and stable: a larger sample contains a smaller one."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Drawn:
    """An item that is judged. ``model_first``: the model's reply is shown before the person's."""

    item_id: str
    scenario_id: str
    model_first: bool


def _uniform(seed: int, name: str) -> float:
    """A number in [0, 1) that looks random and is always the same."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:6]) / 2**48


def draw(items: Sequence[tuple[str, str]], n: int | None, seed: int) -> list[Drawn]:
    """A stratified sample in the order in which it grows.

    The k-th item of a scenario with m items, in shuffled order, stands at (k + u) / m, where u is the scenario's own random number; the
    first n of all items are drawn. So every item is as likely as any other, and each scenario has its share of the sample to within one.
    Within a scenario the model is shown first and second in turn, and scenarios begin in turn as they come into the sample.

    Args:
        items: (item id, scenario id), each item once.
        n: how many to draw; all for None.
        seed: of the random numbers.
    """
    by_scenario: dict[str, list[str]] = defaultdict(list)
    for item_id, scenario_id in items:
        by_scenario[scenario_id].append(item_id)
    places = [
        ((number + _uniform(seed, scenario_id)) / len(own), scenario_id, number, item_id)
        for scenario_id, own in by_scenario.items()
        for number, item_id in enumerate(sorted(own, key=lambda item_id: (_uniform(seed, item_id), item_id)))
    ]
    began: dict[str, int] = {}
    drawn = []
    for _, scenario_id, number, item_id in sorted(places)[:n]:
        turn = began.setdefault(scenario_id, len(began)) + number
        drawn.append(Drawn(item_id, scenario_id, model_first=turn % 2 == 0))
    return drawn
