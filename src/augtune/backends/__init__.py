"""Models to call. The table is lazy: a backend's libraries are imported when a study names it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from .base import Backend

BACKENDS = {"local": "augtune.backends.local:LocalModel"}


def open_backend(model: str, trained: Path | None = None, dtype: str = "auto") -> Backend:
    """The backend for a study's `model`, or for what an arm's training wrote in the folder `trained`."""
    module, _, attribute = BACKENDS["local"].partition(":")
    backend: Backend = getattr(import_module(module), attribute)(model, trained, dtype)
    return backend
