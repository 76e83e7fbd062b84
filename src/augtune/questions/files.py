"""The file of questions that a person reviews, and what is said of how it was made."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..errors import UserError
from ..records import write_jsonl
from . import Made

REVIEW = (
    "Read every question: right, clear, with one right choice? Edit or delete it, and write anything (your initials) "
    "under `reviewed`; until then a verdict that rests on it is called provisional."
)


def fault(path: Path) -> str | None:
    """None if the file can be written, else why not. What a person may have edited is never overwritten."""
    if path.exists():
        return f"{path}: is there already, and may have been edited; name another file with --out, or remove it"
    if path.suffix not in (".jsonl", ".csv"):
        return f"{path}: questions are written as .jsonl or .csv"
    return None


def write(path: Path, made: Made) -> None:
    """Raises UserError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            _write_csv(path, made.rows)
        else:
            write_jsonl(path, made.rows)
    except OSError as e:
        raise UserError(f"{path}: cannot be written ({e.strerror})") from e


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Choices stand in columns of their own, so that a spreadsheet shows them."""
    flat = []
    for row in rows:
        choices = {f"choice_{i}": c for i, c in enumerate(row.get("choices", []), 1)}
        flat.append({**{k: v for k, v in row.items() if k != "choices"}, **choices,
                     "documents": json.dumps(row["documents"], ensure_ascii=False)})  # fmt: skip
    first = ("id", "reviewed", "prompt", "answer", *(f"choice_{i}" for i in range(1, 5)), "split", "kind", "group")
    columns = [*first, *(k for k in flat[0] if k not in first)]
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, columns)
        writer.writeheader()
        writer.writerows(flat)
    part.replace(path)


def show(path: Path, made: Made, documents: int, console: Console) -> None:
    """How many were made and dropped, and why."""
    forms = list(dict.fromkeys([*(r.get("kind", r["split"]) for r in made.rows), *(f for f, _ in made.dropped)]))
    table = Table(title=f"{path}: questions on {len(made.facts)} facts of {documents} documents", title_justify="left")
    for head in ("", "kept", "test", "validation", "with choices", "of one relation", "dropped"):
        table.add_column(head, justify="left" if not head else "right")
    for form in forms:
        mine = [r for r in made.rows if r.get("kind", r["split"]) == form]
        kept = len(made.facts) if form == "fact" else len(mine)
        aside = sum(r["split"] == "validation" for r in mine)
        cells = [
            kept - aside,
            aside,
            sum("choices" in r for r in mine),
            sum(r["distractors"] == "same relation" for r in mine),
        ]
        dropped = sum(n for (f, _), n in made.dropped.items() if f == form)
        table.add_row(form, f"{kept}", *("" if form == "fact" else f"{n}" for n in cells), f"{dropped}")
    console.print(table)
    for (form, reason), n in made.dropped.most_common():
        console.print(f"dropped: {form}: {n}: {reason}", highlight=False, markup=False)
    console.print(f"asked in style {made.style}", highlight=False)
    console.print(REVIEW, highlight=False, markup=False)
