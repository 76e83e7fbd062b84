"""The run folder: one execution of a study. What a stage wrote stands until something that it depends on changes.

study.json          the study as resolved, and the versions that ran it
ingest.json         what became of every file of the user's documents (corpus/ingest.py)
calls.sqlite        every model call that was paid for (backends/store.py)
stages/NAME.json    a stage's manifest, written last: the fingerprint of what it depends on, and its usage
the contracts' files: augmentations.jsonl, rejected.jsonl, predictions.jsonl, models/, results.json, report.html ...
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from . import __version__
from .errors import UserError
from .records import Usage, read_json, write_json

PACKAGES = ("torch", "transformers", "peft", "accelerate", "numpy")


class Run:
    """A folder for one study. Opening it changes nothing; `begin` writes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name

    def faults(self, bytes_needed: int = 0) -> list[str]:
        """What keeps this folder from being used: another study's, not writable, too little disk."""
        marker = self.folder / "study.json"
        if self.folder.exists() and not self.folder.is_dir():
            return [f"{self.folder}: is a file; name a folder with --out"]
        if marker.exists():
            try:
                other = json.loads(marker.read_text(encoding="utf-8"))["study"]["name"]
            except (ValueError, KeyError, TypeError, OSError):
                return [f"{marker}: is not readable as a run's study; name another folder with --out"]
            if other != self.name:
                return [f"{self.folder}: holds the run of study {other!r}, not {self.name!r}; name another with --out"]
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            return [f"{self.folder}: holds other files and no run; name an empty or new folder with --out"]
        parent = self.folder
        while not parent.exists():
            parent = parent.parent
        if not os.access(parent, os.W_OK):
            return [f"{parent}: no permission to write; name another folder with --out"]
        free = shutil.disk_usage(parent).free
        if free < bytes_needed:
            return [
                f"{parent}: {free / 1e9:.1f} GB free, this study needs about {bytes_needed / 1e9:.1f} GB for "
                "models and checkpoints; make room, or name a folder on another disk with --out"
            ]
        return []

    def before(self) -> dict[str, Any]:
        """The settings with which the folder was last run; none for a new one, or where they cannot be read."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "study.json").read_text(encoding="utf-8"))["study"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return found

    def begin(self, study: dict[str, Any]) -> None:
        """Take the folder for this process, until it ends. Raises UserError if another one has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / ".lock", timeout=0, is_singleton=True)
        try:
            self._lock.acquire()
        except Timeout as e:
            raise UserError(
                f"{self.folder}: another augtune is at work in it; wait until it has ended, or name another with --out"
            ) from e
        versions = {p: metadata.version(p) for p in PACKAGES}
        machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
        write_json(
            self.folder / "study.json", {"study": study, "versions": {"augtune": __version__, **versions}, **machine}
        )

    # -- stages

    def manifest(self, stage: str, fingerprint: str) -> dict[str, Any] | None:
        """What a finished stage left behind, or None if it has not finished with this fingerprint."""
        found = self.left(stage)
        return found if found and found["fingerprint"] == fingerprint else None

    def left(self, stage: str) -> dict[str, Any] | None:
        """What a finished stage left behind, whatever it depended on, or None."""
        found: dict[str, Any] | None = read_json(self.folder / "stages" / f"{stage}.json")
        return found

    def finish(self, stage: str, fingerprint: str, usage: Usage, **more: Any) -> dict[str, Any]:
        """Mark a stage as finished; call it after everything else of the stage is on disk."""
        manifest = {"fingerprint": fingerprint, "usage": usage.row(), **more}
        write_json(self.folder / "stages" / f"{stage}.json", manifest)
        return manifest
