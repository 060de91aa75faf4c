"""A result's predictions for the pages: read with bounds, kept for a while, never trusted.

A page is public and the free tier has 16 GB for everybody, so the bounds are tighter than those of ``submissions.items``.
"""

from functools import lru_cache
from pathlib import Path

from submissions.items import ItemRow, parse_items
from submissions.ledger import LedgerError, items_path, path_of
from submissions.schema import Result

MAX_PACKED_BYTES = 8 * 2**20
MAX_UNPACKED_BYTES = 64 * 2**20
KEPT_FILES = 16


def read_samples(results: Path, result: Result) -> tuple[ItemRow, ...]:
    """The predictions beside a result, checked against the digest that it states.

    Raises:
        LedgerError: the file is missing, too large, another one, or wrong.
    """
    path = items_path(path_of(results, result))
    if path.is_symlink() or not path.is_file():
        raise LedgerError("its predictions file is not in the ledger")
    if path.stat().st_size > MAX_PACKED_BYTES:
        raise LedgerError(f"its predictions file is larger than {MAX_PACKED_BYTES // 2**20} MiB, too large to show")
    return _parse(path, result.provenance.items_sha256)


@lru_cache(maxsize=KEPT_FILES)
def _parse(path: Path, sha256: str) -> tuple[ItemRow, ...]:
    # The digest is part of the key and the content is checked against it: what is kept cannot be stale.
    return tuple(parse_items(path.read_bytes(), sha256, max_unpacked=MAX_UNPACKED_BYTES))
