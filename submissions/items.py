"""The predictions file beside a result: one row an item, written by strangers, read with bounds."""

import gzip
import hashlib
import io
import zlib
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from submissions.ledger import LedgerError, printable
from submissions.schema import Count, Strict

MAX_PACKED_BYTES = 64 * 2**20
MAX_UNPACKED_BYTES = 512 * 2**20
MAX_ITEMS = 1_000_000

Words = Annotated[str, StringConstraints(max_length=200_000, strip_whitespace=False)]


class ItemScores(Strict):
    """Item values of the metrics that are means, ×100 but BERTScore. Corpus BLEU has none."""

    rouge_l: float = Field(ge=0, le=100 + 1e-6)
    meteor: float = Field(ge=0, le=100 + 1e-6)
    bertscore: float = Field(ge=-1 - 1e-6, le=1 + 1e-6)


class ItemRow(Strict):
    """One answered item: the officer's line, what the civilian really said, and what the model said.

    ``seed``: of a sampled run, which answers each item once a seed. ``dropped_tokens``: of the history, for a window too small for it. ``had_thoughts``: the raw reply held a thinking model's thoughts.
    """

    item_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    scenario_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    subset: Annotated[str, StringConstraints(pattern=r"^(clean|as_released)$")]
    officer_text: Words
    reference: Words
    prediction: Words
    dropped_tokens: Count
    had_thoughts: bool
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    scores: ItemScores


def parse_items(content: bytes, sha256: str | None = None, *, max_unpacked: int = MAX_UNPACKED_BYTES) -> list[ItemRow]:
    """Rows of a predictions file.

    Args:
        content: gzipped JSON lines.
        sha256: digest that the result states; not checked where None.
        max_unpacked: bytes that it may unpack to; a public page affords less than a worker.

    Raises:
        LedgerError: another digest, no gzip, too large, or a row that is not an :class:`ItemRow`.
    """
    if sha256 is not None and (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise LedgerError(f"its predictions file has sha256 {found[:12]}…, the result states {sha256[:12]}…")
    text = _unpack(content, max_unpacked)
    rows = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if not line:
            continue
        try:
            rows.append(ItemRow.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "row"
            raise LedgerError(printable(f"predictions line {number}: {where}: {first['msg']}")) from None
        if len(rows) > MAX_ITEMS:
            raise LedgerError(f"its predictions file has more than {MAX_ITEMS:,} rows")
    return rows


def _unpack(content: bytes, limit: int) -> bytes:
    """Decompress at most ``limit`` bytes: a few kilobytes of gzip can hold gigabytes."""
    if len(content) > MAX_PACKED_BYTES:
        raise LedgerError(f"its predictions file is larger than {MAX_PACKED_BYTES // 2**20} MiB")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            text = file.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise LedgerError("its predictions file is not whole gzip") from None
    if len(text) > limit:
        raise LedgerError(f"its predictions file unpacks to more than {limit // 2**20} MiB")
    return text
