"""Errors that a user of ``deescalwild evaluate`` can mend."""


class EvaluationError(ValueError):
    """Something about the request is wrong (unknown model, unsafe weights …)."""

    exit_code = 1


class MissingAsset(OSError):
    """A file the metrics need is not on this machine."""

    exit_code = 2
