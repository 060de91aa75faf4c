"""Errors that a user of ``deescalwild data`` can mend."""


class DataError(ValueError):
    """Something about the input is wrong. The message says what, where and how to mend it."""

    exit_code = 1


class MissingDataset(OSError):
    """No built dataset where one was expected."""

    exit_code = 2
