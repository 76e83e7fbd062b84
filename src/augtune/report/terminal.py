"""results.json in the terminal: dots with intervals, in 80 columns, and without colour too; then the verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .charts import clean, short
from .sections import quantity, signed, splits_of

Found = Mapping[str, Any]
AXIS = 33  # characters from 0 to 1
# What draws a row where the terminal knows it, and where not: an interval, its dot, chance, 0 to 1.
SIGNS, PLAIN = ("━", "●", "┊", "·"), ("=", "O", ":", ".")


def show(folder: Path, found: Found, console: Console) -> None:
    """Accuracy by split and arm, what was compared and taught, the verdict, and where the report lies."""

    def say(text: str = "") -> None:
        console.print(clean(text), highlight=False, markup=False)

    signs = SIGNS if _can_draw(console) else PLAIN
    say(f"{found['study']['name']}: accuracy, with 95 % intervals by group and seed")
    wide = max(len(short(arm)) for arm in [*found["arms"], "chance"])
    for split in splits_of(found):
        chance = found["chance"][split]
        cells = {arm: row["splits"][split] for arm, row in found["arms"].items()}
        n = next(iter(cells.values()))["n"]
        told = f", chance {chance:.2f}" if chance is not None else ""
        console.print(f"\n[bold]{escape(clean(short(split, 40)))}[/] ({n} questions{told})", highlight=False)
        for arm, c in cells.items():
            interval = f"[{c['ci95'][0]:.2f}, {c['ci95'][1]:.2f}]" if c["ci95"] else "no interval"
            drawn = bar(c["accuracy"], c["ci95"], chance, signs)
            say(f"  {short(arm):<{wide}}  {c['accuracy']:.3f}  {drawn}  {interval}")
    say("\nCost (FLOPs)")
    for arm, row in found["arms"].items():
        once, query = (quantity(row["cost"][key]) for key in ("once_flops", "query_flops"))
        say(f"  {short(arm):<{wide}}  once {once:>7}   a query {query:>7}")
    say()
    for row in key_comparisons(found):
        low, high = row["ci95"]
        word = "ahead of" if low > 0 else "behind" if high < 0 else "not told apart from"
        say(f"{row['split']}: {row['a']} {word} {row['b']}: {row['difference']:+.3f} {signed(row['ci95'])}")
    for arm, taught in found["coverage"].items():
        if arm in found["arms"] and arm != "finetune":
            told = ", ".join(f"{split} {c['covered']} of {c['n']}" for split, c in taught.items())
            say(f"taught to {arm} ({found['coverage']['method']}): {told}")
    for note in found.get("notes", ()):
        say(f"note: {note}")
    verdict = found["verdict"]
    if verdict["status"] == "recommended":
        console.print(f"\n[bold]Verdict: {escape(verdict['arm'])}[/] (probability {verdict['probability']:.2f})")
    else:
        console.print("\n[bold]Verdict: cannot tell[/]")
    if verdict.get("provisional"):
        say(f"{verdict['provisional']}.")
    say(verdict["reason"])
    console.print(f"\nreport: {os.path.relpath(folder / 'report.html')}", highlight=False, soft_wrap=True, markup=False)


def bar(accuracy: float, ci95: Sequence[float] | None, chance: float | None, signs: Sequence[str] = SIGNS) -> str:
    """AXIS characters from 0 to 1."""
    line, dot, mark, empty = signs

    def place(value: float) -> int:
        return round(min(max(value, 0.0), 1.0) * (AXIS - 1))

    drawn = [empty] * AXIS
    if ci95:
        drawn[place(ci95[0]) : place(ci95[1]) + 1] = line * (place(ci95[1]) - place(ci95[0]) + 1)
    if chance is not None:
        drawn[place(chance)] = mark
    drawn[place(accuracy)] = dot
    return "".join(drawn)


def _can_draw(console: Console) -> bool:
    try:
        "".join(SIGNS).encode(console.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def key_comparisons(found: Found) -> list[dict[str, Any]]:
    """What the product is about: augmented against finetune, icl and rag."""
    pairs = [("augmented", "finetune"), ("augmented", "icl"), ("augmented", "rag")]
    return [c for c in found["comparisons"] if (c["a"], c["b"]) in pairs and c["ci95"]]


def show_preflight(folder: Path, console: Console) -> None:
    """What was measured, as a table."""
    found = json.loads((folder / "preflight.json").read_text(encoding="utf-8"))
    table = Table(title="preflight: what the model can do in context", title_justify="left")
    for head in ("inference", "style", "right", "an answer"):
        table.add_column(head)
    for m in found["measured"]:
        table.add_row(m["kind"], m["style"], f"{m['right']} of {m['n']}", Text(m["example"]))
    console.print(table)
