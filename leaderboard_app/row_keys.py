"""The name of a row in a link: ``org/model@revision12-precision``, one row of a board."""

from collections.abc import Iterable

from leaderboard_app.snapshot import Board, Row, Withheld


def key_of(row: Row | Withheld) -> str:
    """The row's name; the same parts that name its file."""
    model = row.model
    return f"{model.id}@{model.revision[:12]}-{model.precision}"


def find(board: Board | None, key: str) -> Row | None:
    """The row of that name, or the best placed one of that model id; ``None`` for anything else."""
    rows = board.rows if board else ()
    return next((row for row in rows if key_of(row) == key), None) or next(
        (row for row in rows if row.model.id == key), None
    )


def find_withheld(withheld: Iterable[Withheld], key: str) -> Withheld | None:
    """The withheld result of that name or model id."""
    return next((own for own in withheld if key in (own.model.id, key_of(own))), None)


def find_all(board: Board | None, keys: Iterable[str]) -> list[Row]:
    """The rows of these names, each once, in the given order; unknown names are passed over."""
    found: dict[str, Row] = {}
    for key in keys:
        if (row := find(board, key)) is not None:
            found.setdefault(key_of(row), row)
    return list(found.values())
