"""How far `augtune run --dry-run --json` was from what a finished run then used (its folder without models/ does):
python bench/prediction.py PREDICTED.json RUN [PREDICTED.json RUN ...]   prints Markdown"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

UNITS = ("tokens_in", "tokens_out", "flops", "seconds")


def measured(run: Path) -> dict[tuple[str, str | None], dict[str, Any]]:
    """(stage, arm) -> usage, as the stages' manifests have it."""
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for path in sorted((run / "stages").glob("*.json")):
        name, _, arm = path.stem.partition("-")
        manifest = json.loads(path.read_text(encoding="utf-8"))
        arm = arm.rpartition("-")[0] or None  # without the seed
        if name in ("preflight", "augment", "train", "evaluate"):
            found[name, arm] = manifest["usage"]
        if manifest.get("validation"):
            found["validate", arm] = manifest["validation"]
    return found


def main(*given: str) -> None:
    print("| run | stage | arm | tokens read | written | FLOPs | seconds |\n|---|---|---|---|---|---|---|")
    for predicted, run in zip(given[::2], given[1::2], strict=True):
        rows = json.loads(Path(predicted).read_text(encoding="utf-8"))["rows"]
        used = measured(Path(run))
        pairs = [(row, used.get((row["stage"], row["arm"]))) for row in rows]
        for row, real in pairs:
            cells = ["-" if not real or not real[u] else f"{row[u] / real[u]:.2f}" for u in UNITS]
            print(f"| {Path(run).name} | {row['stage']} | {row['arm'] or ''} | {' | '.join(cells)} |")
        both = [(row, real) for row, real in pairs if real]
        cells = []
        for u in UNITS:
            total = sum(real[u] for _, real in both)
            cells.append(f"{sum(row[u] for row, _ in both) / total:.2f}" if total else "-")
        print(f"| {Path(run).name} | all | | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
