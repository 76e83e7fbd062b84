"""Several runs in one table: worlds, models or settings of the same arms and splits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError


def compare(folders: Sequence[Path], markdown: bool) -> str:
    """A table: a row for each arm, and for each split the mean over runs and each run's accuracy. Raises UserError for
    a folder without results, and if no arm is in all of them."""
    faults = [
        f"{f}: holds no results.json; `augtune run` writes it" for f in folders if not (f / "results.json").exists()
    ]
    if faults:
        raise UserError(*faults)
    found: list[dict[str, Any]] = [json.loads((f / "results.json").read_text(encoding="utf-8")) for f in folders]
    arms = [a for a in found[0]["arms"] if all(a in r["arms"] for r in found)]
    if not arms:
        raise UserError("these runs have no arm in common: " + "; ".join(", ".join(r["arms"]) for r in found))
    splits = [s for s in found[0]["arms"][arms[0]]["splits"] if all(s in r["arms"][arms[0]]["splits"] for r in found)]
    if not splits:
        raise UserError("these runs have no split in common")
    rows = [["arm", *splits]]
    for arm in arms:
        cells = [[r["arms"][arm]["splits"][s]["accuracy"] for r in found] for s in splits]
        rows.append([arm, *(f"{sum(c) / len(c):.3f} ({', '.join(f'{x:.3f}' for x in c)})" for c in cells)])
    if markdown:
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
