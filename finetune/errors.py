"""Errors a user can mend."""


class RecipeError(ValueError):
    """The recipe, the dataset or the model cannot be used as asked."""

    exit_code = 1


class MissingHardware(OSError):
    """This machine lacks what the recipe needs: a GPU, a package, a converter."""

    exit_code = 2
