"""Errors that a user of ``deescalwild data`` can mend."""


def printable(text: str) -> str:
    """Text for one line of a terminal: whatever else strangers put into names and cells is shown as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class DataError(ValueError):
    """Something about the input is wrong. The message says what, where and how to mend it, on one line."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class MissingDataset(OSError):
    """No built dataset where one was expected."""

    exit_code = 2
