"""Finished replies on disk: what a run keeps when it is killed."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from eval_harness.processes import process_rank


class Journal:
    """Append-only JSON lines ``{"key", "reply", "dropped_tokens"}``. A line torn by a crash or a full disk is ignored, and its reply generated again.

    Each process of an ``accelerate launch`` writes a file of its own and reads all, so that a run may go on with another number of them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.stem}.{process_rank()}{path.suffix}") if process_rank() else path
        self.files = sorted({path, *path.parent.glob(f"{path.stem}.*{path.suffix}")})
        self.replies: dict[str, str] = {}
        self.dropped_tokens: dict[str, int] = {}
        for file in self.files:
            self._read(file)

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        *lines, torn = path.read_bytes().split(b"\n")
        for line in lines:
            try:
                row = json.loads(line)
                key, reply, dropped = row["key"], row["reply"], row["dropped_tokens"]
            except (ValueError, KeyError, TypeError):
                continue
            self.replies[key], self.dropped_tokens[key] = reply, dropped
        if torn and path == self.path:
            with path.open("ab") as file:
                file.write(b"\n")

    def add(self, rows: Mapping[str, str], dropped_tokens: Mapping[str, int] | None = None) -> None:
        """Keep finished replies, and how much of each history a small window cost; on disk when this returns."""
        dropped = {key: (dropped_tokens or {}).get(key, 0) for key in rows}
        lines = [
            json.dumps({"key": key, "reply": reply, "dropped_tokens": dropped[key]}, ensure_ascii=False)
            for key, reply in rows.items()
        ]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        self.replies.update(rows)
        self.dropped_tokens.update(dropped)

    def remove(self) -> None:
        """Delete the files: the result holds the replies now."""
        for file in {self.path, *self.files}:
            file.unlink(missing_ok=True)
