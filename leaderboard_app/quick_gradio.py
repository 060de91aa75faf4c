"""Import Gradio in half the time.

At every import Gradio 6.31 writes a typing stub for each of its 80 components beside their source, for editors: parsing them takes
half of the import (``python -X importtime``; ``benchmarks/board.py`` prints the ratio). A server needs no stubs.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

MODULE = "gradio.component_meta"
FUNCTION = "create_or_modify_pyi"


class _WithoutStubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds that one module, loads it as usual, and makes the function that writes stubs do nothing."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        self._found = importlib.machinery.PathFinder.find_spec(name, path)
        return importlib.util.spec_from_loader(name, self, origin=self._found.origin) if self._found else None

    def exec_module(self, module: ModuleType) -> None:
        assert self._found is not None and self._found.loader is not None
        module.__file__ = self._found.origin
        self._found.loader.exec_module(module)
        if hasattr(module, FUNCTION):
            setattr(module, FUNCTION, lambda *_: None)


def import_gradio() -> None:
    """Import Gradio without the stubs; does nothing where it is imported already."""
    if "gradio" in sys.modules:
        return
    finder = _WithoutStubs()
    sys.meta_path.insert(0, finder)
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
