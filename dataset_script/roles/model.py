"""Features of one label → probability of each role.

A multinomial logistic regression whose weights are committed (``weights.json``) and applied here with NumPy.
``python -m benchmarks.roles --fit`` fits them; only that command needs scikit-learn.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files

import numpy as np


@dataclass(frozen=True)
class RoleModel:
    """``weights``: feature → one weight a class, in the order of ``classes``; ``intercept``: one number a class."""

    classes: tuple[str, ...]
    intercept: tuple[float, ...]
    weights: Mapping[str, Sequence[float]]

    @cached_property
    def _table(self) -> np.ndarray:
        """Weights as features × classes."""
        return np.array(list(self.weights.values()), dtype=float)

    def _weighted(self, features: Mapping[str, float]) -> np.ndarray:
        """What each feature adds to each class; features that the model does not know are ignored."""
        values = np.array([features.get(name, 0.0) for name in self.weights])
        return self._table * values[:, np.newaxis]

    def probabilities(self, features: Mapping[str, float]) -> dict[str, float]:
        """Role → probability; they sum to 1."""
        # Not a matrix product: its order of summation, and so the last bits, would depend on the BLAS.
        scores = self._weighted(features).sum(axis=0) + np.array(self.intercept)
        shares = np.exp(scores - scores.max())
        return dict(zip(self.classes, (shares / shares.sum()).tolist(), strict=True))

    def strongest(self, features: Mapping[str, float], role: str, against: str) -> str:
        """The feature that speaks most for ``role`` and against another; the first where several do."""
        added = self._weighted(features)
        lead = added[:, self.classes.index(role)] - added[:, self.classes.index(against)]
        return list(self.weights)[int(lead.argmax())]


@dataclass(frozen=True)
class RoleModels:
    """``first`` weighs what a label says and what settled labels stand beside it; ``second`` also the first's results."""

    first: RoleModel
    second: RoleModel


@lru_cache(maxsize=1)
def default_models() -> RoleModels:
    """The committed models."""
    stored = json.loads(files("dataset_script.roles").joinpath("weights.json").read_text("utf-8"))
    first, second = (
        RoleModel(tuple(stored["classes"]), tuple(one["intercept"]), one["weights"])
        for one in (stored["first"], stored["second"])
    )
    return RoleModels(first, second)
