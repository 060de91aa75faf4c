"""Errors that a user of ``deescalwild evaluate`` can mend."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class EvaluationError(ValueError):
    """Something about the request is wrong (unknown model, unsafe weights …)."""

    exit_code = 1


class MissingAsset(OSError):
    """A file the metrics need is not on this machine."""

    exit_code = 2


class DiskFull(OSError):
    """A run's folder can hold no more. What was finished is kept."""

    exit_code = 2


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Say of a write that found no room where that was, and how to go on.

    Raises:
        DiskFull: in place of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DiskFull(
            f"{folder}: {error.strerror}. Finished replies are kept; make room and run the same command again."
        ) from None
