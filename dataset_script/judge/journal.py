"""A judge's answers on disk: JSON lines of one type, appended as they come in. Result, cache and place to resume from in one file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from dataset_script.errors import DataError

T = TypeVar("T", bound=BaseModel)


def append(path: Path, records: Sequence[BaseModel]) -> None:
    """Add lines in one write, and return when they are on the disk. What a kill tears off is the end of the file.

    Raises:
        OSError: the disk is full.
    """
    block = "".join(f"{record.model_dump_json()}\n" for record in records).encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        if os.write(descriptor, block) != len(block):
            raise OSError(f"{path}: the disk is full. Make room and run the command again.")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop_torn_line(path: Path, line_start: bytes) -> None:
    """Cut off a last line without its end, which a killed run left, so that the next one starts on a line of its own.

    Args:
        path: the file, which need not be there.
        line_start: how every line of it begins.

    Raises:
        DataError: what would be cut off does not begin so.
    """
    content = path.read_bytes() if path.exists() else b""
    start = content.rfind(b"\n") + 1
    torn = content[start:]
    if not torn:
        return
    if not torn.startswith(line_start[: len(torn)]):
        raise DataError(f"{path}: not a file of judgements. Name another one.")
    os.truncate(path, start)


def read_lines(path: Path, form: type[T]) -> list[T]:
    """All lines in order; a torn last one is left out.

    Raises:
        DataError: a line that is not of the form.
        FileNotFoundError: no such file.
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    records = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            records.append(form.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"])) or "line"
            raise DataError(f"{path}:{number}: {field}: {first['msg']}. Remove the line.") from None
    return records
