"""The trivial baselines as an engine: fitted on the train split, no weights, no machine to speak of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval_harness.engines import EngineName, Opened, Work, local_device
from submissions import schema


@dataclass(frozen=True)
class Baseline:
    """``data``: the built dataset whose train split is theirs to learn from."""

    data: Path

    name = EngineName.hf

    @contextmanager
    def open(self, model: schema.Model, folder: Path | None, work: Work) -> Iterator[Opened]:
        """See :class:`eval_harness.engines.Engine`; there is no folder, and nothing worth keeping."""
        from eval_harness.baselines import BaselineLM, fit
        from eval_harness.benchmark import train_pairs

        lm = BaselineLM(fit(model.id.split("/")[1], train_pairs(self.data)))
        yield Opened(lm, local_device("cpu"), forget=lambda: None)
