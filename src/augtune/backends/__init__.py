"""Models to call. The table is lazy: a backend's libraries are imported when a study names it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from .base import Backend

BACKENDS = {"local": "augtune.backends.local"}  # kind -> module with the class LocalModel and the function identify


class Models:
    """Opens a study's models, one at a time: arms that share weights follow each other and share the loaded model."""

    def __init__(self, dtype: str = "auto") -> None:
        self.dtype = dtype
        self._opened: tuple[tuple[str, Path | None], Backend] | None = None

    def identity(self, model: str) -> str:
        """Names the model with its weights, without loading it."""
        name: str = self._module().identify(model, self.dtype)
        return name

    def open(self, model: str, trained: Path | None = None) -> Backend:
        """The model, or what an arm's training wrote in the folder `trained`. Raises UserError if it is not there."""
        if self._opened is None or self._opened[0] != (model, trained):
            self.close()
            self._opened = ((model, trained), self._module().LocalModel(model, trained, self.dtype))
        return self._opened[1]

    def close(self) -> None:
        """Give the memory of the loaded model back, before training."""
        self._opened = None

    def fault(self, model: str) -> str | None:
        """None if the model can be had, else what is wrong."""
        found: str | None = self._module().exists(model)
        return found

    def _module(self) -> Any:
        return import_module(BACKENDS["local"])
