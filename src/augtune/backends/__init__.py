"""Models to call. The table is lazy: a backend's libraries are imported when a study names it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from ..config import Server
from ..errors import UserError
from .base import Backend, Pay

# How a model's name begins -> the module, and the extra of augtune that installs what it needs.
BACKENDS = {"server:": ("augtune.backends.server", "server"), "": ("augtune.backends.local", "")}


def on_server(model: str) -> bool:
    """Whether a model's weights are elsewhere, so that it can be asked and not be trained."""
    return model.startswith("server:")


class Models:
    """Opens a study's models, one at a time: arms that share weights follow each other and share the loaded model.
    `pay` makes the calls of servers: the run's store sets it, so that each is paid once."""

    def __init__(self, dtype: str = "auto", server: Server | None = None) -> None:
        self.dtype, self.server = dtype, server or Server()
        self.pay: Pay | None = None
        self._opened: tuple[tuple[str, Path | None], Backend] | None = None

    def identity(self, model: str) -> str:
        """Names the model with its weights, without loading it."""
        settings = self.server if on_server(model) else self.dtype
        name: str = _module(model).identify(model, settings)
        return name

    def open(self, model: str, trained: Path | None = None) -> Backend:
        """The model, or what an arm's training wrote in the folder `trained`. Raises UserError if it is not there."""
        if self._opened is None or self._opened[0] != (model, trained):
            self.close()
            self._opened = ((model, trained), self._load(model, trained))
        return self._opened[1]

    def _load(self, model: str, trained: Path | None) -> Backend:
        module = _module(model)
        if on_server(model):
            backend: Backend = module.ServerModel(model, self.server, self.pay or module.directly)
        else:
            backend = module.LocalModel(model, trained, self.dtype)
        return backend

    def close(self) -> None:
        """Give the memory of the loaded model back, before training."""
        self._opened = None

    def fault(self, model: str) -> str | None:
        """None if the model can be had, else what is wrong."""
        try:
            module = _module(model)
        except UserError as e:
            return str(e)
        found: str | None = module.exists(model, self.server) if on_server(model) else module.exists(model)
        return found


def _module(model: str) -> Any:
    name, extra = next(entry for prefix, entry in BACKENDS.items() if model.startswith(prefix))
    try:
        return import_module(name)
    except ModuleNotFoundError as e:
        if not extra:
            raise
        raise UserError(
            f"model {model!r} needs {e.name}, which is not installed: pip install 'augtune[{extra}]'"
        ) from e
