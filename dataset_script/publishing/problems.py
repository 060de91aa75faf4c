"""What a check reports."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One line of ``deescalwild data check``. An error keeps a folder from being published; a warning does not.

    ``where`` is a path in the folder, or the id of a scenario or item. Neither field ever quotes personal data.
    """

    where: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message}"


def has_errors(problems: list[Problem]) -> bool:
    """Whether one of them keeps the folder from being published."""
    return any(problem.severity == "error" for problem in problems)
