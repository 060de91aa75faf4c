"""A user's own spaCy model as a second finder of names. spaCy is optional, and no model is on PyPI under its own name."""

from collections.abc import Sequence
from typing import Protocol


class MissingModel(OSError):
    """The model that ``--ner-model`` names cannot be loaded."""

    exit_code = 2


class NameFinder(Protocol):
    """Finds people in texts."""

    def __call__(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """For each text the places (start, end) of personal names."""
        ...


def load_ner(name: str) -> NameFinder:
    """A spaCy model as a :class:`NameFinder`.

    Args:
        name: an installed package or the folder of a model, as ``spacy.load`` takes it.

    Raises:
        MissingModel: spaCy or the model is not installed, or the model has no entity recogniser.
    """
    try:
        import spacy
    except ImportError:
        raise MissingModel("--ner-model needs spaCy. Run `pip install spacy` and install the model.") from None
    try:
        model = spacy.load(name)
    except OSError:
        raise MissingModel(f"spaCy has no model {name!r}. Give an installed model's name or its folder.") from None
    if "ner" not in model.pipe_names and "entity_ruler" not in model.pipe_names:
        raise MissingModel(f"The spaCy model {name!r} has no entity recogniser. Choose one with an `ner` component.")

    def find(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [
            [(entity.start_char, entity.end_char) for entity in document.ents if entity.label_ in {"PERSON", "PER"}]
            for document in model.pipe(texts)
        ]

    return find
