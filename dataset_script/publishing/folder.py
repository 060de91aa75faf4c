"""Reading a built folder: its shards and their rows, a batch at a time, and its reports."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset_script.splits import SPLITS

CONFIGS = ("scenarios", "chat", "items")
REPORTS = ("decisions", "files", "leaks", "links")
SHARD = re.compile(rf"(?P<split>{'|'.join(SPLITS)})-(?P<number>\d{{5}})-of-(?P<of>\d{{5}})\.parquet")
_ROWS_PER_BATCH = 100


@dataclass(frozen=True)
class Shard:
    """One Parquet file of a config."""

    config: str
    split: str
    path: Path

    def rows(self, columns: list[str] | None = None) -> Iterator[dict]:
        """Rows in order, at most 100 of them in memory."""
        from pyarrow import parquet

        for batch in parquet.ParquetFile(self.path).iter_batches(_ROWS_PER_BATCH, columns=columns):
            yield from batch.to_pylist()


@dataclass(frozen=True)
class BuiltFolder:
    """A folder that ``deescalwild data build`` wrote."""

    root: Path

    def shards(self, config: str, split: str | None = None) -> list[Shard]:
        """Shards of a config in the order of splits, then of numbers."""
        found = [
            Shard(config, match["split"], path)
            for path in sorted((self.root / config).glob("*.parquet"))
            if (match := SHARD.fullmatch(path.name))
        ]
        ordered = sorted(found, key=lambda shard: (SPLITS.index(shard.split), shard.path.name))
        return [shard for shard in ordered if split in (None, shard.split)]

    def splits(self, config: str = "scenarios") -> list[str]:
        """Splits that hold rows of a config; ``datasets`` cannot read an empty one, so an empty one has no file."""
        return list(dict.fromkeys(shard.split for shard in self.shards(config)))

    def rows(self, config: str, split: str | None = None, columns: list[str] | None = None) -> Iterator[dict]:
        """Rows of a config."""
        for shard in self.shards(config, split):
            yield from shard.rows(columns)

    def report(self, name: str) -> Iterator[dict]:
        """Lines of ``report/NAME.jsonl``."""
        with (self.root / "report" / f"{name}.jsonl").open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
