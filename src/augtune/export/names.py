"""What other tools call things."""

from __future__ import annotations

from pathlib import Path

EMBEDDED = "HuggingFaceTB/SmolLM2-135M-Instruct"  # whose weights the embedded model's 4-bit file was made from


def base_of(model: str) -> str:
    """What other tools are given for a study's `model`: a hub id, a folder's whole path, or the name on a server."""
    if model == "embedded":
        return EMBEDDED
    return str(Path(model).resolve()) if Path(model).is_dir() else model.removeprefix("server:")
